import { type Section, section } from '../page';

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** Every leaf of a spec under its dotted path, lists of plain values in one line. */
function leaves(value: unknown, path: string): readonly (readonly [string, string])[] {
  if (!isObject(value)) return [[path, String(value)]];
  if (Array.isArray(value) && !value.some(isObject)) return [[path, value.join(', ')]];
  return Object.entries(value).flatMap(([name, inner]) =>
    inner === undefined ? [] : leaves(inner, path === '' ? name : `${path}.${name}`),
  );
}

/** The spec of the job with every default filled in: what makes the same model from the same data again. */
export const settingsSection = (spec: unknown): Section =>
  section({
    title: 'Settings',
    text: 'The spec of the job with every default filled in. The same spec and data make the same model again, on the same number of threads.',
    table: { caption: 'Spec', columns: ['Field', 'Value'], rows: leaves(spec, '') },
  });
