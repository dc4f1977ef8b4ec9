type Names = Readonly<Record<string, ReadonlySet<string>>>;

const words = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/).filter((word) => word !== ''));

/**
 * Operators whose output is whole, true or false, text, drawn, or constant between jumps, by domain: the gradient ends there,
 * as zero.
 */
export const stepLike: Names = {
  '': words(`
    And Or Xor Not BitShift BitwiseAnd BitwiseOr BitwiseXor BitwiseNot
    Equal Greater GreaterOrEqual Less LessOrEqual IsNaN IsInf
    Ceil Floor Round Sign Hardmax ArgMax ArgMin NonZero NonMaxSuppression
    Shape Size ConstantOfShape EyeLike SequenceLength OptionalHasElement
    Bernoulli Multinomial RandomNormal RandomUniform RandomNormalLike RandomUniformLike
    BlackmanWindow HammingWindow HannWindow MelWeightMatrix ImageDecoder
    DynamicQuantizeLinear ConvInteger MatMulInteger QLinearConv QLinearMatMul
    StringNormalizer StringConcat StringSplit RegexFullMatch TfIdfVectorizer SequenceEmpty
  `),
  'ai.onnx.ml': words(`
    Binarizer CategoryMapper LabelEncoder OneHotEncoder TreeEnsemble TreeEnsembleClassifier TreeEnsembleRegressor
  `),
  'com.microsoft': words('QLinearAdd QLinearMul QLinearSigmoid QLinearLeakyRelu'),
};

/** Operators that have a derivative which nobody has written down here, by domain. */
export const withoutRule: Names = {
  '': words(`
    CumProd Range Det If Loop Scan SequenceMap Scatter TensorScatter ImageScaler Unique Upsample
    LRN DeformConv LpPool GlobalLpPool MaxUnpool Col2Im AffineGrid RoiAlign MaxRoiPool CenterCropPad
    RotaryEmbedding DFT STFT
    SequenceConstruct SequenceInsert SequenceErase SequenceAt SplitToSequence ConcatFromSequence
    Optional OptionalGetElement
  `),
  'ai.onnx.ml': words(`
    ArrayFeatureExtractor CastMap DictVectorizer FeatureVectorizer Imputer LinearClassifier LinearRegressor Normalizer Scaler
    SVMClassifier SVMRegressor ZipMap
  `),
  'ai.onnx.preview.training': words('Adagrad Adam Momentum'),
  'com.microsoft': words(`
    DynamicQuantizeMatMul MatMulIntegerToFloat MatMulNBits QGemm
    GroupQueryAttention RotaryEmbedding BiasSoftmax
  `),
};
