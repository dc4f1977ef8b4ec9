import { intAttribute } from '../../../shared/onnx/attributes';
import { operation } from '../../../shared/onnx/build';
import type { Model, OperationValue, Value } from '../../../shared/onnx/ir';
import { everyValue } from '../../../shared/onnx/walk';
import { type Cleaned, type CleaningPass, replaceIn } from './cleaning-pass';

/** Operators whose outputs after the first are there for training alone: a mask, running statistics. */
const trained = new Set(['Dropout', 'BatchNormalization']);

const isTrained = (value: Value): value is OperationValue =>
  value.kind === 'operation' && value.domain === '' && trained.has(value.op);

const isForTraining = (value: Value): boolean => value.kind === 'projection' && isTrained(value.of);

/** Outputs of the model that only a training loop would read; the rest keep their names and their order. */
function dropGraphOutputs(model: Model): Cleaned {
  const { outputs } = model.graph;
  const kept = outputs.filter(({ value }) => !isForTraining(value));
  const changes = outputs.length - kept.length;
  if (changes === 0 || kept.length === 0) return { model, changes: 0 };
  return { model: { ...model, graph: { ...model.graph, outputs: kept } }, changes };
}

/** From opset 14 on an attribute says whether statistics are taken from the batch; before, the number of outputs did. */
const keepsMeaning = (node: OperationValue, opset: number): boolean =>
  node.op === 'Dropout' || (opset >= 14 && intAttribute(node.attributes, 'training_mode', 0) === 0);

function dropUnread(model: Model): Cleaned {
  const opset = model.opsets[''] ?? 1;
  const read = new Set<OperationValue>();
  for (const value of everyValue(model.graph.outputs.map((given) => given.value)))
    if (value.kind === 'projection') read.add(value.of);
  return replaceIn(model, (value, rebuilt) => {
    if (!isTrained(value) || rebuilt.kind !== 'operation' || read.has(value)) return undefined;
    if (value.types.length === 1 || !keepsMeaning(value, opset)) return undefined;
    return operation(rebuilt.op, rebuilt.inputs, rebuilt.attributes);
  });
}

/** Drops the masks of Dropout and the running statistics of BatchNormalization: as outputs of the model, and where none reads them. */
export const dropTrainingOutputs = {
  name: 'drop_training_outputs',
  apply(model: Model): Cleaned {
    const outputs = dropGraphOutputs(model);
    const nodes = dropUnread(outputs.model);
    return { model: nodes.model, changes: outputs.changes + nodes.changes };
  },
} satisfies CleaningPass;
