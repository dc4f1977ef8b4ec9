import fc from 'fast-check';
import { type ColumnValues, isLists } from '../../../jobs/datasets/column-values';
import { openTable } from '../../../jobs/datasets/open-table';
import { readRows } from '../../../jobs/datasets/read-rows';
import { unsplitTable } from '../../../jobs/datasets/split-table';
import { ingestBytes, rowsOf } from '../../unit/datasets/ingest-bytes';

const double = fc.double({ noNaN: true, noDefaultInfinity: true });
const lists = fc.array(fc.option(fc.array(fc.oneof(double, fc.integer()), { maxLength: 20 })), {
  minLength: 1,
  maxLength: 60,
});

const largest = 3.4028234663852886e38;
const nearestFloat = (value: number) => Math.fround(Math.max(-largest, Math.min(largest, value + 0)));

function unpacked(column: ColumnValues | undefined): (number[] | null)[] {
  if (column === undefined || !isLists(column)) throw new TypeError('no lists');
  const { values, offsets, missing } = column;
  return Array.from({ length: offsets.length - 1 }, (_, row) =>
    missing?.[row] === 1 ? null : [...values.subarray(offsets[row], offsets[row + 1])],
  );
}

describe('lists of numbers', () => {
  it('come out of the table as the very doubles that went in, and out of its rows as the nearest floats', async () => {
    await fc.assert(
      fc.asyncProperty(lists, async (given) => {
        const rows = [[0], ...given];
        const jsonl = rows.map((list, row) => JSON.stringify({ list, row })).join('\n');
        const { data, folder } = await ingestBytes(jsonl);

        // JSON knows no negative zero.
        const stored = (await rowsOf(data)).map(([list]) => list);
        expect(stored).toEqual(rows.map((list) => list?.map((value) => value + 0) ?? null));

        const table = await openTable({ data, scratch: folder });
        const split = await unsplitTable(table, { target: 'row', task: 'regression' });
        const read: (number[] | null)[] = [];
        for await (const { columns } of readRows(split, { part: 'all', columns: ['list'], chunkRows: 7 }))
          read.push(...unpacked(columns.list));
        expect(read).toEqual(rows.map((list) => list?.map(nearestFloat) ?? null));
        await table.close();
      }),
      { numRuns: 30 },
    );
  });
});
