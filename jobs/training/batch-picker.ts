import { constant, input, operation, tensor } from '../../shared/onnx/build';
import { add, castTo, unsqueeze } from '../../shared/onnx/expressions';
import type { ElementType, InputValue, Value } from '../../shared/onnx/ir';
import { takeRows } from './graph-math';
import type { RowType } from './row-type';

/** What a network reads and what its outputs are held against, for some rows. */
export interface Examples {
  /** `[batch, …]` */
  readonly features: Value;
  /** `[batch, …]` */
  readonly targets: Value;
}

/** How a step finds its rows in what the runtime holds: the whole data go in by reference, and the graph picks by index. */
export interface BatchPicker {
  /** What is fed. */
  readonly inputs: readonly InputValue[];
  /** The rows of these indices, int32 `[batch]`. */
  readonly pick: (indices: Value) => Examples;
  /** Of one example, for a graph that is handed its batch. */
  readonly features: RowType;
  readonly targets: RowType;
}

/** Rows that lie one behind the other: inputs `features` `[rows, …]` and `targets` `[rows, …]`. */
export function rowPicker(features: RowType, targets: RowType): BatchPicker {
  const rowsOf = (name: string, { elementType, dims }: RowType) =>
    input(name, elementType, ['rows', ...dims]);
  const [allFeatures, allTargets] = [rowsOf('features', features), rowsOf('targets', targets)];
  return {
    inputs: [allFeatures, allTargets],
    pick: (indices) => ({ features: takeRows(allFeatures, indices), targets: takeRows(allTargets, indices) }),
    features,
    targets,
  };
}

/**
 * Windows of one long sequence of tokens: input `features` `[tokens]`. The example of index i reads `length` tokens from
 * token i on, and its targets are the tokens that follow each of them.
 */
export function windowPicker(length: number, elementType: ElementType): BatchPicker {
  const tokens = input('features', elementType, ['tokens']);
  const places = constant(
    tensor(
      'int32',
      [1, length],
      Int32Array.from({ length }, (_, place) => place),
    ),
  );
  const at = (starts: Value) => castTo(operation('Gather', [tokens, starts]), 'int64');
  return {
    inputs: [tokens],
    pick(indices) {
      const starts = add(unsqueeze(indices, [1]), places);
      return { features: at(starts), targets: at(add(starts, constant(tensor('int32', [], [1])))) };
    },
    features: { elementType: 'int64', dims: [length] },
    targets: { elementType: 'int64', dims: [length] },
  };
}
