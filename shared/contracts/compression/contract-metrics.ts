interface ContractMetric {
  readonly higherIsBetter: boolean;
  /** What a model must predict for it; absent: anything. */
  readonly task?: 'classification' | 'regression';
  /** It is held against the original's answers, and needs no truth. */
  readonly ofOriginal?: true;
  /** It is in the target's unit: a drop is told as a share of what the original has. */
  readonly relative?: true;
}

const ofClasses = (higherIsBetter: boolean): ContractMetric => ({ higherIsBetter, task: 'classification' });
const ofNumbers = (higherIsBetter: boolean): ContractMetric => ({ higherIsBetter, task: 'regression' });

const inUnits: ContractMetric = { higherIsBetter: false, task: 'regression', relative: true };

/** What a contract can be about: the names of an evaluation's metrics, and two that need no labels. */
export const contractMetrics = {
  accuracy: ofClasses(true),
  balanced_accuracy: ofClasses(true),
  precision: ofClasses(true),
  recall: ofClasses(true),
  f1: ofClasses(true),
  matthews_correlation: ofClasses(true),
  cohen_kappa: ofClasses(true),
  roc_auc: ofClasses(true),
  average_precision: ofClasses(true),
  top_k_accuracy: ofClasses(true),
  log_loss: ofClasses(false),
  brier_score: ofClasses(false),
  r2: ofNumbers(true),
  explained_variance: ofNumbers(true),
  rmse: inUnits,
  mae: inUnits,
  median_absolute_error: inUnits,
  mean_absolute_percentage_error: ofNumbers(false),
  /** Share of the rows that are given the class that the original gives them. */
  agreement: { higherIsBetter: true, ofOriginal: true },
  /** R² of the outputs' numbers against the original's: 1 where they are the same. */
  fidelity: { higherIsBetter: true, ofOriginal: true },
} as const satisfies Record<string, ContractMetric>;

export type ContractMetricName = keyof typeof contractMetrics;

/** Of all of them, as wide as any. */
export const contractMetric = (name: ContractMetricName): ContractMetric => contractMetrics[name];

export const isContractMetric = (name: string): name is ContractMetricName =>
  Object.hasOwn(contractMetrics, name);
