import fc from 'fast-check';
import { scalarsOf } from '../../../jobs/datasets/column-values';
import { openTable } from '../../../jobs/datasets/open-table';
import { readRows } from '../../../jobs/datasets/read-rows';
import { splitTable } from '../../../jobs/datasets/split-table';
import { writeRows } from '../../../jobs/datasets/write-rows';
import { makeFolder, rowsOf, tableOf } from '../../unit/datasets/ingest-bytes';

const nameCharacter = fc.constantFrom(
  '"',
  "'",
  '\n',
  '\r',
  ';',
  ',',
  ' ',
  '🐧',
  'é',
  'a',
  'B',
  '$1',
  '\\',
  '--',
  '{',
  '}',
  '::',
  '%',
  '\t',
);
const names = fc.uniqueArray(
  fc
    .array(nameCharacter, { minLength: 1, maxLength: 6 })
    .map((pieces) => pieces.join(''))
    .filter((name) => name.trim() !== ''),
  { minLength: 1, maxLength: 5, selector: (name) => name.toLowerCase() },
);
const values = fc
  .array(fc.constantFrom("'", '"', 'x;y', '\\', "'; DROP TABLE x; --", '🐧', '\n', 'ü', '$1', '%'), {
    minLength: 1,
    maxLength: 3,
  })
  .map((pieces) => `v${pieces.join('')}`);

describe('names and values of any kind', () => {
  it('pass through ingestion, split, reading and writing as they are', async () => {
    const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
    await fc.assert(
      fc.asyncProperty(names, fc.tuple(values, values), async (columns, [first, second]) => {
        const target = 'y';
        fc.pre(!columns.some((name) => name.toLowerCase() === target));
        const all = [...columns, target].map(quoted).join();
        const line = (value: string, label: string) =>
          [...columns.map(() => quoted(value)), quoted(label)].join();
        const csv = `${all}\n${[...Array(4).keys()].map((row) => (row % 2 ? line(first, `${first}1`) : line(second, `${second}2`))).join('\n')}\n`;
        const table = await tableOf(csv);
        const split = await splitTable(table, {
          target,
          task: 'classification',
          validationFraction: 0,
          testFraction: 0.5,
          seed: 1,
        });
        const path = `${await makeFolder()}/rows.parquet`;
        const read: string[][] = [];
        for await (const chunk of readRows(split, { part: 'all', columns, chunkRows: 10 }))
          read.push(...columns.map((name) => [...scalarsOf(chunk.columns[name] ?? [])].map(String)));
        await writeRows(split, 'all', path);
        await table.close();

        expect(read).toEqual(columns.map(() => [second, first, second, first]));
        const written = await openTable({ data: path, scratch: await makeFolder() });
        expect(written.columns.map(({ name }) => name)).toEqual([...columns, target]);
        await written.close();
        expect((await rowsOf(path)).map((row) => row[0])).toEqual([second, first, second, first]);
      }),
      { numRuns: 20 },
    );
  });
});
