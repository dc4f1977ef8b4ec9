import type { ColumnType } from '../../shared/contracts/dataset';
import type { LossSpec } from '../../shared/contracts/training/loss-spec';
import { checkLoss } from '../../shared/datasets/check-loss';
import { UnusableDataError } from '../../shared/errors/job-errors';
import {
  type ColumnStatistics,
  fitStatistics,
  type NumberStatistics,
  type UnusedColumn,
} from '../datasets/fit-statistics';
import { readClasses } from '../datasets/read-classes';
import type { SplitTable } from '../datasets/split-table';
import type { ModelInterface } from './export-model';
import type { Network } from './network';
import type { StoredRows } from './row-type';
import type { TargetEncoding } from './target-encoding';

/** A column that a model reads, or does not, and why. */
export interface UsedColumn {
  readonly name: string;
  readonly kind: string;
}

/** What training needs to know of its data: everything is fitted on the training rows alone. */
export interface Prepared extends ModelInterface {
  readonly network: Network;
  /** Of one encoded row. */
  readonly features: StoredRows;
  readonly used: readonly UsedColumn[];
  readonly unused: readonly UnusedColumn[];
  /** Names of the numbers that a network over columns reads. */
  readonly featureNames?: readonly string[];
}

const largestFloat = 3.4e38;
const smallestFloat = 2 ** -126;

const holds = (...values: readonly number[]): boolean =>
  values.every((value) => Number.isFinite(Math.fround(value)));

/** A column of numbers that a model could not even hold is not used, rather than to make every answer NaN. */
function withinFloat32(column: ColumnStatistics): ColumnStatistics {
  if (column.kind !== 'number' || holds(column.mean, column.median, column.standardDeviation)) return column;
  const why = `its values reach beyond ${largestFloat}, the largest number that a model reads; give it in a larger unit`;
  return { name: column.name, kind: 'unused', why };
}

const isUnused = (column: ColumnStatistics): column is UnusedColumn => column.kind === 'unused';

export interface PreparedColumns {
  /** Statistics of the columns that the model reads. */
  readonly used: readonly Exclude<ColumnStatistics, UnusedColumn>[];
  readonly unused: readonly UnusedColumn[];
}

/** Which columns of numbers and categories can be learned from. `UnusableDataError` where none can. */
export async function prepareColumns(
  split: SplitTable,
  features: readonly string[],
): Promise<PreparedColumns> {
  const columns = (await fitStatistics(split, features)).map(withinFloat32);
  const unused = columns.filter(isUnused);
  const used = columns.filter((column) => !isUnused(column));
  if (used.length > 0) return { used, unused };
  const reasons = unused.map(({ name, why }) => `'${name}': ${why}`).join('; ');
  throw new UnusableDataError(`no column can be learned from: ${reasons}`, 'no_usable_columns');
}

export interface TargetRequest {
  readonly split: SplitTable;
  readonly spec: { readonly loss?: LossSpec | undefined };
  /** Known beforehand: of a teacher, whose answers are learned. */
  readonly encoding?: TargetEncoding;
}

/**
 * The target, as the loss reads it, and the types of all columns: what every family's model says of itself.
 * `BadSpecError` where the loss does not fit the target.
 */
export async function prepareTarget({
  split,
  spec: { loss },
  encoding,
}: TargetRequest): Promise<Pick<ModelInterface, 'encoding' | 'target' | 'columnTypes'>> {
  return {
    encoding: encoding ?? (await encodingOf(split, loss)),
    target: split.target.name,
    columnTypes: typesOf(split),
  };
}

async function encodingOf(split: SplitTable, loss: LossSpec | undefined): Promise<TargetEncoding> {
  const { task } = split;
  const classes = task === 'classification' ? await readClasses(split) : undefined;
  if (loss) checkLoss({ loss, task, classes: classes?.map(String) });
  if (classes)
    return {
      task: 'classification',
      classes,
      ...(loss?.name === 'binary_cross_entropy' ? { oneLogit: true } : {}),
    };
  const [fitted] = await fitStatistics(split, [split.target.name]);
  if (fitted?.kind === 'number') {
    checkPrecision(fitted);
    const { mean, standardDeviation } = fitted;
    return { task: 'regression', mean, standardDeviation };
  }
  const why = fitted?.kind === 'unused' ? fitted.why : 'it is no number';
  throw new UnusableDataError(
    `the target '${split.target.name}' cannot be learned from the training rows: ${why}`,
  );
}

/** Below so many of float32's steps, rounding would be most of what is learned, and no metric would show it. */
const fewestSteps = 16;

/** Targets are learned, predicted and measured as 32-bit floats, so they must vary by more than those can tell. */
function checkPrecision({ name, mean, standardDeviation }: NumberStatistics): void {
  const step = Math.max(Math.abs(mean) * 2 ** -23, smallestFloat);
  if (holds(mean, standardDeviation) && standardDeviation >= fewestSteps * step) return;
  throw new UnusableDataError(
    `the target '${name}' has mean ${mean} and standard deviation ${standardDeviation}, which 32-bit floats cannot tell apart; give it in another unit, or as the difference to a fixed number`,
    'target_precision',
  );
}

const typesOf = ({ table }: SplitTable): Record<string, ColumnType> =>
  Object.fromEntries(table.columns.map(({ name, type }) => [name, type]));
