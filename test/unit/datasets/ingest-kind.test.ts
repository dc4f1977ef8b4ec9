import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ingest } from '../../../jobs/kinds/ingest';
import { datasetProfile } from '../../../shared/contracts/dataset';
import { jobManifest } from '../../../shared/contracts/events';
import { InterruptedError } from '../../../shared/errors/job-errors';
import { folderJobContext } from '../../support/folder-job-context';
import { makeFolder, rowsOf } from './ingest-bytes';

const spec = { dataset: 'ds_01JZZZZZZZZZZZZZZZZZZZZZZZ' };

async function setup(bytes: string) {
  const source = join(await makeFolder(), 'upload');
  await writeFile(source, bytes);
  return folderJobContext({ inputs: { source } });
}

describe('the job kind ingest', () => {
  it('publishes the data and their profile, and says that the data set is ready', async () => {
    const context = await setup('a,b\n1,x\n2,y\n');

    const result = await ingest.run(spec, context);

    expect(result).toEqual({ type: 'dataset_ready', rows: 2, data: 'data.parquet', profile: 'profile.json' });
    expect(context.published).toEqual(['data.parquet', 'profile.json']);
    expect(await rowsOf(context.outputs.path('data.parquet'))).toEqual([
      [1n, 'x'],
      [2n, 'y'],
    ]);
    const profile = datasetProfile.parse(
      JSON.parse(Buffer.from(await context.output('profile.json')).toString()),
    );
    expect(profile).toMatchObject({ rows: 2, bytes: 12, format: 'csv', delimiter: ',' });
    await context.remove();
  });

  it('reports progress that only rises, to the end', async () => {
    const context = await setup(`a,b\n${'1,x\n'.repeat(600_000)}`);

    await ingest.run(spec, context);

    const fractions = context.progress.map(({ fraction }) => fraction);
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    expect(fractions.at(-1)).toBe(1);
    expect(fractions.length).toBeGreaterThan(4);
    await context.remove();
  });

  it('refuses an upload with all its errors, and publishes nothing', async () => {
    const context = await setup('a,b\n1\n2,y,z\n');

    const result = await ingest.run(spec, context);

    expect(result).toMatchObject({
      type: 'dataset_rejected',
      truncated: false,
      errors: [{ line: 2 }, { line: 3 }],
    });
    expect(jobManifest.shape.result.safeParse(result).success).toBe(true);
    expect(context.published).toEqual([]);
    await context.remove();
  });

  it.each([{ format: 'jsonl' as const }, { format: 'parquet' as const }])(
    'takes the declared format: $format',
    async ({ format }) => {
      const context = await setup('a,b\n1,2\n');

      const result = await ingest.run({ ...spec, format }, context);

      expect(result.type).toBe('dataset_rejected');
      await context.remove();
    },
  );

  it.each([
    { when: 'before it begins', after: 0 },
    { when: 'while it reads', after: 1 },
    { when: 'while DuckDB writes or profiles', after: 20 },
  ])('fails as interrupted when it is told to stop $when', async ({ after }) => {
    const context = await setup(
      `a,b,c\n${Array.from({ length: 700_000 }, (_, row) => `${row},text ${row},${row / 7}`).join('\n')}\n`,
    );
    const stopping = { ...context, report: () => void (++reports === after && context.stop()) };
    let reports = 0;
    if (after === 0) context.stop();

    await expect(ingest.run(spec, stopping)).rejects.toBeInstanceOf(InterruptedError);

    expect(context.published).toEqual([]);
    await context.remove();
  });
});
