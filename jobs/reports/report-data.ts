/** What is told of an epoch; `epoch` counts from 0, `metrics` are of the validation rows, by name, e.g. `validation_loss`. */
export interface HistoryRow {
  readonly epoch: number;
  readonly step?: number;
  readonly training_loss: number;
  readonly metrics: Readonly<Record<string, number>>;
  /** At the end of the epoch. */
  readonly learning_rate?: number;
  readonly rows_per_second?: number;
  readonly seconds?: number;
}

/** A class as the data has it. */
export type ClassValue = string | number | boolean;

/** One class against the rest. */
export interface RocCurve {
  readonly class: ClassValue;
  readonly area: number;
  readonly points: readonly { readonly false_positive_rate: number; readonly true_positive_rate: number }[];
}

/** One class against the rest. */
export interface PrecisionRecallCurve {
  readonly class: ClassValue;
  readonly average_precision: number;
  readonly points: readonly { readonly recall: number; readonly precision: number }[];
}

/** Rows whose claimed probability fell between two bounds, and for how many of them the claim was true. */
export interface ReliabilityBin {
  /** Mean claimed probability. */
  readonly confidence: number;
  /** Part of the rows for which the claim was true. */
  readonly accuracy: number;
  readonly rows: number;
}

/** What is drawn of a classifier. */
export interface DrawnClassification {
  readonly roc_curves?: readonly RocCurve[];
  readonly precision_recall_curves?: readonly PrecisionRecallCurve[];
  /** Of the second of two classes, or of the class that was predicted. */
  readonly calibration_bins?: readonly ReliabilityBin[];
  /** How many classes have no curve here for there are too many. */
  readonly curves_left_out?: number;
}

/** What is drawn of a regression. */
export interface DrawnRegression {
  /** Of some of the rows. */
  readonly predictions?: readonly { readonly actual: number; readonly predicted: number }[];
  /** Of the errors of all rows, actual less predicted. */
  readonly error_quantiles?: readonly { readonly fraction: number; readonly error: number }[];
}

export interface ClassRow {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  readonly support: number;
}

/** What was measured on one part of the rows: any single numbers, and the lists that were made to be drawn. */
export interface MeasuredRows extends DrawnClassification, DrawnRegression {
  readonly rows: number;
  /** Rows are actual classes, columns predicted ones, in the order of the classes. */
  readonly confusion_matrix?: readonly (readonly number[])[];
  readonly per_class?: readonly ClassRow[];
  /** Over all classes: their plain mean, all rows at once, their mean by support. */
  readonly averages?: Readonly<Partial<Record<'macro' | 'micro' | 'weighted', Omit<ClassRow, 'support'>>>>;
}

/** By the rows that they are of: `train`, `validation`, `test`. */
export type MeasuredParts = Readonly<Record<string, MeasuredRows>>;
