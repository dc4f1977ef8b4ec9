import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/**
 * Asks models for answers on whatever processor this is run on; plain JavaScript, because an emulated Node runs without a
 * compiler. The order is a file: `{models: [{path, quantizedPrecisely}], input: {name, type, dims, path}, output, answers}`;
 * the answers go to one file, model after model, as 32-bit floats.
 */
const ort = createRequire(import.meta.url)('onnxruntime-node');
const { models, input, output, answers } = JSON.parse(readFileSync(process.argv[2], 'utf8'));

const storages = { float32: Float32Array, int32: Int32Array, int64: BigInt64Array, uint8: Uint8Array };
const bytes = readFileSync(input.path);
const data = new storages[input.type](
  bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength),
);

const found = [];
for (const { path, quantizedPrecisely } of models) {
  const session = await ort.InferenceSession.create(path, {
    intraOpNumThreads: 1,
    logSeverityLevel: 4,
    extra: { session: { x64quantprecision: quantizedPrecisely ? '1' : '0' } },
  });
  const result = await session.run({ [input.name]: new ort.Tensor(input.type, data, input.dims) }, [output]);
  found.push(Buffer.from(Float32Array.from(result[output].data, Number).buffer));
  await session.release();
}
writeFileSync(answers, Buffer.concat(found));
