import { readableFeatures } from '../../../shared/datasets/check-features';
import { BadSpecError } from '../../../shared/errors/job-errors';
import type { UnusedColumn } from '../../datasets/fit-statistics';
import type { TableColumn } from '../../datasets/open-table';
import type { PrepareRequest } from './family';

type Asked = Pick<
  PrepareRequest<'linear' | 'mlp' | 'cnn' | 'rnn' | 'transformer'>,
  'split' | 'features' | 'model'
>;

/** The columns that a spec asks to learn from, with their types, as far as the model's family reads them. */
export function readableColumns({ split, features, model }: Asked): readonly TableColumn[] {
  const columns = split.table.columns.filter(({ name }) => features.includes(name));
  return readableFeatures({ model, columns });
}

export interface ChosenColumn {
  readonly column: TableColumn;
  readonly unused: readonly UnusedColumn[];
}

/** The one column that a family of images or sequences reads; `BadSpecError` where there is none, or where there are several. */
export function chosenColumn(asked: Asked): ChosenColumn {
  const [column] = readableColumns(asked);
  if (column === undefined) throw new BadSpecError('the features have no column');
  const why = `the family ${asked.model.family} reads '${column.name}' alone`;
  const others = asked.features.filter((name) => name !== column.name);
  return { column, unused: others.map((name) => ({ name, kind: 'unused', why })) };
}
