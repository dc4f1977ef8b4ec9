import { z } from 'zod';
import type { Task } from '../../shared/datasets/check-target';
import { BadSpecError, UnusableDataError } from '../../shared/errors/job-errors';
import { columnIndex, columnReference, type Table } from '../datasets/open-table';
import { readClasses } from '../datasets/read-classes';
import { unsplitTable } from '../datasets/split-table';
import { checkTestColumns } from './choose-features';
import type { Prepared } from './prepare';

interface Learned extends Pick<Prepared, 'used' | 'target' | 'encoding' | 'columnTypes'> {
  readonly task: Task;
}

/**
 * Another data set to test on, before anything is trained: it must have the columns, in types that the model reads, and
 * rows that can be right. `BadSpecError` and `UnusableDataError` say what it lacks.
 */
export async function checkTestTable(test: Table, learned: Learned): Promise<void> {
  const { used, target, encoding, task } = learned;
  const features = used.map(({ name }) => name);
  checkTestColumns(test, [...features, target]);
  for (const name of features) await checkType(test, name, learned.columnTypes[name] === 'text');
  if (task === 'regression') await checkType(test, target, false);
  const rows = await unsplitTable(test, { target, task });
  if (rows.counts.test === 0) throw nothingToTest(`the target '${target}' is missing in all of its rows`);
  if (encoding.task === 'regression') return;
  const known = new Set(encoding.classes.map(String));
  const classes = (await readClasses(rows)).map(String);
  if (!classes.some((one) => known.has(one))) throw nothingToTest(unknownClasses(classes, known));
}

/** A column without any value is ingested as text, and can be read as anything. */
async function checkType(test: Table, name: string, isText: boolean): Promise<void> {
  const index = columnIndex(test, name);
  const type = test.columns[index]?.type;
  if ((type === 'text') === isText) return;
  const { present } = await test.session.row(
    z.object({ present: z.coerce.number() }),
    `SELECT count(${columnReference(index)}) AS present FROM ${test.relation}`,
  );
  if (present === 0 && !isText) return;
  const detail = `its column '${name}' is of type ${type}, where the model reads ${isText ? 'text' : 'numbers'}`;
  throw new BadSpecError(`the test data set does not fit: ${detail}; give the values in the same form`, [
    { pointer: '/test_dataset', detail },
  ]);
}

const listed = (classes: Iterable<string>): string => [...classes].slice(0, 5).join("', '");

const unknownClasses = (classes: readonly string[], known: ReadonlySet<string>): string =>
  `none of its classes, as '${listed(classes)}', is one of those that the model learns, as '${listed(known)}'`;

const nothingToTest = (why: string): UnusableDataError =>
  new UnusableDataError(
    `nothing can be tested on the test data set: ${why}; give rows with targets like those to train on`,
    'unknown_class',
  );
