import { onnxModelRuntime } from '../../shared/adapters/onnxruntime/onnx-model-runtime';

/** A part of its own, so that no function but the one that predicts carries ONNX Runtime in its bundle. */
export const wireRuntime = () => ({
  runtime: onnxModelRuntime(),
  /** Of a function with 3 GB of memory: what is left beside the runtime itself. */
  cache: { maximumBytes: 768 * 2 ** 20, maximumModels: 32, threads: 1 },
});
