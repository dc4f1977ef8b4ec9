import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CompressionReport } from '../../jobs/compression/compression-report';
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
    const methods = [{ name: 'int8_dynamic' }];
    await compress.run(compressSpec.parse({ model: { name: 'bench' }, methods }), context);
    return JSON.parse(Buffer.from(await context.output('report.json')).toString());
  } finally {
    await Promise.all([context.remove(), trained.remove()]);
  }
}

function rowsOf(name: string, { original, candidates }: CompressionReport): Row[] {
  const int8 = candidates.find(({ id }) => id === 'int8_dynamic')?.measured;
  if (int8 === undefined) throw new Error(`${name} came to no int8 form`);
  const beside = (what: string, unit: string, [value, peer_value]: readonly [number, number]): Row => ({
    name: `${name}: ${what}`,
    unit,
    value,
    peer: 'float32',
    peer_value,
    ratio: value / peer_value,
  });
  const p50 = ({ latency_milliseconds: latency }: typeof int8) => latency.p50;
  return [
    beside('the file', 'bytes', [int8.bytes, original.bytes]),
    withGoal({ name: `${name}: accuracy lost`, unit: 'points', value: 100 * int8.drop.value }, '<=', 0.5),
    beside('one row', 'ms', [p50(int8), p50(original)]),
  ];
}

/** What dynamic int8 costs and gives on models that were trained on real data, one thread. */
export const compression: Bench = async () => {
  const rows: Row[] = [];
  for (const each of await cases()) rows.push(...rowsOf(each.name, await compressed(each)));
  return rows;
};
