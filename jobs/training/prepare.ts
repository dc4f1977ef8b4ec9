import type { ColumnType } from '../../shared/contracts/dataset';
import { UnusableDataError } from '../../shared/errors/job-errors';
import { type ColumnStatistics, fitStatistics, type UnusedColumn } from '../datasets/fit-statistics';
import { readClasses } from '../datasets/read-classes';
import type { SplitTable } from '../datasets/split-table';
import type { ModelInterface } from './export-model';
import { preprocessing } from './preprocessing';
import type { TargetEncoding } from './target-encoding';

export interface Prepared extends ModelInterface {
  /** Statistics of the columns that the model reads. */
  readonly used: readonly ColumnStatistics[];
  readonly unused: readonly UnusedColumn[];
}

const isUnused = (column: ColumnStatistics): column is UnusedColumn => column.kind === 'unused';

/** Fits preprocessing and target on the training rows alone. `UnusableDataError` where there is nothing to learn from. */
export async function prepare(split: SplitTable, features: readonly string[]): Promise<Prepared> {
  const columns = await fitStatistics(split, features);
  const unused = columns.filter(isUnused);
  const used = columns.filter((column) => !isUnused(column));
  if (used.length === 0) {
    const reasons = unused.map(({ name, why }) => `'${name}': ${why}`).join('; ');
    throw new UnusableDataError(`no column can be learned from: ${reasons}`, 'no_usable_columns');
  }
  return {
    used,
    unused,
    preprocessing: preprocessing(used, split.counts.train),
    encoding: await encodingOf(split),
    target: split.target.name,
    columnTypes: typesOf(split),
  };
}

async function encodingOf(split: SplitTable): Promise<TargetEncoding> {
  if (split.task === 'classification') return { task: 'classification', classes: await readClasses(split) };
  const [fitted] = await fitStatistics(split, [split.target.name]);
  if (fitted?.kind === 'number') {
    const { mean, standardDeviation } = fitted;
    return { task: 'regression', mean, standardDeviation };
  }
  const why = fitted?.kind === 'unused' ? fitted.why : 'it is no number';
  throw new UnusableDataError(
    `the target '${split.target.name}' cannot be learned from the training rows: ${why}`,
  );
}

const typesOf = ({ table }: SplitTable): Record<string, ColumnType> =>
  Object.fromEntries(table.columns.map(({ name, type }) => [name, type]));
