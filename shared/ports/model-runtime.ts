import type { Tensor } from '../onnx/ir';

export interface SessionOptions {
  provider?: 'cpu' | 'cuda';
  /** Intra-op threads; one number gives the same bits on every run. */
  threads?: number;
}

export interface TensorInfo {
  name: string;
  elementType: Tensor['elementType'];
  /** A string is a symbolic dimension. */
  shape: readonly (number | string)[];
}

export interface ModelSession {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  run(feeds: Readonly<Record<string, Tensor>>, fetches?: readonly string[]): Promise<Record<string, Tensor>>;
  dispose(): Promise<void>;
}

/** Runs ONNX models; the only numeric engine of the product. */
export interface ModelRuntime {
  /** `ModelLoadError` where the bytes are no model that it can run. */
  load(model: Uint8Array, options?: SessionOptions): Promise<ModelSession>;
}
