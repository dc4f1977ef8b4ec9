import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { profileOf } from './ingest-bytes';

const folder = join(process.cwd(), '../shared/data');
const suite = existsSync(folder) ? describe : describe.skip;

suite('real tables in ../shared/data (skipped where that folder is absent)', () => {
  it.each([
    {
      file: 'adult-train.csv',
      rows: 32_561,
      columns: 15,
      missing: { workclass: 1_836, occupation: 1_843, native_country: 583 },
      numbers: 6,
    },
    {
      file: 'adult-test.csv',
      rows: 16_281,
      columns: 15,
      missing: { workclass: 963, occupation: 966, native_country: 274 },
      numbers: 6,
    },
    { file: 'telco-churn.csv', rows: 7_043, columns: 20, missing: { total_charges: 11 }, numbers: 9 },
  ])('$file is read whole', async ({ file, rows, columns, missing, numbers }) => {
    const profile = await profileOf(await readFile(join(folder, file)));

    expect(profile.rows).toBe(rows);
    expect(profile.columns.length).toBe(columns);
    const absent = profile.columns
      .filter((column) => column.missing > 0)
      .map((column) => [column.name, column.missing]);
    expect(Object.fromEntries(absent)).toEqual(missing);
    expect(profile.columns.filter(({ type }) => type === 'integer' || type === 'number').length).toBe(
      numbers,
    );
  });
});
