/** What to write instead of an operator that has no gradient, by domain: the nearest form that has one. */
const forms: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '': {
    If: 'Where over both branches',
    Loop: 'LSTM or GRU, or the body once for each turn',
    Scan: 'LSTM or GRU, or the body once for each turn',
    CumProd: 'Exp of the CumSum of Log, for positive numbers',
    Range: 'a constant',
    Scatter: 'ScatterElements',
    TensorScatter: 'ScatterND',
    Upsample: 'Resize',
    ImageScaler: 'Mul and Add',
    LRN: 'Div by a Pow of the AveragePool of squares',
    DeformConv: 'GridSample and Conv',
    LpPool: 'the root of an AveragePool of squares',
    GlobalLpPool: 'ReduceL2',
    MaxUnpool: 'ScatterElements, or ConvTranspose',
    Col2Im: 'ConvTranspose',
    AffineGrid: 'MatMul with a constant grid',
    RoiAlign: 'GridSample',
    MaxRoiPool: 'GridSample',
    CenterCropPad: 'Slice and Pad',
    RotaryEmbedding: 'Split, Mul, Add and Concat',
    DFT: 'MatMul with constant cosines and sines',
    STFT: 'MatMul with constant cosines and sines',
    SequenceConstruct: 'Concat',
    SequenceAt: 'Gather',
    SplitToSequence: 'Split',
    ConcatFromSequence: 'Concat',
  },
  'ai.onnx.ml': {
    ArrayFeatureExtractor: 'Gather',
    Imputer: 'Where and IsNaN',
    LinearClassifier: 'Gemm',
    LinearRegressor: 'Gemm',
    Normalizer: 'LpNormalization',
    Scaler: 'Sub and Mul',
  },
  'com.microsoft': {
    BiasSoftmax: 'Add and Softmax',
    DynamicQuantizeMatMul: 'MatMul with weights as floats',
    GroupQueryAttention: 'Attention or MultiHeadAttention without a cache',
    MatMulIntegerToFloat: 'MatMul with weights as floats',
    MatMulNBits: 'MatMul with weights as floats',
    QGemm: 'Gemm with weights as floats',
    RotaryEmbedding: 'Split, Mul, Add and Concat',
  },
};

const general = 'build it from operators that have one';

/** Advice for whoever meets an operator without a gradient. */
export function nearestForm(domain: string, op: string): string {
  const known = Object.hasOwn(forms, domain) ? forms[domain] : undefined;
  const form = known !== undefined && Object.hasOwn(known, op) ? known[op] : undefined;
  return `put it ahead of the trained part, or ${form === undefined ? general : `use ${form}`}`;
}
