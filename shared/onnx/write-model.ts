import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType as AttributeKind,
  type AttributeProto,
  AttributeProtoSchema,
  type GraphProto,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  type TensorShapeProto,
  TensorShapeProtoSchema,
  type TypeProto,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from 'onnx-buf';
import { InvalidGraphError } from '../errors/graph-errors';
import { elementFormats } from './element-types';
import type { Attribute, Dimension, Graph, Model, OperationValue, OtherType, Tensor, ValueType } from './ir';
import { type Layout, layOut } from './layout';
import { operatorOf } from './operators';
import type { Scope } from './place-values';
import { bytesOf } from './tensor-bytes';

const encoder = new TextEncoder();
const largest = 2n ** 63n - 1n;

/** The wire's int64; its largest value is no exact number, so what overshoots it is it. */
function wireInt(value: number): bigint {
  const exact = BigInt(value);
  return exact > largest ? largest : exact;
}

/** The codec takes bytes over an ArrayBuffer; others (shared memory) are copied. */
const wireBytes = (bytes: Uint8Array): Uint8Array<ArrayBuffer> =>
  bytes.buffer instanceof ArrayBuffer
    ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    : Uint8Array.from(bytes);

function writeTensor(tensor: Tensor, name = ''): TensorProto {
  const shape = { name, dims: tensor.dims.map(BigInt), dataType: elementFormats[tensor.elementType].code };
  if (tensor.elementType !== 'string') {
    return create(TensorProtoSchema, { ...shape, rawData: wireBytes(bytesOf(tensor)) });
  }
  const stringData = Array.from<unknown, Uint8Array<ArrayBuffer>>(tensor.data, (text) =>
    encoder.encode(String(text)),
  );
  return create(TensorProtoSchema, { ...shape, stringData });
}

function writeShape(shape: readonly Dimension[]): TensorShapeProto {
  const dim = shape.map((dimension) => {
    if (typeof dimension === 'number')
      return { value: { case: 'dimValue' as const, value: BigInt(dimension) } };
    return dimension === undefined ? {} : { value: { case: 'dimParam' as const, value: dimension } };
  });
  return create(TensorShapeProtoSchema, { dim });
}

function writeType(type: ValueType | undefined): TypeProto | undefined {
  if (type === undefined || type.kind === 'unknown') return undefined;
  if (type.kind !== 'tensor') return writeOtherType(type);
  const elemType = elementFormats[type.elementType].code;
  const value = type.shape === undefined ? { elemType } : { elemType, shape: writeShape(type.shape) };
  return create(TypeProtoSchema, { value: { case: 'tensorType', value } });
}

function writeOtherType(type: OtherType): TypeProto | undefined {
  const element = writeType(type.element);
  const elemType = element === undefined ? {} : { elemType: element };
  switch (type.kind) {
    case 'sequence':
      return create(TypeProtoSchema, { value: { case: 'sequenceType', value: elemType } });
    case 'optional':
      return create(TypeProtoSchema, { value: { case: 'optionalType', value: elemType } });
    case 'map': {
      const keyType = type.key === undefined ? 0 : elementFormats[type.key].code;
      const value = element === undefined ? { keyType } : { keyType, valueType: element };
      return create(TypeProtoSchema, { value: { case: 'mapType', value } });
    }
    case 'sparse': {
      const inner = element?.value.case === 'tensorType' ? element.value.value : undefined;
      const shape = inner?.shape === undefined ? {} : { shape: inner.shape };
      const value = { elemType: inner?.elemType ?? 0, ...shape };
      return create(TypeProtoSchema, { value: { case: 'sparseTensorType', value } });
    }
    default:
      return undefined;
  }
}

function writeValueInfo(name: string, declared: ValueType): ValueInfoProto {
  const type = writeType(declared);
  return create(ValueInfoProtoSchema, type === undefined ? { name } : { name, type });
}

function writeAttribute(name: string, found: Attribute, layout: Layout): AttributeProto {
  const make = (value: Partial<Omit<AttributeProto, '$typeName' | '$unknown'>>) =>
    create(AttributeProtoSchema, { name, ...value });
  switch (found.type) {
    case 'int':
      return make({ type: AttributeKind.INT, i: wireInt(found.value) });
    case 'float':
      return make({ type: AttributeKind.FLOAT, f: found.value });
    case 'string':
      return make({ type: AttributeKind.STRING, s: encoder.encode(found.value) });
    case 'tensor':
      return make({ type: AttributeKind.TENSOR, t: writeTensor(found.value) });
    case 'graph':
      return make({ type: AttributeKind.GRAPH, g: writeBody(found.value, layout) });
    case 'ints':
      return make({ type: AttributeKind.INTS, ints: found.value.map(wireInt) });
    case 'floats':
      return make({ type: AttributeKind.FLOATS, floats: [...found.value] });
    case 'strings':
      return make({ type: AttributeKind.STRINGS, strings: found.value.map((text) => encoder.encode(text)) });
    case 'tensors':
      return make({ type: AttributeKind.TENSORS, tensors: found.value.map((tensor) => writeTensor(tensor)) });
    case 'graphs':
      return make({ type: AttributeKind.GRAPHS, graphs: found.value.map((body) => writeBody(body, layout)) });
    case 'opaque':
      return fromBinary(AttributeProtoSchema, found.value);
  }
}

