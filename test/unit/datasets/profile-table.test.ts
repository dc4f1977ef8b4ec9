import { datasetProfile } from '../../../shared/contracts/dataset';
import { penguins } from '../../support/penguins';
import { profileOf } from './ingest-bytes';

describe('a profile', () => {
  it('tells what each column holds', async () => {
    const csv =
      'i;n;b;t;at;e\n1;0.5;true;x;2024-01-01;\n2;1.5;false;y;2024-01-02;\n3;;true;x;;\n4;2.5;;;2024-01-02;\n';

    const profile = await profileOf(csv);

    expect(profile).toEqual({
      rows: 4,
      bytes: csv.length,
      format: 'csv',
      delimiter: ';',
      columns: [
        {
          name: 'i',
          type: 'integer',
          missing: 0,
          distinct: 4,
          min: 1,
          max: 4,
          mean: 2.5,
          standard_deviation: Math.sqrt(1.25),
          quantiles: { p05: 1.15, p25: 1.75, p50: 2.5, p75: 3.25, p95: expect.closeTo(3.85, 12) },
        },
        {
          name: 'n',
          type: 'number',
          missing: 1,
          distinct: 3,
          min: 0.5,
          max: 2.5,
          mean: 1.5,
          standard_deviation: expect.closeTo(Math.sqrt(2 / 3), 12),
          quantiles: { p05: 0.6, p25: 1, p50: 1.5, p75: 2, p95: 2.4 },
        },
        { name: 'b', type: 'boolean', missing: 1, distinct: 2 },
        {
          name: 't',
          type: 'text',
          missing: 1,
          distinct: 2,
          top_values: [
            { value: 'x', count: 2 },
            { value: 'y', count: 1 },
          ],
        },
        { name: 'at', type: 'timestamp', missing: 1, distinct: 2 },
        { name: 'e', type: 'text', missing: 4, distinct: 0 },
      ],
    });
    expect(datasetProfile.parse(profile)).toEqual(profile);
  });

  it('lists the ten most frequent texts, ties by value, and none that is long', async () => {
    const values = [...'aabbccddeeffgghhiijjkklmz', 'z', 'z', 'x'.repeat(300)];

    const profile = await profileOf(`t,n\n${values.map((value) => `${value},1`).join('\n')}\n`);

    expect(profile.columns[0]?.top_values?.map(({ value, count }) => `${value}${count}`)).toEqual([
      'z3',
      'a2',
      'b2',
      'c2',
      'd2',
      'e2',
      'f2',
      'g2',
      'h2',
      'i2',
    ]);
  });
});

describe('the penguins', () => {
  it('have seven columns of mixed types, with missing values', async () => {
    const profile = await profileOf(
      penguins()
        .map((row) => JSON.stringify(row))
        .join('\n'),
    );

    expect(profile.rows).toBe(344);
    expect(
      profile.columns.map(({ name, type, missing, distinct }) => ({ name, type, missing, distinct })),
    ).toEqual([
      { name: 'Species', type: 'text', missing: 0, distinct: 3 },
      { name: 'Island', type: 'text', missing: 0, distinct: 3 },
      { name: 'Beak Length (mm)', type: 'number', missing: 2, distinct: 164 },
      { name: 'Beak Depth (mm)', type: 'number', missing: 2, distinct: 80 },
      { name: 'Flipper Length (mm)', type: 'integer', missing: 2, distinct: 55 },
      { name: 'Body Mass (g)', type: 'integer', missing: 2, distinct: 94 },
      { name: 'Sex', type: 'text', missing: 10, distinct: 3 },
    ]);
  });
});
