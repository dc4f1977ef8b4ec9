import type { ColumnType } from '../../../shared/contracts/dataset';
import { BadSpecError } from '../../../shared/errors/job-errors';
import type { UnusedColumn } from '../../datasets/fit-statistics';
import type { TableColumn } from '../../datasets/open-table';
import type { PrepareRequest } from './family';

export interface ChosenColumn {
  readonly column: TableColumn;
  readonly unused: readonly UnusedColumn[];
}

type Asked = Pick<PrepareRequest<'cnn' | 'rnn' | 'transformer'>, 'split' | 'features' | 'model'>;

const words: Partial<Record<ColumnType, string>> = { image: 'images', numbers: 'lists of numbers' };

const quoted = (columns: readonly TableColumn[]): string =>
  columns.map(({ name, type }) => `'${name}' (${type})`).join(', ');

/** The one column of these types that a family reads; `BadSpecError` where there is none, or where there are several. */
export function chosenColumn({ split, features, model }: Asked, types: readonly ColumnType[]): ChosenColumn {
  const asked = split.table.columns.filter(({ name }) => features.includes(name));
  const readable = asked.filter(({ type }) => types.includes(type));
  const [column, ...more] = readable;
  const wanted = types.map((type) => words[type] ?? type).join(' or ');
  if (column === undefined)
    throw new BadSpecError(
      `the family ${model.family} reads a column of ${wanted}, and the features have none: they are ${quoted(asked)}; choose the family linear or mlp for them`,
      [{ pointer: '/model/family', detail: `needs a column of ${wanted} among the features` }],
    );
  if (more.length > 0)
    throw new BadSpecError(
      `the family ${model.family} reads one column, and the features have ${readable.length} of ${wanted}: ${quoted(readable)}; name the one in features.include`,
      [{ pointer: '/features', detail: `must have one column of ${wanted}` }],
    );
  const why = `the family ${model.family} reads '${column.name}' alone`;
  const unused = asked.filter((other) => other !== column);
  return { column, unused: unused.map(({ name }) => ({ name, kind: 'unused', why })) };
}
