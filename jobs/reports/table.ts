import { type Content, html, type Markup } from './markup';

/** Numbers stand beside their chart as a table, so that nobody has to read them off the lines. */
export interface Table {
  readonly caption: string;
  readonly columns: readonly string[];
  /** The first cell of a row is its header. */
  readonly rows: readonly (readonly Cell[])[];
  /** What of it all is not listed, where the rows are a choice. */
  readonly note?: string;
}

/** Numbers come formatted and are set flush right; names are shortened where they would burst the page, and prose later. */
export type Cell = string | { readonly number: string } | { readonly prose: string };

const longestText = 120;
const longestProse = 600;

/** So much of a name that a table or a label stays readable. */
export const shortened = (text: string, most = longestText): string =>
  text.length <= most ? text : `${text.slice(0, most - 1)}…`;

function contentOf(cell: Cell): string {
  if (typeof cell === 'string') return shortened(cell);
  return 'number' in cell ? cell.number : shortened(cell.prose, longestProse);
}

const kindOf = (cell: Cell | undefined): string =>
  typeof cell === 'object' && 'number' in cell ? 'number' : 'text';

function row(cells: readonly Cell[]): Markup {
  const [first = '', ...others] = cells;
  return html`<tr><th scope="row" class="${kindOf(first)}">${contentOf(first)}</th>${others.map(
    (cell) => html`<td class="${kindOf(cell)}">${contentOf(cell)}</td>`,
  )}</tr>
`;
}

/** A table that scrolls by itself on a narrow screen, with the keyboard too. */
export function tableMarkup({ caption, columns, rows, note }: Table): Markup {
  const head: Content = columns.map(
    (column, index) => html`<th scope="col" class="${kindOf(rows[0]?.[index])}">${shortened(column)}</th>`,
  );
  return html`<div class="numbers" role="region" aria-label="${caption}" tabindex="0">
<table><caption>${caption}</caption>
<thead><tr>${head}</tr></thead>
<tbody>
${rows.map(row)}</tbody></table>
${note === undefined ? undefined : html`<p class="note">${note}</p>`}</div>`;
}
