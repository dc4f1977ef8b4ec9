import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CompressionReport } from '../../jobs/compression/report';
import { compress } from '../../jobs/kinds/compress';
import { compressSpec } from '../../shared/contracts/kinds/compress';
import { folderJobContext } from '../support/folder-job-context';
import { type Bench, type Row, withGoal } from './row';
import { readPenguins, trainForBench } from './support/trained-model';

interface Case {
  name: string;
  source: Uint8Array;
  format: 'csv' | 'jsonl';
  spec: Record<string, unknown>;
}

const census = join(import.meta.dirname, '../../../shared/data/adult-train.csv');

const mlp = (...hidden_units: number[]) => ({ family: 'mlp', hidden_units });

async function cases(): Promise<Case[]> {
  const { bytes } = await readPenguins();
  const penguins: Case = {
    name: 'penguins, 64-32',
    source: bytes,
    format: 'jsonl',
    spec: { target: 'Species', epochs: 60, seed: 1, test_fraction: 0.3, model: mlp(64, 32) },
  };
  if (!existsSync(census)) {
    console.log('  the census cases are skipped: ../shared/data/adult-train.csv is not there');
    return [penguins];
  }
  const rows = { source: new Uint8Array(await readFile(census)), format: 'csv' as const };
  const spec = { target: 'income', epochs: 6, batch_size: 256, seed: 1 };
  return [
    penguins,
    { name: 'census, 128-64', ...rows, spec: { ...spec, model: mlp(128, 64) } },
    { name: 'census, 512-512', ...rows, spec: { ...spec, epochs: 3, model: mlp(512, 512) } },
  ];
}

async function compressed({ source, format, spec }: Case): Promise<CompressionReport> {
  const trained = await trainForBench(source, format, spec);
  const context = await folderJobContext({
    inputs: { model: trained.modelPath, test_rows: trained.testRowsPath },
    model: { name: 'bench', version: 1, signature: trained.signature, lineage: {} },
    threads: 1,
  });
  try {
    await compress.run(compressSpec.parse({ model: { name: 'bench' } }), context);
    return JSON.parse(Buffer.from(await context.output('report.json')).toString());
  } finally {
    await Promise.all([context.remove(), trained.remove()]);
  }
}

function rowsOf(
  name: string,
  { weights, file, quality, latency_milliseconds: latency }: CompressionReport,
): Row[] {
  const bytes = (what: string, { bytes_before, bytes_after, ratio }: CompressionReport['file']): Row => ({
    name: `${name}: ${what}`,
    unit: 'bytes',
    value: bytes_after,
    peer: 'float32',
    peer_value: bytes_before,
    ratio,
  });
  const time = (what: string, pair?: { before: number; after: number }): Row[] =>
    pair === undefined
      ? []
      : [
          {
            name: `${name}: ${what}`,
            unit: 'ms',
            value: pair.after,
            peer: 'float32',
            peer_value: pair.before,
            ratio: pair.after / pair.before,
          },
        ];
  const loss = quality?.accuracy_loss_points;
  return [
    withGoal(bytes('int8 weights with their scales', weights), '<=', 0.35),
    bytes('the file', file),
    ...(loss === undefined
      ? []
      : [withGoal({ name: `${name}: accuracy lost`, unit: 'points', value: loss }, '<=', 0.5)]),
    ...time('one row', latency?.single_row),
    ...time('256 rows', latency?.batch),
  ];
}

/** What int8 costs and gives on models that were trained on real data, one thread. */
export const compression: Bench = async () => {
  const rows: Row[] = [];
  for (const each of await cases()) rows.push(...rowsOf(each.name, await compressed(each)));
  return rows;
};
