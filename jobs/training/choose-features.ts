import type { TrainSpec } from '../../shared/contracts/kinds/train';
import { askedFeatures } from '../../shared/datasets/check-features';
import type { Violation } from '../../shared/errors/app-error';
import { BadSpecError } from '../../shared/errors/job-errors';
import { nearestNames } from '../datasets/nearest-names';
import type { Table } from '../datasets/open-table';

type Asked = Pick<TrainSpec, 'target' | 'features'>;

interface NamedColumn {
  readonly pointer: string;
  readonly name: string;
}

const listed = (pointer: string, names: readonly string[] = []): NamedColumn[] =>
  names.map((name, index) => ({ pointer: `${pointer}/${index}`, name }));

function violation({ pointer, name }: NamedColumn, columns: readonly string[]): Violation[] {
  if (columns.includes(name)) return [];
  const near = nearestNames(name, columns).map((one) => `'${one}'`);
  return [
    { pointer, detail: `'${name}' is not a column of the data set; the nearest are: ${near.join(', ')}` },
  ];
}

/**
 * The columns that a spec asks to learn from: those it includes, or all, without the target and those it excludes, in the
 * order of the data set. `BadSpecError` names every column that is not there, and what may have been meant.
 */
export function chooseFeatures(
  { columns }: Pick<Table, 'columns'>,
  { target, features = {} }: Asked,
): string[] {
  const names = columns.map(({ name }) => name);
  const include = listed('/features/include', features.include);
  const asked = [
    { pointer: '/target', name: target },
    ...include,
    ...listed('/features/exclude', features.exclude),
  ];
  const unknown = asked.flatMap((column) => violation(column, names));
  if (unknown.length > 0) {
    const details = unknown.map(({ detail }) => detail).join('; ');
    throw new BadSpecError(`the spec names columns that the data set does not have: ${details}`, unknown);
  }
  const leaking = include.find(({ name }) => name === target);
  if (leaking !== undefined) {
    const detail = `'${target}' is the target, so it cannot be a feature; leave it out`;
    throw new BadSpecError(`features.include holds the target: ${detail}`, [
      { pointer: leaking.pointer, detail },
    ]);
  }
  const chosen = askedFeatures(columns, { target, features }).map(({ name }) => name);
  if (chosen.length > 0) return chosen;
  const isText = columns.every(({ name, type }) => name !== target || type === 'text');
  const hint = isText
    ? "; a text alone is learned by the model {family: 'transformer', form: 'decoder'}"
    : '';
  throw new BadSpecError(
    `features leaves no column to learn from; include at least one besides the target${hint}`,
  );
}

/** A data set to test on must have what the model reads and predicts. `BadSpecError` names what it lacks. */
export function checkTestColumns(test: Pick<Table, 'columns'>, needed: readonly string[]): void {
  const names = test.columns.map(({ name }) => name);
  const lacking = needed.flatMap((name) => violation({ pointer: '/test_dataset', name }, names));
  if (lacking.length === 0) return;
  const details = lacking.map(({ detail }) => detail).join('; ');
  throw new BadSpecError(`the test data set lacks columns that the model needs: ${details}`, lacking);
}
