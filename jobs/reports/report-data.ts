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

/** One class against the rest: two lists that go together, point by point. */
export interface RocCurve {
  readonly class: ClassValue;
  readonly roc_auc: number;
  readonly false_positive_rate: readonly number[];
  readonly true_positive_rate: readonly number[];
}

/** One class against the rest: two lists that go together, point by point. */
export interface PrecisionRecallCurve {
  readonly class: ClassValue;
  readonly average_precision: number;
  readonly recall: readonly number[];
  readonly precision: readonly number[];
}

/** Rows whose claimed probability fell between two bounds, and for how many of them the claim was true. */
export interface ReliabilityBin {
  /** Mean claimed probability. */
  readonly confidence: number;
  /** Part of the rows for which the claim was true. */
  readonly accuracy: number;
  readonly rows: number;
}

/** What is drawn of a classifier; lists may be absent or empty. */
export interface MeasuredCurves {
  readonly roc?: readonly RocCurve[];
  readonly precision_recall?: readonly PrecisionRecallCurve[];
  readonly calibration?: {
    /** Whose probability the bins are of. */
    readonly of: 'second_class' | 'predicted_class';
    readonly bins: readonly ReliabilityBin[];
  };
  /** How many more classes have no curve here. */
  readonly classes_left_out?: number;
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
  /** Over all classes: their plain mean, all rows at once, their mean by support. */
  readonly averages?: Readonly<Partial<Record<'macro' | 'micro' | 'weighted', Omit<ClassRow, 'support'>>>>;
  readonly curves?: MeasuredCurves;
  /** Of a regression: some of the rows. */
  readonly predictions?: readonly { readonly actual: number; readonly predicted: number }[];
}

/** By the rows that they are of: `train`, `validation`, `test`. */
export type MeasuredParts = Readonly<Record<string, MeasuredRows>>;
