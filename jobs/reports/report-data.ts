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

export interface RocCurve {
  readonly class: ClassValue;
  readonly points: readonly { readonly false_positive_rate: number; readonly true_positive_rate: number }[];
  readonly area?: number;
}

export interface PrecisionRecallCurve {
  readonly class: ClassValue;
  readonly points: readonly { readonly recall: number; readonly precision: number }[];
  readonly average_precision?: number;
}

/** Rows whose predicted probability fell between two bounds, and how many of them were right. */
export interface CalibrationBin {
  /** Mean of the predicted probabilities. */
  readonly confidence: number;
  /** Share of the rows that were right. */
  readonly accuracy: number;
  readonly rows: number;
}

export interface ClassRow {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  readonly support: number;
}

/** What was measured on one part of the rows: any single numbers, and lists where they were made. */
export interface MeasuredRows {
  readonly rows: number;
  /** Rows are actual classes, columns predicted ones, in the order of the classes. */
  readonly confusion_matrix?: readonly (readonly number[])[];
  readonly per_class?: readonly ClassRow[];
  readonly roc_curves?: readonly RocCurve[];
  readonly precision_recall_curves?: readonly PrecisionRecallCurve[];
  readonly calibration_bins?: readonly CalibrationBin[];
  /** Of a regression: some of the rows. */
  readonly predictions?: readonly { readonly actual: number; readonly predicted: number }[];
}

/** By the rows that they are of: `train`, `validation`, `test`. */
export type MeasuredParts = Readonly<Record<string, MeasuredRows>>;
