import { attributeOf } from '../../../shared/onnx/attributes';
import type { Graph, Model, OperationValue, Value } from '../../../shared/onnx/ir';
import { type Cleaned, type CleaningPass, replaceIn } from './cleaning-pass';
import { isFilledWith } from './constant-numbers';

/** The branch that is always taken. */
function chosenBranch(node: OperationValue): Graph | undefined {
  const [condition] = node.inputs;
  if (node.op !== 'If' || node.domain !== '' || condition?.kind !== 'constant') return undefined;
  const name = isFilledWith(condition, 0) ? 'else_branch' : 'then_branch';
  return attributeOf.graph(node.attributes, name);
}

/** Puts the branch that is always taken in the place of an If whose condition is part of the model. */
export const inlineBranches = {
  name: 'inline_branches',
  apply(model: Model): Cleaned {
    const chosen = new Map<OperationValue, Graph>();
    return replaceIn(model, (value: Value, rebuilt: Value) => {
      if (value.kind === 'projection') return chosen.get(value.of)?.outputs[value.index]?.value;
      const branch = rebuilt.kind === 'operation' ? chosenBranch(rebuilt) : undefined;
      if (value.kind !== 'operation' || branch === undefined) return undefined;
      chosen.set(value, branch);
      return branch.outputs[0]?.value;
    });
  },
} satisfies CleaningPass;
