import type { ColumnType } from '../../shared/contracts/dataset';
import type { ModelSignature } from '../../shared/contracts/model';
import { constant } from '../../shared/onnx/build';
import type { Dimension, ElementType, Model, Tensor } from '../../shared/onnx/ir';
import { model } from '../../shared/onnx/model';
import { elementTypeOf, shapeOf } from '../../shared/onnx/shapes';
import { type Network, predict, type Weights } from './network';
import type { Preprocessing } from './preprocessing';
import { classTensor, decodeOutputs, type TargetEncoding } from './target-encoding';

/** What a model reads and predicts; known before it is trained. */
export interface ModelInterface {
  readonly preprocessing: Preprocessing;
  readonly encoding: TargetEncoding;
  readonly target: string;
  /** Of each column that the model reads. */
  readonly columnTypes: Readonly<Record<string, ColumnType>>;
  /** What stands behind the end of a sequence, by the column's name. */
  readonly padding?: Readonly<Record<string, number>>;
}

export interface TrainedModel extends ModelInterface {
  readonly network: Network;
  readonly weights: Weights;
}

type Field = ModelSignature['inputs'][number];

/** Whole numbers are allowed fractions: a mean of counts is a sound input for a model. */
const jsonTypes: Readonly<Record<ColumnType, Field['type']>> = {
  integer: 'number',
  number: 'number',
  boolean: 'boolean',
  text: 'string',
  timestamp: 'string',
  numbers: 'number',
  image: 'number',
};

const outputTypes: Partial<Record<ElementType, Field['type']>> = {
  string: 'string',
  bool: 'boolean',
  int64: 'integer',
};

/** The name itself, or with underscores behind it where a column has it already. */
export function freeName(name: string, taken: ReadonlySet<string>): string {
  let free = name;
  while (taken.has(free)) free += '_';
  return free;
}

/** A plain column may be missing, for the model imputes it; an image or a sequence may not. */
const shapeAndNulls = (dims: readonly Dimension[]): Pick<Field, 'shape' | 'nullable'> => {
  const shape = dims.map(Number);
  return shape.length === 0 ? { shape, nullable: true } : { shape };
};

/** JSON has no NaN: null stands for it. */
const paddingField = (padding: number | undefined): Pick<Field, 'padding'> =>
  padding === undefined ? {} : { padding: Number.isNaN(padding) ? null : padding };

function inputFields({ preprocessing, columnTypes, padding }: ModelInterface): Field[] {
  return preprocessing.inputs.map((value) => ({
    name: value.name,
    type: jsonTypes[columnTypes[value.name] ?? 'number'],
    element_type: elementTypeOf(value) ?? 'float',
    ...shapeAndNulls(shapeOf(value)?.slice(1) ?? []),
    ...paddingField(padding?.[value.name]),
  }));
}

const outputField = (name: string, elementType: ElementType, shape: number[] = []): Field => ({
  name,
  type: outputTypes[elementType] ?? 'number',
  element_type: elementType,
  shape,
});

function outputFields({ preprocessing, encoding }: ModelInterface): Field[] {
  const taken = new Set(preprocessing.inputs.map(({ name }) => name));
  if (encoding.task === 'regression') return [outputField(freeName('prediction', taken), 'float')];
  const { elementType } = classTensor(encoding.classes);
  return [
    outputField(freeName('label', taken), elementType),
    outputField(freeName('probabilities', taken), 'float', [encoding.classes.length]),
  ];
}

/**
 * What callers send and get: each column by its name, any of them may be missing; `label` in the target's own type and
 * `probabilities` in the order of the classes, or `prediction` in the target's own unit.
 */
export function signatureOf(described: ModelInterface): ModelSignature {
  const { encoding, target } = described;
  return {
    task: encoding.task,
    inputs: inputFields(described),
    outputs: outputFields(described),
    target,
    ...(encoding.task === 'classification' ? { classes: [...encoding.classes] } : {}),
  };
}

/** The trained model as one graph with its signature's tensors: columns `[batch]` in; label, probabilities or prediction out. */
export function exportModel(trained: TrainedModel): Model {
  const { preprocessing, network, encoding, target, weights } = trained;
  const named = (specs: readonly { name: string }[], tensors: readonly Tensor[]) =>
    tensors.map((tensor, index) => constant(tensor, specs[index]?.name));
  const outputs = predict(network, preprocessing.features, {
    parameters: named(network.parameters, weights.parameters),
    statistics: named(network.statistics, weights.statistics),
  });
  const values = decodeOutputs(encoding, outputs);
  const fields = outputFields(trained).flatMap(({ name }, index) => {
    const value = values[index];
    return value === undefined ? [] : [{ name, value }];
  });
  const graph = { name: 'model', inputs: preprocessing.inputs, outputs: fields };
  return model({ graph, metadata: { task: encoding.task, target } });
}
