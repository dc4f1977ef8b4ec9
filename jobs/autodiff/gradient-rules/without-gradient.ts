type Names = Readonly<Record<string, ReadonlySet<string>>>;

const words = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/).filter((word) => word !== ''));

/** Operators whose output is whole, true or false, or constant between jumps, by domain: the gradient ends there, as zero. */
export const stepLike: Names = {
  '': words(`
    And Or Xor Not BitShift BitwiseAnd BitwiseOr BitwiseXor BitwiseNot
    Equal Greater GreaterOrEqual Less LessOrEqual IsNaN IsInf
    Ceil Floor Round Sign Hardmax ArgMax ArgMin NonZero
    Shape Size ConstantOfShape EyeLike Bernoulli
  `),
};

/** Operators that have a derivative which nobody has written down here, by domain. */
export const withoutRule: Names = {
  '': words(
    'CumProd Range Einsum Det If Loop Scan LpNormalization MeanVarianceNormalization LRN Scatter TensorScatter ImageScaler Dropout',
  ),
};
