import type { View } from 'vega';
import type { TopLevelSpec } from 'vega-lite';
import { chartTheme } from './chart-theme';
import { html, Markup } from './markup';
import { textWidth } from './text-width';

/** A chart before it is drawn; names that come from data are values in it, never fields, titles of expressions or keys. */
export interface Drawing {
  readonly title: string;
  /** What somebody who cannot see it should know. */
  readonly description: string;
  readonly spec: TopLevelSpec;
}

/** Vega takes longer to load than a small model to train, so only a job that has come to its report loads it. */
async function renderer() {
  const [vega, { compile }] = await Promise.all([import('vega'), import('vega-lite')]);
  const logger = vega.logger(vega.Error);
  vega.textMetrics.width = ({ fontSize = 11, limit = 0 }, text) =>
    Math.min(limit > 0 ? limit : Number.POSITIVE_INFINITY, textWidth(String(text ?? ''), fontSize));
  return (spec: TopLevelSpec): View =>
    new vega.View(vega.parse(compile(spec, { logger, config: chartTheme }).spec), {
      renderer: 'none',
      logger,
    });
}

const opening = /^<svg[^>]*? width="(?<width>[\d.]+)" height="(?<height>[\d.]+)"[^>]*>/;

/** A chart as static SVG, to stand in an HTML page: scaled to its place, and told in words to those who cannot see it. */
export async function draw({ title, description, spec }: Drawing): Promise<Markup> {
  const view = (await renderer())(spec);
  try {
    const svg = await view.toSVG();
    const { width = '0', height = '0' } = opening.exec(svg)?.groups ?? {};
    const start = html`<svg width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}. ${description}"><title>${title}</title><desc>${description}</desc>`;
    return new Markup(svg.replace(opening, () => start.text));
  } finally {
    view.finalize();
  }
}
