import type { Value } from '../../../shared/onnx/ir';
import type { RowType } from '../row-type';

/** What a network's outputs are held against. */
export interface Loss {
  /** One target: a class index, a number, or several. */
  readonly targets: RowType;
  /** Loss of each row, `[batch]`, of outputs `[batch, outputs]` and targets `[batch, …]`. */
  readonly perRow: (outputs: Value, targets: Value) => Value;
  /** How much each row counts, `[batch]`; all the same where absent. The mean divides by their sum. */
  readonly rowWeights?: (targets: Value) => Value;
  /** What validation tells beside the loss, `[batch]`: 1 where the class is right, else 0; or the squared error. */
  readonly score: (outputs: Value, targets: Value) => Value;
}
