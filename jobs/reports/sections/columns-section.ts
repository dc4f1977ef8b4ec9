import { type Section, section } from '../page';

export interface ReportedColumns {
  readonly used: readonly {
    readonly name: string;
    readonly kind: string;
    readonly type?: string | undefined;
  }[];
  readonly unused: readonly { readonly name: string; readonly why: string }[];
}

const mostListedColumns = 200;

/** What the model sees of a row, and what it does not and why. */
export function columnsSection({ used, unused }: ReportedColumns): Section {
  const rows = [
    ...used.map(({ name, kind, type }) => [name, type === undefined ? kind : `${kind} (${type})`, '']),
    ...unused.map(({ name, why }) => [name, 'not used', why]),
  ];
  const left = rows.length - mostListedColumns;
  return section({
    title: 'Columns',
    text: `What the model sees of a row. Columns used: ${used.length}; left out: ${unused.length}.`,
    table: {
      caption: 'Columns of the data',
      columns: ['Column', 'Used as', 'Why not'],
      rows: rows.slice(0, mostListedColumns),
      ...(left > 0 ? { note: `${left} more are in report.json.` } : {}),
    },
  });
}
