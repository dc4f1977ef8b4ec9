import { attributeOf, intAttribute } from '../attributes';
import type { ValueType } from '../ir';
import { fromFront, type Shape, tensorType, unknownType } from '../shapes';
import { commonType } from './control-flow';
import { elementTypeAttribute, many, type OperatorTable, operator, type Use } from './operator';

const anyKind = { anyKind: true };

const sequenceOf = (element: ValueType | undefined): ValueType =>
  element === undefined ? { kind: 'sequence' } : { kind: 'sequence', element };

const elementOf = (type: ValueType | undefined): ValueType | undefined =>
  type === undefined || type.kind === 'tensor' ? undefined : type.element;

const typeAt = (use: Use, index: number): ValueType => use.inputs[index]?.type ?? unknownType;

const kept = operator([1, many], 1, (use) => [typeAt(use, 0)], anyKind);

const insert = operator(
  [2, 3],
  1,
  (use) => {
    const held = elementOf(typeAt(use, 0));
    return [sequenceOf(held === undefined ? held : commonType(held, typeAt(use, 1)))];
  },
  anyKind,
);

const construct = operator(
  [1, many],
  1,
  (use) => [sequenceOf(use.inputs.map((_, index) => typeAt(use, index)).reduce(commonType))],
  anyKind,
);

/** The element's shape with one axis open, or a new one where the parts are stacked. */
function joinedShape(shape: Shape, axis: number, stacked: boolean): Shape {
  if (shape === undefined) return undefined;
  if (stacked) return shape.toSpliced(fromFront(axis, shape.length + 1), 0, undefined);
  return shape.with(fromFront(axis, shape.length), undefined);
}

const concatenate = operator(
  1,
  1,
  (use) => {
    const element = elementOf(typeAt(use, 0));
    if (element?.kind !== 'tensor') return [unknownType];
    const stacked = intAttribute(use.attributes, 'new_axis', 0) !== 0;
    const axis = intAttribute(use.attributes, 'axis', 0);
    return [tensorType(element.elementType, joinedShape(element.shape, axis, stacked))];
  },
  anyKind,
);

const split = operator([1, 2], 1, (use) => {
  const type = typeAt(use, 0);
  if (type.kind !== 'tensor') return [sequenceOf(undefined)];
  const keep = intAttribute(use.attributes, 'keepdims', 1) !== 0 || use.inputs[1] !== undefined;
  const axis = fromFront(intAttribute(use.attributes, 'axis', 0), type.shape?.length ?? 1);
  const shape = keep ? type.shape?.with(axis, undefined) : type.shape?.toSpliced(axis, 1);
  return [sequenceOf(tensorType(type.elementType, shape))];
});

const empty = operator(0, 1, (use) => [
  sequenceOf(tensorType(elementTypeAttribute(use, 'dtype') ?? 'float', undefined)),
]);

const map = operator(
  [1, many],
  [1, many],
  (use) => {
    const body = attributeOf.graph(use.attributes, 'body');
    return body?.outputs.map((output) => sequenceOf(output.value.type)) ?? [unknownType];
  },
  anyKind,
);

const length = operator(1, 1, () => [tensorType('int64', [])], anyKind);

const optional = operator(
  [0, 1],
  1,
  (use) => [
    use.inputs[0] === undefined ? { kind: 'optional' } : { kind: 'optional', element: typeAt(use, 0) },
  ],
  anyKind,
);

const unwrapped = operator(
  1,
  1,
  (use) => {
    const type = typeAt(use, 0);
    return [type.kind === 'optional' ? (type.element ?? unknownType) : type];
  },
  anyKind,
);

/** Operators of lists of tensors, and of values that may be missing. */
export const sequences: OperatorTable = {
  SequenceEmpty: empty,
  SequenceConstruct: construct,
  SequenceInsert: insert,
  SequenceErase: kept,
  SequenceAt: operator(2, 1, (use) => [elementOf(typeAt(use, 0)) ?? unknownType], anyKind),
  SequenceLength: length,
  SequenceMap: map,
  SplitToSequence: split,
  ConcatFromSequence: concatenate,
  Optional: optional,
  OptionalHasElement: operator([0, 1], 1, () => [tensorType('bool', [])], anyKind),
  OptionalGetElement: unwrapped,
};
