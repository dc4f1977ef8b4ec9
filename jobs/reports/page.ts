import { type Content, html, Markup } from './markup';
import { stylesheet } from './stylesheet';
import { type Table, tableMarkup } from './table';

/** One line of the list at the head of a page. */
export interface Fact {
  readonly name: string;
  readonly value: string;
}

export interface SectionParts {
  readonly title: string;
  /** What the reader looks at, and how to read it. */
  readonly text?: string;
  readonly svg?: Markup;
  readonly table?: Table;
}

/** A titled part of a page. */
export interface Section {
  readonly title: string;
  readonly body: Markup;
}

/** A wider table stands under its chart. */
const mostColumnsBeside = 7;

/** A part of a page: a chart with its numbers beside it, or one of the two. */
export function section({ title, text, svg, table }: SectionParts): Section {
  const figure = svg && html`<figure>${svg}</figure>`;
  const beside = svg && table && table.columns.length <= mostColumnsBeside;
  return {
    title,
    body: html`${text === undefined ? undefined : html`<p>${text}</p>`}
<div class="${beside ? 'pair' : 'stacked'}">${figure}${table && tableMarkup(table)}</div>`,
  };
}

export interface PageParts {
  /** What kind of page it is, above the title: 'Training report'. */
  readonly kind: string;
  readonly title: string;
  readonly facts: readonly Fact[];
  readonly sections: readonly Section[];
  /** Under the last section: where the numbers come from. */
  readonly footnote: string;
}

/** No script runs in a page and nothing is fetched for it, whatever a name in the data says. */
const policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

const place = (index: number): string => `section-${index + 1}`;

const contents = (sections: readonly Section[]): Content =>
  sections.map(({ title }, index) => html`<li><a href="#${place(index)}">${title}</a></li>`);

const placed = ({ title, body }: Section, index: number): Markup =>
  html`<section id="${place(index)}">
<h2>${title}</h2>
${body}
</section>
`;

/** One self-contained HTML file: it needs no network, no script and no font, and prints as it reads. */
export function page({ kind, title, facts, sections, footnote }: PageParts): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="Ingot">
<title>${title} – ${kind}</title>
<style>${new Markup(stylesheet)}</style>
</head>
<body>
<header>
<p class="kind">${kind}</p>
<h1>${title}</h1>
<dl>${facts.map(({ name, value }) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
<nav aria-label="Contents"><ol>${contents(sections)}</ol></nav>
</header>
<main>
${sections.map(placed)}</main>
<footer><p>${footnote}</p></footer>
</body>
</html>
`.text;
}
