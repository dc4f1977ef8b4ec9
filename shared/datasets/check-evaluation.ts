import type { ColumnType } from '../contracts/dataset';
import type { EvaluateSpec } from '../contracts/kinds/evaluate';
import type { ModelSignature } from '../contracts/model';
import type { Violation } from '../errors/app-error';
import { BadSpecError } from '../errors/job-errors';

/** A signature that says all that measuring needs. */
export interface MeasurableSignature extends ModelSignature {
  task: 'classification' | 'regression';
  target: string;
}

interface EvaluatedModel {
  readonly name: string;
  readonly version: number;
  readonly signature?: ModelSignature | undefined;
}

/** Whether a model reads text as tokens. */
export const isLanguageModel = ({ inputs }: Pick<ModelSignature, 'inputs'>): boolean =>
  inputs.some(({ tokens }) => tokens !== undefined);

const howToTell =
  "import it with a signature that has task: 'classification', target and classes (in the order of its probabilities), or task: 'regression' and target";

const untold: Partial<ModelSignature> = {};

function refuse(pointer: string, detail: string): never {
  throw new BadSpecError(detail, [{ pointer, detail }]);
}

/**
 * The model's signature with the target that the spec names. `BadSpecError` with what to give where the model was never
 * told what it predicts, or where the spec asks for what its classes do not allow.
 */
export function measurableSignature(model: EvaluatedModel, spec: EvaluateSpec): MeasurableSignature {
  const who = `version ${model.version} of the model '${model.name}'`;
  const { task = 'other', classes = [], inputs = [], outputs = [], ...rest } = model.signature ?? untold;
  const target = spec.target ?? rest.target;
  if (isLanguageModel({ inputs }))
    refuse(
      '/spec/model',
      `${who} is a language model, which only its own training measures: see its metrics`,
    );
  if (task === 'other')
    refuse('/spec/model', `${who} has no task that it could be measured by; ${howToTell}`);
  if (target === undefined)
    refuse('/spec/target', `${who} does not say what it predicts; give the column of the truth as target`);
  if (task === 'classification' && classes.length < 2)
    refuse('/spec/model', `${who} has ${classes.length} classes to tell apart; ${howToTell}`);
  checkOptions(spec, task === 'classification' ? classes.length : 0);
  return { inputs, outputs, task, target, classes };
}

function checkOptions({ metrics: { threshold, top_k } }: EvaluateSpec, classes: number): void {
  const has = classes === 0 ? 'predicts numbers' : `has ${classes} classes`;
  if (threshold !== undefined && classes !== 2)
    refuse(
      '/spec/metrics/threshold',
      `a threshold decides between two classes, and the model ${has}; leave it out`,
    );
  if (top_k !== undefined && (classes < 3 || top_k >= classes))
    refuse(
      '/spec/metrics/top_k',
      `top_k is ${top_k} and must be less than the classes, and the model ${has}`,
    );
}

/** What is known of a column of the data set. */
export interface ColumnFacts {
  readonly name: string;
  readonly type: ColumnType;
  /** It has no value in any row: such a column is ingested as text, and can be read as anything. */
  readonly empty?: boolean;
}

export interface EvaluationColumns {
  readonly spec: EvaluateSpec;
  readonly signature: MeasurableSignature;
  readonly columns: readonly ColumnFacts[];
  /** The names of the data set most like one that it lacks. */
  readonly nearest: (name: string, names: readonly string[]) => readonly string[];
}

type Role = (facts: ColumnFacts) => string | undefined;

type DataColumns = Pick<EvaluationColumns, 'columns' | 'nearest'>;

interface NamedColumn {
  /** Where the spec names it. */
  readonly pointer: string;
  readonly name: string;
}

function violation(
  { columns, nearest }: DataColumns,
  { pointer, name }: NamedColumn,
  wrongIn: Role,
): Violation[] {
  const found = columns.find((column) => column.name === name);
  const names = columns.map((column) => column.name);
  const near = nearest(name, names).map((one) => `'${one}'`);
  const wrong = found ? wrongIn(found) : `is not there; the most like it are ${near.join(', ')}`;
  return wrong === undefined ? [] : [{ pointer, detail: `the column '${name}' of the data set ${wrong}` }];
}

/** What a data set lacks of a model's inputs: each column by its name, with the nearest that there are. */
export const inputViolations = (data: DataColumns, { inputs }: Pick<ModelSignature, 'inputs'>): Violation[] =>
  inputs.flatMap((field) => violation(data, { pointer: '/spec/dataset', name: field.name }, readAs(field)));

/** Why a column cannot be the truth of a model's predictions. */
export const truthViolations = (
  data: DataColumns,
  signature: MeasurableSignature,
  pointer: string,
): Violation[] => violation(data, { pointer, name: signature.target }, truthOf(signature));

/** Everything that a data set lacks to be measured on: each column by its name, with the nearest that there are. */
export function evaluationViolations({ spec, signature, ...data }: EvaluationColumns): Violation[] {
  return [
    ...inputViolations(data, signature),
    ...truthViolations(data, signature, spec.target === undefined ? '/spec/dataset' : '/spec/target'),
    ...spec.slices.flatMap((name, index) =>
      violation(data, { pointer: `/spec/slices/${index}`, name }, asSlice),
    ),
  ];
}

const readAs =
  ({ element_type, shape }: ModelSignature['inputs'][number]): Role =>
  ({ type, empty = false }) => {
    if (empty) return undefined;
    const isList = shape.some((size) => size !== 1);
    if (isList)
      return type === 'numbers' || type === 'image'
        ? undefined
        : `is of type ${type}, and the model reads lists of [${shape.join(', ')}] there`;
    const wanted = element_type === 'string' ? ['text'] : ['integer', 'number', 'boolean'];
    return wanted.includes(type)
      ? undefined
      : `is of type ${type}, and the model reads ${wanted.join(' or ')} there`;
  };

const truthOf =
  ({ task }: MeasurableSignature): Role =>
  ({ type }) => {
    const wanted =
      task === 'classification' ? ['text', 'integer', 'number', 'boolean'] : ['integer', 'number', 'boolean'];
    return wanted.includes(type)
      ? undefined
      : `is of type ${type}, and cannot be the truth of a ${task}: give ${wanted.join(', ')}`;
  };

const asSlice: Role = ({ type }) =>
  ['timestamp', 'numbers', 'image'].includes(type)
    ? `is of type ${type}, which has no values to slice by; give a text, boolean or number column`
    : undefined;
