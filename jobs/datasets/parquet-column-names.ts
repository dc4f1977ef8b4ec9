import { z } from 'zod';
import { quoteText } from './quote-sql';
import type { Session } from './session';

const schemaElement = z.object({ name: z.string(), children: z.coerce.number() });

/** The names of a Parquet file's columns as they are written: DESCRIBE renames one that differs from another in case only. */
export async function parquetColumnNames(session: Session, path: string): Promise<string[]> {
  const [, ...elements] = await session.rows(
    schemaElement,
    `SELECT name, coalesce(num_children, 0) AS children FROM parquet_schema(${quoteText(path)})`,
  );
  const names: string[] = [];
  for (let at = 0; at < elements.length; at = endOfElement(elements, at))
    names.push(elements[at]?.name ?? '');
  return names;
}

/** The schema is a tree, told depth first: what comes after an element and all below it. */
function endOfElement(elements: readonly z.infer<typeof schemaElement>[], start: number): number {
  let at = start;
  for (let open = 1; open > 0 && at < elements.length; at++) open += (elements[at]?.children ?? 0) - 1;
  return at;
}
