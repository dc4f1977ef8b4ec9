import type { Session } from './session';

/** Every query names all columns of its file: in a wide file that takes longer than the query. */
const columnsPerSlice = 50;

/**
 * Does some work for each column, over a relation that has it. A wide relation is copied a slice of columns at a time into a
 * table of its own, which spills where it does not fit in memory; the rows keep their order.
 */
export async function inSlices<C extends { reference: string }, T>(
  session: Session,
  wide: { relationOf: (references: readonly string[]) => string; columns: readonly C[] },
  work: (column: C, relation: string) => Promise<T>,
): Promise<T[]> {
  const done: T[] = [];
  for (let from = 0; from < wide.columns.length; from += columnsPerSlice) {
    const columns = wide.columns.slice(from, from + columnsPerSlice);
    const narrow = wide.relationOf(columns.map(({ reference }) => reference));
    const relation = wide.columns.length > columnsPerSlice ? await slice(session, narrow, columns) : narrow;
    for (const column of columns) done.push(await work(column, relation));
  }
  return done;
}

async function slice(
  session: Session,
  relation: string,
  columns: readonly { reference: string }[],
): Promise<string> {
  const references = columns.map(({ reference }) => reference).join(', ');
  await session.run(`CREATE OR REPLACE TEMP TABLE column_slice AS SELECT ${references} FROM ${relation}`);
  return 'column_slice';
}
