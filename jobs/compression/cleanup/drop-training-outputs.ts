import { intAttribute } from '../../../shared/onnx/attributes';
import { operation } from '../../../shared/onnx/build';
import type { Model, OperationValue, Value } from '../../../shared/onnx/ir';
import { everyValue } from '../../../shared/onnx/walk';
import { type Cleaned, type CleaningPass, replaceIn } from './cleaning-pass';

/** Operators whose outputs after the first are there for training alone: a mask, running statistics. */
const trained = new Set(['Dropout', 'BatchNormalization']);

/**
 * A BatchNormalization that learns keeps all of its outputs: without them ONNX Runtime 1.30 takes it for none, or computes the
 * first one wrong. Until opset 13 it was known by them, since then an attribute says so.
 */
const learns = ({ op, attributes }: OperationValue, opset: number): boolean =>
  op === 'BatchNormalization' && (opset < 14 || intAttribute(attributes, 'training_mode', 0) !== 0);

const isTrained = (value: Value, { opsets }: Model): value is OperationValue =>
  value.kind === 'operation' &&
  value.domain === '' &&
  trained.has(value.op) &&
  !learns(value, opsets[''] ?? 1);

const isForTraining = (value: Value, model: Model): boolean =>
  value.kind === 'projection' && isTrained(value.of, model);

/** Outputs of the model that only a training loop would read; the rest keep their names and their order. */
function dropGraphOutputs(model: Model): Cleaned {
  const { outputs } = model.graph;
  const kept = outputs.filter(({ value }) => !isForTraining(value, model));
  const changes = outputs.length - kept.length;
  if (changes === 0 || kept.length === 0) return { model, changes: 0 };
  return { model: { ...model, graph: { ...model.graph, outputs: kept } }, changes };
}

function dropUnread(model: Model): Cleaned {
  const read = new Set<OperationValue>();
  for (const value of everyValue(model.graph.outputs.map((given) => given.value)))
    if (value.kind === 'projection') read.add(value.of);
  return replaceIn(model, (value, rebuilt) => {
    if (!isTrained(value, model) || rebuilt.kind !== 'operation' || read.has(value)) return undefined;
    if (value.types.length === 1) return undefined;
    return operation(rebuilt.op, rebuilt.inputs, rebuilt.attributes);
  });
}

/**
 * Drops the masks of Dropout, and the running statistics of a BatchNormalization that learns nothing: as outputs of the model,
 * unless it has no others, and where none reads them.
 */
export const dropTrainingOutputs = {
  name: 'drop_training_outputs',
  apply(model: Model): Cleaned {
    const outputs = dropGraphOutputs(model);
    const nodes = dropUnread(outputs.model);
    return { model: nodes.model, changes: outputs.changes + nodes.changes };
  },
} satisfies CleaningPass;
