import { elementTypeOfCode } from './element-types';
import type { Dimension, ValueType } from './ir';
import { tensorType, unknownType } from './shapes';

interface WireDimension {
  readonly value: { readonly case?: string | undefined; readonly value?: bigint | string | undefined };
}

interface WireTensorType {
  readonly elemType: number;
  readonly shape?: { readonly dim: readonly WireDimension[] };
}

/** A TypeProto, as the codec gives it. */
export interface WireType {
  readonly value:
    | { readonly case: 'tensorType' | 'sparseTensorType'; readonly value: WireTensorType }
    | { readonly case: 'sequenceType' | 'optionalType'; readonly value: { readonly elemType?: WireType } }
    | {
        readonly case: 'mapType';
        readonly value: { readonly keyType: number; readonly valueType?: WireType };
      }
    | { readonly case: 'opaqueType' | undefined; readonly value?: unknown };
}

function dimensionOf({ value: { value } }: WireDimension): Dimension {
  if (typeof value === 'string') return value || undefined;
  const size = value === undefined ? -1 : Number(value);
  return size >= 0 && Number.isSafeInteger(size) ? size : undefined;
}

function tensorTypeOf({ elemType, shape }: WireTensorType): ValueType {
  const elementType = elementTypeOfCode(elemType);
  return elementType === undefined ? unknownType : tensorType(elementType, shape?.dim.map(dimensionOf));
}

const inside = (element: WireType | undefined) =>
  element === undefined ? {} : { element: typeOfWire(element) };

/** The type that a TypeProto describes; `unknown` where it says nothing, or nothing that we have words for. */
export function typeOfWire(type: WireType | undefined): ValueType {
  switch (type?.value.case) {
    case 'tensorType':
      return tensorTypeOf(type.value.value);
    case 'sparseTensorType':
      return { kind: 'sparse', element: tensorTypeOf(type.value.value) };
    case 'sequenceType':
      return { kind: 'sequence', ...inside(type.value.value.elemType) };
    case 'optionalType':
      return { kind: 'optional', ...inside(type.value.value.elemType) };
    case 'mapType': {
      const { keyType, valueType } = type.value.value;
      const key = elementTypeOfCode(keyType);
      return { kind: 'map', ...(key === undefined ? {} : { key }), ...inside(valueType) };
    }
    default:
      return unknownType;
  }
}
