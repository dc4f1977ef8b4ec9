import { onnxModelRuntime } from '../../shared/adapters/onnxruntime/onnx-model-runtime';
import type { InputValue, Tensor, Value } from '../../shared/onnx/ir';
import { model } from '../../shared/onnx/model';
import { writeModel } from '../../shared/onnx/write-model';

/** Computes named values in ONNX Runtime from what their inputs are given. */
export async function runGraph(
  given: ReadonlyMap<InputValue, Tensor>,
  wanted: Readonly<Record<string, Value>>,
): Promise<Record<string, Tensor>> {
  const outputs = Object.entries(wanted).map(([name, value]) => ({ name, value }));
  const bytes = writeModel(model({ graph: { name: 'test', inputs: [...given.keys()], outputs } }));
  const session = await onnxModelRuntime().load(bytes, { threads: 1 });
  try {
    return await session.run(Object.fromEntries([...given].map(([{ name }, tensor]) => [name, tensor])));
  } finally {
    await session.dispose();
  }
}
