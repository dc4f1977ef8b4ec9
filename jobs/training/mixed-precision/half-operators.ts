/**
 * Operators that compute in float16, which are nearly all of a step's arithmetic: their kernels add up in float32 and round
 * once. Names with their domain in front, as `domain::op`; ONNX's own have none.
 */
export const halfOperators: ReadonlySet<string> = new Set([
  'MatMul',
  'Gemm',
  'Einsum',
  'Conv',
  'ConvTranspose',
  'com.microsoft::FusedMatMul',
]);

/** Operators that go on in float16 where all that they read is: they move elements, or round no worse than their input. */
export const followingOperators: ReadonlySet<string> = new Set([
  'Relu',
  'LeakyRelu',
  'Tanh',
  'Sigmoid',
  'Clip',
  'Neg',
  'Add',
  'Sub',
  'Mul',
  'Identity',
  'Reshape',
  'Flatten',
  'Squeeze',
  'Unsqueeze',
  'Transpose',
  'Expand',
  'Concat',
  'Split',
  'Slice',
]);
