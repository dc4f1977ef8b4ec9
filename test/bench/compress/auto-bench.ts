import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { z } from 'zod';
import { compress } from '../../../jobs/kinds/compress';
import { onnxModelRuntime } from '../../../shared/adapters/onnxruntime/onnx-model-runtime';
import { compressSpec } from '../../../shared/contracts/kinds/compress';
import type { ModelSignature } from '../../../shared/contracts/model';
import { folderJobContext } from '../../support/folder-job-context';
import { ingestRows } from '../../support/penguins';
import { type Bench, type Row, withGoal } from '../row';
import { dataset } from '../training-job';
import { hasMagika, keptLabels, type Magika, magikaFolder, readMagika } from './magika';

const minutes = 5;
/** Of 333 labels, three. */
const maxDrop = 3 / 333;

const told = z.object({
  chosen: z.object({ id: z.string(), why: z.string() }),
  candidates: z.array(z.unknown()),
});

/** What the registry would know of it: the data set's `label` names the class. */
const signatureOf = ({ signature, classes }: Magika): ModelSignature => ({
  ...signature,
  task: 'classification',
  target: 'label',
  classes: Array.from({ length: classes }, (_, index) => `class ${index}`),
});

const rowsOf = ({ rows, inputs, labels }: Magika) =>
  Array.from({ length: rows }, (_, row) => ({
    bytes: Array.from(inputs(row, row + 1).data, Number),
    label: `class ${labels[row]}`,
  }));

interface Found {
  readonly bytes: Uint8Array;
  readonly id: string;
  readonly candidates: number;
  readonly seconds: number;
}

async function search(magika: Magika): Promise<Found> {
  const upload = await folderJobContext();
  const context = await folderJobContext({
    inputs: {
      model: join(magikaFolder, 'model.onnx'),
      data: await ingestRows(rowsOf(magika), upload.folder),
    },
    model: { name: 'magika', version: 1, signature: signatureOf(magika), lineage: {} },
  });
  const spec = compressSpec.parse({
    model: { name: 'magika' },
    dataset,
    contract: { metric: 'accuracy', max_drop: maxDrop },
    methods: ['auto'],
    budget: { minutes },
  });
  const start = performance.now();
  const result = await compress.run(spec, context);
  const seconds = (performance.now() - start) / 1_000;
  const report = told.parse(JSON.parse(Buffer.from(await context.output('report.json')).toString()));
  const bytes = result.type === 'model' ? await context.output('model.onnx') : magika.bytes;
  console.log(`  chosen: ${report.chosen.id}: ${report.chosen.why}`);
  await Promise.all([upload.remove(), context.remove()]);
  return { bytes, id: report.chosen.id, candidates: report.candidates.length, seconds };
}

/** The compress job itself, told nothing but the contract. */
export const autoBench: Bench = async () => {
  if (!hasMagika) {
    console.log('the search is left out: ../shared/models/magika is absent');
    return [];
  }
  const magika = readMagika();
  const { bytes, id, candidates, seconds } = await search(magika);
  const session = await onnxModelRuntime({ flushDenormals: true }).load(bytes, { threads: 1 });
  const kept = await keptLabels(magika)(session).finally(() => session.dispose());
  const [packed, wasPacked] = [gzipSync(bytes).byteLength, gzipSync(magika.bytes).byteLength];
  const name = `magika, auto (${id})`;
  const size: Row = {
    name: `${name}: file, gzip`,
    unit: 'bytes',
    value: packed,
    peer: 'float32',
    peer_value: wasPacked,
    ratio: packed / wasPacked,
  };
  return [
    withGoal(size, '<=', 0.35),
    withGoal({ name: `${name}: published labels kept`, unit: `of ${magika.rows}`, value: kept }, '>=', 330),
    { name: `${name}: ${candidates} candidates`, unit: 's', value: seconds },
  ];
};
