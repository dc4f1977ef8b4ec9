import { z } from 'zod';
import { BadSpecError, UnusableDataError } from '../../../shared/errors/job-errors';
import { columnIndex, columnReference, type Table } from '../../datasets/open-table';

/** A string of Node holds no more than twice as many, and its ids take two bytes each. */
const mostCharacters = 2 ** 28;

/**
 * All texts of a column, one behind the other in the order of the rows. Rows of plain text bring their line ends; where no row
 * ends with one, each is a line of its own. Missing texts are left out. `BadSpecError` where the column is no text.
 */
export async function readText(table: Table, column: string): Promise<string> {
  const index = columnIndex(table, column, 'target');
  const type = table.columns[index]?.type;
  if (type !== 'text')
    throw new BadSpecError(
      `the target '${column}' is of type ${type}, and a language model learns from text; name a column of text`,
      [{ pointer: '/target', detail: `must be a column of text, '${column}' is of type ${type}` }],
    );
  const reference = columnReference(index);
  const relation = `${table.relationOf([reference])} WHERE ${reference} IS NOT NULL`;
  const count = z.coerce.number();
  const { ended, characters } = await table.session.row(
    z.object({ ended: count, characters: count }),
    `SELECT count(*) FILTER (ends_with(${reference}, chr(10))) AS ended, coalesce(sum(length(${reference})), 0) + count(*) AS characters FROM ${relation}`,
  );
  if (characters > mostCharacters)
    throw new UnusableDataError(
      `the text column '${column}' has ${characters} characters, and a language model here holds at most ${mostCharacters} in memory; give less text`,
      'text_too_long',
    );
  const pieces: string[] = [];
  for await (const chunk of table.session.stream(`SELECT ${reference} FROM ${relation}`)) {
    const vector = chunk.getColumnVector(0);
    for (let row = 0; row < chunk.rowCount; row++) pieces.push(String(vector.getItem(row)));
  }
  return pieces.join(ended > 0 ? '' : '\n');
}
