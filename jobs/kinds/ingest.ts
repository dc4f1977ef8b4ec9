import type { IngestSpec } from '../../shared/contracts/kinds/ingest';
import { ingestFile } from '../datasets/ingest-file';
import type { JobContext, JobKindDefinition } from './job-kind';

const data = 'data.parquet';
const profile = 'profile.json';

/** Reads an upload whole, and stores it as Parquet with its profile or refuses it with every error's place. */
export const ingest: JobKindDefinition<'ingest'> = { name: 'ingest', run };

async function run({ format }: IngestSpec, context: JobContext) {
  const outcome = await ingestFile({
    source: await context.inputs.path('source'),
    format,
    data: context.outputs.path(data),
    scratch: context.scratch,
    signal: context.signal,
    onProgress: (fraction) => context.report({ fraction, metrics: {} }),
  });
  if (outcome.type === 'rejected') {
    context.log(
      'info',
      `refused the upload: ${outcome.errors.length} errors${outcome.truncated ? ' and more' : ''}`,
    );
    return { type: 'dataset_rejected' as const, errors: outcome.errors, truncated: outcome.truncated };
  }
  await context.outputs.publish(data);
  await context.outputs.publish(profile, Buffer.from(JSON.stringify(outcome.profile)));
  context.report({ fraction: 1, metrics: {} });
  return { type: 'dataset_ready' as const, rows: outcome.profile.rows, data, profile };
}
