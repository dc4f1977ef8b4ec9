import { intAttribute } from '../../../shared/onnx/attributes';
import { constant, int64s, operation, tensor } from '../../../shared/onnx/build';
import type { ElementType, Model, OperationValue, Value } from '../../../shared/onnx/ir';
import { knownEntries, knownInts } from '../../../shared/onnx/known-values';
import { elementTypeOf, shapeOf, staticShape } from '../../../shared/onnx/shapes';
import { type Cleaned, type CleaningPass, replaceIn } from './cleaning-pass';

/** What sizes, axes and indices are held in, and how far each reaches. */
const largest: Partial<Record<ElementType, number>> = {
  int32: 2 ** 31 - 1,
  int64: Number.MAX_SAFE_INTEGER,
};

/** Sizes that are known before the run, however the graph comes by them. */
function knownSizes(node: OperationValue): Value | undefined {
  const elementType = elementTypeOf(node);
  const most = elementType && largest[elementType];
  const dims = staticShape(shapeOf(node));
  if (elementType === undefined || most === undefined || dims === undefined || node.types.length > 1)
    return undefined;
  const entries = knownInts(node);
  const fits = entries?.every((entry) => Number.isInteger(entry) && Math.abs(entry) <= most);
  return entries !== undefined && fits ? constant(tensor(elementType, dims, entries)) : undefined;
}

/**
 * A Reshape to sizes of which the graph computes one: that is the one that is left over, whatever it is. Where a size is zero
 * nothing is known of the others.
 */
function openReshape(node: OperationValue): Value | undefined {
  const [x, sizes] = node.inputs;
  if (node.op !== 'Reshape' || node.domain !== '' || sizes === undefined || sizes.kind === 'constant')
    return undefined;
  const entries = knownEntries(sizes);
  const open = entries?.filter((entry) => typeof entry !== 'number');
  const sound = entries?.every((entry) => typeof entry !== 'number' || entry > 0);
  if (entries === undefined || open?.length !== 1 || !sound) return undefined;
  const allowsZero = intAttribute(node.attributes, 'allowzero', 0) !== 0;
  const list = entries.map((entry) => (typeof entry === 'number' ? entry : -1));
  return allowsZero ? undefined : operation('Reshape', [x, constant(int64s(list))], node.attributes);
}

/** Makes constants of sizes that follow from the shapes, and spares a Reshape the computing of the size that is left over. */
export const foldShapes = {
  name: 'fold_shapes',
  apply: (model: Model): Cleaned =>
    replaceIn(model, (_, rebuilt) =>
      rebuilt.kind === 'operation' ? (knownSizes(rebuilt) ?? openReshape(rebuilt)) : undefined,
    ),
} satisfies CleaningPass;
