import { onnxModelRuntime } from '../../../../shared/adapters/onnxruntime/onnx-model-runtime';
import { floats, input, operation } from '../../../../shared/onnx/build';
import { model } from '../../../../shared/onnx/model';
import { writeModel } from '../../../../shared/onnx/write-model';
import { serve } from './serve';

/** The fastest arithmetic there is in the same runtime: one product of square matrices. */
const [given = '{}', threads = '1'] = process.argv.slice(2);
const { size }: { size: number } = JSON.parse(given);
const [a, b] = [input('a', 'float', [size, size]), input('b', 'float', [size, size])];
const product = model({
  graph: { name: 'product', inputs: [a, b], outputs: [{ name: 'c', value: operation('MatMul', [a, b]) }] },
});
const session = await onnxModelRuntime({ flushDenormals: true }).load(writeModel(product), {
  threads: Number(threads),
});
const matrix = floats(
  [size, size],
  Float32Array.from({ length: size * size }, (_, index) => ((index * 7_919) % 1_024) / 1_024),
);

await serve({
  name: 'bare MatMul',
  version: '1',
  run: async (steps) => {
    for (let done = 0; done < steps; done++) await session.run({ a: matrix, b: matrix });
  },
});
