import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { tensor } from '../../../shared/onnx/build';
import { elementCount } from '../../../shared/onnx/element-types';
import type { Tensor } from '../../../shared/onnx/ir';
import { printGraph } from '../../../shared/onnx/print';
import { readModel } from '../../../shared/onnx/read-model';
import { verifyGraph } from '../../../shared/onnx/verify';
import { writeModel } from '../../../shared/onnx/write-model';
import { randomNumbers } from '../../support/check-gradient';
import { runModel } from '../../support/run-onnx';

const folder = join(__dirname, '../../../../shared/models');

function random(dims: readonly number[]): Tensor {
  const next = randomNumbers(7);
  return tensor('float', dims, Float32Array.from({ length: elementCount(dims) }, next));
}

const ids = (dims: readonly number[]): Tensor =>
  tensor(
    'int32',
    dims,
    Int32Array.from({ length: elementCount(dims) }, (_, at) => 1 + (at % 7)),
  );

const pasts = Object.fromEntries(
  [0, 1, 2, 3, 4].map((layer) => [`past_${layer}`, tensor('float', [2, 1, 4, 0, 8], new Float32Array(0))]),
);

const models: readonly [path: string, feeds: Readonly<Record<string, Tensor>>][] = [
  ['mnist-cntk.onnx', { Input3: random([1, 1, 28, 28]) }],
  ['magika/model.onnx', { bytes: ids([2, 2048]) }],
  ['light/light_squeezenet.onnx', { data_0: random([1, 3, 224, 224]) }],
  ['light/light_resnet50.onnx', { 'gpu_0/data_0': random([1, 3, 224, 224]) }],
  ['light/light_shufflenet.onnx', { 'gpu_0/data_0': random([1, 3, 224, 224]) }],
  ['light/light_densenet121.onnx', { data_0: random([1, 3, 224, 224]) }],
  [
    'tiny-random-gpt2/past.onnx',
    { input_ids: ids([1, 5]), position_ids: ids([1, 5]), attention_mask: ids([1, 5]), ...pasts },
  ],
];

const whereGiven = existsSync(folder) ? describe : describe.skip;

whereGiven('models that others made (skipped where ../shared/models is not on this machine)', () => {
  it.each(models)('%s survives writing and reading with the same bytes', (path) => {
    const model = readModel(readFileSync(join(folder, path)));
    const once = writeModel(model);

    const twice = writeModel(readModel(once));

    expect(Buffer.compare(once, twice)).toBe(0);
    verifyGraph(model.graph);
    expect(printGraph(model.graph).split('\n').length).toBeGreaterThan(10);
  });

  it.each(models)('%s gives the same answers after it was read and written', async (path, feeds) => {
    const bytes = readFileSync(join(folder, path));
    const expected = await runModel(bytes, feeds);

    const found = await runModel(writeModel(readModel(bytes)), feeds);

    expect(found).toEqual(expected);
  });

  it('magika names the file types that its makers published', async () => {
    const published = JSON.parse(readFileSync(join(folder, 'magika/reference-labels.json'), 'utf8'));
    const inputs = new Uint16Array(
      gunzipSync(readFileSync(join(folder, 'magika/reference-inputs.u16.gz'))).buffer,
    );
    const bytes = writeModel(readModel(readFileSync(join(folder, 'magika/model.onnx'))));
    const rows = 40;
    const feeds = { bytes: tensor('int32', [rows, 2048], Int32Array.from(inputs.subarray(0, rows * 2048))) };

    const { target_label: scores } = await runModel(bytes, feeds);

    const all = Array.from(scores?.data ?? [], Number);
    const best = Array.from({ length: rows }, (_, row) => {
      const own = all.slice(row * 214, (row + 1) * 214);
      return own.indexOf(Math.max(...own));
    });
    expect(best).toEqual(published.label_index.slice(0, rows));
  });
});
