import { copyFile, readFile } from 'node:fs/promises';
import type { JobManifest } from '../../shared/contracts/events';
import type { ModelLineage } from '../../shared/contracts/model';
import { BadSpecError } from '../../shared/errors/job-errors';
import { type Compression, compressModel } from '../candidates/compress-model';
import { compressionReportPage } from '../reports/compression-report-page';
import { publishPage } from '../reports/publish-page';
import type { JobContext, JobKindDefinition } from './job-kind';

/**
 * Looks for a smaller and faster form of a model that keeps a contract, measures every form that it tries beside the
 * original, and registers the best one; where none keeps the contract, the original stays what it is.
 */
export const compress: JobKindDefinition<'compress'> = {
  name: 'compress',
  async run(spec, context) {
    const source = context.model;
    if (source === undefined) throw new BadSpecError('the order of a compress job names no model');
    const found = await compressModel(spec, context, source);
    await context.outputs.publish('report.json', Buffer.from(JSON.stringify(found.report, null, 2)));
    await publishPage(context, () => compressionReportPage(found.report));
    context.log('info', `${found.report.chosen.id}: ${found.report.chosen.why}`);
    context.report({ fraction: 1, metrics: {} });
    const { name, version, lineage } = source;
    const metrics = summaryOf(found);
    if (found.file === undefined) return { type: 'model_kept', model: { name, version }, metrics };
    await context.outputs.publish('model.onnx', await readFile(found.file));
    return {
      type: 'model',
      register: spec.register ?? { name },
      model: 'model.onnx',
      ...(await carriedRows(context, found)),
      signature: found.signature,
      metrics,
      lineage: { ...dataOf(lineage), parent: { name, version } },
    } satisfies JobManifest['result'];
  },
};

const testRowsFile = 'test-rows.parquet';

/** The rows go with the new version, so that a later job can measure it on the same ones. */
async function carriedRows(
  { outputs }: JobContext,
  { heldOut }: Compression,
): Promise<{ test_rows?: string }> {
  if (heldOut === undefined) return {};
  await copyFile(heldOut, outputs.path(testRowsFile));
  await outputs.publish(testRowsFile);
  return { test_rows: testRowsFile };
}

/** What the record has of it: numbers of the chosen one, of the original, and how many were tried. */
function summaryOf({ report, metrics }: Compression): Record<string, unknown> {
  const { contract, original, chosen, candidates, nearest_miss: nearest } = report;
  const winner = candidates.find(({ id }) => id === chosen.id);
  return {
    ...(metrics === undefined ? {} : { test: metrics }),
    compression: {
      contract,
      chosen,
      original,
      ...(winner?.measured === undefined ? {} : { measured: winner.measured, steps: winner.steps }),
      ...(nearest === undefined ? {} : { nearest_miss: nearest }),
      candidates: candidates.length,
      notes: report.notes,
    },
  };
}

/** What was learned from, and which of its rows: the compressed model knows them as the one that it was made of does. */
const dataOf = ({ dataset, split }: ModelLineage): Pick<ModelLineage, 'dataset' | 'split'> => ({
  ...(dataset === undefined ? {} : { dataset }),
  ...(split === undefined ? {} : { split }),
});
