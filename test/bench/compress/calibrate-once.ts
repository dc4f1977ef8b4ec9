import { readFile } from 'node:fs/promises';
import { measureRanges } from '../../../jobs/compression/calibration/measure-ranges';
import { onnxModelRuntime } from '../../../shared/adapters/onnxruntime/onnx-model-runtime';
import { tensor } from '../../../shared/onnx/build';
import { readModel } from '../../../shared/onnx/read-model';
import { writeModel } from '../../../shared/onnx/write-model';
import { randomNumbers } from '../../support/check-gradient';
import { peakBytes } from '../../support/peak-memory';

/** Runs a model over made-up images, alone or to calibrate it, in a process of its own; prints `{peakBytes}`. */
const [path = '', rowsAsked = '0', how = 'alone'] = process.argv.slice(2);
const options = { threads: 1 };
const batch = 64;
const runtime = onnxModelRuntime({ flushDenormals: true });

async function* samples({ mostRows = Number(rowsAsked) } = {}) {
  const next = randomNumbers(5);
  for (let from = 0; from < mostRows; from += batch) {
    const rows = Math.min(batch, mostRows - from);
    const pixels = Uint8Array.from({ length: rows * 784 }, () => 255 * next());
    yield { rows, feeds: { pixels: tensor('uint8', [rows, 28, 28, 1], pixels) } };
  }
}

const bytes = new Uint8Array(await readFile(path));
if (how === 'alone') {
  const session = await runtime.load(bytes, options);
  for await (const { feeds } of samples()) await session.run(feeds);
} else {
  const model = readModel(bytes);
  await measureRanges(model, {
    method: 'entropy',
    percentile: 99.99,
    symmetric: false,
    samples,
    rows: Number(rowsAsked),
    signal: new AbortController().signal,
    open: (observed) => runtime.load(writeModel(observed), options),
  });
}
console.log(JSON.stringify({ peakBytes: peakBytes() }));
