import { attributeOf, intAttribute } from '../../shared/onnx/attributes';
import type { ConstantValue, Graph, OperationValue, Value } from '../../shared/onnx/ir';
import { consumersOf, everyValue } from '../../shared/onnx/walk';

/** A product of activations with a weight matrix that is part of the model. */
export interface MatrixLayer {
  readonly node: OperationValue;
  readonly weight: ConstantValue;
  readonly values: Float32Array;
  /** Sizes of the product: `[..., rows] x [rows, columns]`. */
  readonly rows: number;
  readonly columns: number;
  /** The weight is stored as `[columns, rows]`. */
  readonly transposed: boolean;
  /** Multiplies the product; 1 but for some Gemm nodes. */
  readonly factor: number;
}

interface Form {
  transposed: boolean;
  factor: number;
}

const forms: Readonly<Record<string, (node: OperationValue) => Form | undefined>> = {
  MatMul: () => ({ transposed: false, factor: 1 }),
  Gemm: ({ attributes }) =>
    intAttribute(attributes, 'transA', 0) === 0
      ? {
          transposed: intAttribute(attributes, 'transB', 0) !== 0,
          factor: attributeOf.float(attributes, 'alpha') ?? 1,
        }
      : undefined,
};

/** Every MatMul and Gemm of 32-bit floats whose right operand is a constant matrix, in bodies too. */
export function findMatrixLayers(graph: Graph): readonly MatrixLayer[] {
  return everyValue(graph.outputs.map(({ value }) => value)).flatMap((value) => {
    const layer = value.kind === 'operation' ? layerOf(value) : undefined;
    return layer === undefined ? [] : [layer];
  });
}

function layerOf(node: OperationValue): MatrixLayer | undefined {
  const form = node.domain === '' ? forms[node.op]?.(node) : undefined;
  const weight = node.inputs[1];
  if (form === undefined || weight?.kind !== 'constant') return undefined;
  const { dims, data, elementType } = weight.tensor;
  const [first, second] = dims;
  const isMatrix = dims.length === 2 && first !== undefined && second !== undefined;
  if (!isMatrix || elementType !== 'float' || !(data instanceof Float32Array)) return undefined;
  const [rows, columns] = form.transposed ? [second, first] : [first, second];
  return { node, weight, values: data, rows, columns, ...form };
}

/** Who reads a weight beside the layers that multiply by it: those would still need the floats. */
export function otherReaders(graph: Graph, layers: readonly MatrixLayer[]): ReadonlyMap<Value, string> {
  const roots = graph.outputs.map(({ value }) => value);
  const consumers = consumersOf(roots);
  const readers = new Map<Value, string>();
  for (const { weight } of layers) {
    const multiplies = new Set<Value>(
      layers.filter((layer) => layer.weight === weight).map(({ node }) => node),
    );
    const other = consumers
      .get(weight)
      ?.find((reader) => !multiplies.has(reader) || readsTwice(reader, weight));
    if (roots.includes(weight)) readers.set(weight, "the model's outputs");
    else if (other !== undefined) readers.set(weight, other.kind === 'operation' ? other.op : other.kind);
  }
  return readers;
}

const readsTwice = (reader: Value, weight: Value) =>
  reader.kind === 'operation' && reader.inputs.filter((input) => input === weight).length > 1;