/** Names of a node's outputs; those that nobody reads are left out where the operator lets them. */
function outputNames(node: OperationValue, { names, placement }: Layout): readonly string[] {
  const operator = operatorOf(node.domain, node.op);
  const [fewest, most] = operator?.outputs ?? [0, Number.POSITIVE_INFINITY];
  const required = operator?.keepsOutputs || most === Number.POSITIVE_INFINITY ? node.types.length : fewest;
  const read = placement.projections.get(node);
  const nameAt = (index: number): string => {
    const value = index === 0 ? node : read?.get(index);
    if (value !== undefined && placement.read.has(value)) return names.of(value);
    return index < required ? names.fresh(node.op) : '';
  };
  return trimmed(node.types.map((_, index) => nameAt(index)));
}

const trimmed = (list: readonly string[]): string[] =>
  list.slice(0, list.findLastIndex((name) => name !== '') + 1);

function writeNode(node: OperationValue, layout: Layout): NodeProto {
  const output = [...outputNames(node, layout)];
  const attributes = Object.entries(node.attributes).sort(([a], [b]) => (a < b ? -1 : 1));
  return create(NodeProtoSchema, {
    opType: node.op,
    ...(node.domain === '' ? {} : { domain: node.domain }),
    name: layout.names.of(node),
    input: trimmed(node.inputs.map((value) => (value === undefined ? '' : layout.names.of(value)))),
    output,
    attribute: attributes.map(([name, found]) => writeAttribute(name, found, layout)),
  });
}

/** Types of what operators outside the table give out: the reader cannot infer them. */
function declaredTypes(scope: Scope, { names, placement }: Layout): ValueInfoProto[] {
  const foreign = scope.nodes.filter((node) => operatorOf(node.domain, node.op) === undefined);
  const values = foreign.flatMap((node) => [node, ...(placement.projections.get(node)?.values() ?? [])]);
  return values
    .filter(({ type }) => type.kind !== 'unknown')
    .map((value) => writeValueInfo(names.of(value), value.type));
}

function writeScope(scope: Scope, layout: Layout): GraphProto {
  const { graph } = scope;
  return create(GraphProtoSchema, {
    name: graph.name || 'graph',
    input: graph.inputs.map((bound) => writeValueInfo(layout.names.of(bound), bound.type)),
    output: graph.outputs.map(({ value }) => writeValueInfo(layout.names.of(value), value.type)),
    initializer: scope.constants.map((value) => writeTensor(value.tensor, layout.names.of(value))),
    valueInfo: declaredTypes(scope, layout),
    node: scope.nodes.map((node) => writeNode(node, layout)),
  });
}

function writeBody(graph: Graph, layout: Layout): GraphProto {
  const scope = layout.placement.scopes.get(graph);
  if (scope === undefined)
    throw new InvalidGraphError(`the body '${graph.name}' stands nowhere in the graph`);
  return writeScope(scope, layout);
}

const inOrder = <T>(record: Readonly<Record<string, T>>): [string, T][] =>
  Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));

/** Protocol buffers end at 2 GiB. */
const mostBytes = 2 ** 31 - 1;

function checkSize({ placement }: Layout): void {
  const constants = [...placement.scopes.values()].flatMap((scope) => scope.constants);
  const bytes = constants.reduce((sum, { tensor }) => sum + bytesOf(tensor).length, 0);
  if (bytes > mostBytes)
    throw new InvalidGraphError(`the weights take ${bytes} bytes: a model file holds ${mostBytes} at most`);
}

/**
 * An ONNX file. The same graph always gives the same bytes; values without a name are named by operator and number.
 * `InvalidGraphError` where a value is out of scope, a name is given twice, or the weights exceed 2 GiB.
 */
export function writeModel(model: Model): Uint8Array {
  const layout = layOut(model.graph);
  checkSize(layout);
  const message = create(ModelProtoSchema, {
    irVersion: BigInt(model.irVersion),
    producerName: model.producer,
    opsetImport: inOrder(model.opsets).map(([domain, version]) => ({ domain, version: BigInt(version) })),
    metadataProps: inOrder(model.metadata).map(([key, value]) => ({ key, value })),
    graph: writeScope(layout.placement.root, layout),
  });
  return toBinary(ModelProtoSchema, message);
}
