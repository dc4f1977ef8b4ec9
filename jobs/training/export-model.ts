import type { ColumnType } from '../../shared/contracts/dataset';
import type { ModelSignature } from '../../shared/contracts/model';
import { constant } from '../../shared/onnx/build';
import type { ElementType, Model, Tensor } from '../../shared/onnx/ir';
import { model } from '../../shared/onnx/model';
import { elementTypeOf } from '../../shared/onnx/shapes';
import type { Network } from './layers';
import type { Preprocessing } from './preprocessing';
import { classTensor, decodeOutputs, type TargetEncoding } from './target-encoding';

/** What a model reads and predicts; known before it is trained. */
export interface ModelInterface {
  readonly preprocessing: Preprocessing;
  readonly encoding: TargetEncoding;
  readonly target: string;
  /** Of each column that the model reads. */
  readonly columnTypes: Readonly<Record<string, ColumnType>>;
}

export interface TrainedModel extends ModelInterface {
  readonly network: Network;
  /** In the order of the network's parameters. */
  readonly parameters: readonly Tensor[];
}

type Field = ModelSignature['inputs'][number];

/** Whole numbers are allowed fractions: a mean of counts is a sound input for a model. */
const jsonTypes: Readonly<Record<ColumnType, Field['type']>> = {
  integer: 'number',
  number: 'number',
  boolean: 'boolean',
  text: 'string',
  timestamp: 'string',
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

function inputFields({ preprocessing, columnTypes }: ModelInterface): Field[] {
  return preprocessing.inputs.map((value) => ({
    name: value.name,
    type: jsonTypes[columnTypes[value.name] ?? 'number'],
    element_type: elementTypeOf(value) ?? 'float',
    shape: [],
    nullable: true,
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
  const { preprocessing, network, encoding, target } = trained;
  const weights = trained.parameters.map((tensor, index) =>
    constant(tensor, network.parameters[index]?.name),
  );
  const values = decodeOutputs(encoding, network.forward(preprocessing.features, weights));
  const outputs = outputFields(trained).flatMap(({ name }, index) => {
    const value = values[index];
    return value === undefined ? [] : [{ name, value }];
  });
  const graph = { name: 'model', inputs: preprocessing.inputs, outputs };
  return model({ graph, metadata: { task: encoding.task, target } });
}
