import { fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType as AttributeKind,
  type AttributeProto,
  AttributeProtoSchema,
  type FunctionProto,
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  type SparseTensorProto,
  type TensorProto,
  type ValueInfoProto,
} from 'onnx-buf';
import { InvalidGraphError, InvalidModelError } from '../errors/graph-errors';
import { attribute } from './attributes';
import { constant, operation, output } from './build';
import type {
  Attribute,
  Attributes,
  Graph,
  InputValue,
  Model,
  OperationValue,
  Tensor,
  Value,
  ValueType,
} from './ir';
import { literalOf } from './literals';
import { bodyInputTypes } from './operators/control-flow';
import { ReadNames } from './read-names';
import { unknownType } from './shapes';
import { denseTensor } from './sparse-tensor';
import { bytesOf, type ExternalData, tensorOfWire } from './tensor-bytes';
import { typeOfWire } from './wire-types';

export interface ReadOptions {
  /** Gives the bytes of tensors that lie in other files; without it, such models are refused. */
  readonly externalData?: (where: ExternalData) => Uint8Array;
  /** Most nodes, counted after functions are put in their callers' place. */
  readonly mostNodes?: number;
  /** Of the names of all values that stand in the graph itself, those to give out beside its own outputs, as its last ones. */
  readonly giveOut?: (names: readonly string[]) => readonly string[];
}

const mostCalls = 32;
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Strings as an attribute, or undefined where they are bytes rather than text. */
function asText(bytes: readonly Uint8Array[], make: (texts: string[]) => Attribute): Attribute | undefined {
  try {
    return make(bytes.map((each) => decoder.decode(each)));
  } catch {
    return undefined;
  }
}

const readTypes = (infos: readonly ValueInfoProto[]): ReadonlyMap<string, ValueType> =>
  new Map(infos.map(({ name, type }) => [name, typeOfWire(type)]));

/** Whole numbers that a double holds; the end of the range, which stands for "no limit", is rounded. */
const exact = (value: bigint): boolean => BigInt(Number(value)) === value || value === 2n ** 63n - 1n;

/** The kind of an attribute; files of IR version 1 do not say it. */
function kindOf(proto: AttributeProto): AttributeKind {
  if (proto.type !== AttributeKind.UNDEFINED) return proto.type;
  if (proto.t !== undefined) return AttributeKind.TENSOR;
  if (proto.g !== undefined) return AttributeKind.GRAPH;
  if (proto.ints.length > 0) return AttributeKind.INTS;
  if (proto.floats.length > 0) return AttributeKind.FLOATS;
  if (proto.strings.length > 0) return AttributeKind.STRINGS;
  if (proto.s.length > 0) return AttributeKind.STRING;
  return proto.f !== 0 ? AttributeKind.FLOAT : AttributeKind.INT;
}

const functionKey = (domain: string, name: string, overload: string) => `${domain}\n${name}\n${overload}`;

interface Place {
  readonly names: ReadNames;
  /** Attributes of the call that a function's body is read for. */
  readonly call: Attributes;
  /** How many calls stand around it. */
  readonly depth: number;
  /** What the node hands to its bodies, which need not say so themselves. */
  readonly handed: readonly ValueType[];
}

interface Given {
  readonly inputs: readonly (Value | undefined)[];
  readonly attributes: Attributes;
}

const callAttribute = ({ call }: Place, name: string): Attribute | undefined =>
  Object.hasOwn(call, name) ? call[name] : undefined;

class ModelReader {
  private readonly options: ReadOptions;
  private readonly functions: ReadonlyMap<string, FunctionProto>;
  private nodesLeft: number;
  /** A file of a few bytes may claim sparse tensors of any size. */
  private sparseBytesLeft = 2 ** 28;

  constructor(model: ModelProto, options: ReadOptions) {
    this.options = options;
    this.nodesLeft = options.mostNodes ?? 1_000_000;
    this.functions = new Map(
      model.functions.map((each) => [functionKey(each.domain, each.name, each.overload), each]),
    );
  }

  readGraph(graph: GraphProto, outer: Place | undefined): Graph {
    const names = new ReadNames(outer?.names, readTypes([...graph.valueInfo, ...graph.output]));
    const place: Place = { names, call: outer?.call ?? {}, depth: outer?.depth ?? 0, handed: [] };
    for (const sparse of graph.sparseInitializer) {
      const name = sparse.values?.name ?? '';
      names.set(name, constant(this.readSparse(sparse), name));
    }
    for (const wire of graph.initializer) names.set(wire.name, constant(this.readTensor(wire), wire.name));
    const initialized = new Set(outer === undefined ? graph.initializer.map((wire) => wire.name) : []);
    const inputs = graph.input
      .filter(({ name }) => !initialized.has(name))
      .map(({ name, type }, index): InputValue => {
        const declared = typeOfWire(type);
        const handed = outer?.handed[index] ?? unknownType;
        return { kind: 'input', name, type: declared.kind === 'unknown' ? handed : declared };
      });
    for (const bound of inputs) names.set(bound.name, bound);
    for (const node of graph.node) this.readNode(node, place);
    const more = outer === undefined ? (this.options.giveOut?.(names.own()) ?? []) : [];
    const outputs = [...graph.output.map(({ name }) => name), ...more].map((name) => ({
      name,
      value: this.given(name, place, 'the graph'),
    }));
    return { name: graph.name, inputs, outputs };
  }

  private given(name: string, { names }: Place, reader: string): Value {
    const value = names.find(name, reader);
    if (value === undefined) throw new InvalidModelError(`${reader} gives out '${name}', which has no value`);
    return value;
  }

  private readTensor(wire: TensorProto): Tensor {
    return tensorOfWire(wire, this.options.externalData);
  }

  private readSparse({ values, indices, dims }: SparseTensorProto): Tensor {
    if (values === undefined || indices === undefined)
      throw new InvalidModelError('a sparse tensor lacks values or indices');
    const sparse = { values: this.readTensor(values), indices: this.readTensor(indices), dims };
    const dense = denseTensor(sparse, this.sparseBytesLeft);
    this.sparseBytesLeft -= bytesOf(dense).length;
    return dense;
  }

  private readNode(node: NodeProto, place: Place): void {
    if (this.nodesLeft-- <= 0) throw new InvalidModelError('the model has more nodes than are allowed');
    const inputs = node.input.map((name) => place.names.find(name, `the node ${node.name || node.opType}`));
    const handed = bodyInputTypes(node.opType, inputs);
    const attributes = this.readAttributes(node.attribute, { ...place, handed });
    const called = this.functions.get(functionKey(node.domain, node.opType, node.overload));
    if (called !== undefined) this.readCall(called, node, { ...place, call: attributes });
    else this.readOperation(node, { inputs, attributes }, place);
  }

  private readOperation(node: NodeProto, given: Given, place: Place): void {
    const { names } = place;
    const literal =
      node.opType === 'Constant' && node.domain === '' ? literalOf(given.attributes) : undefined;
    const [name = ''] = node.output;
    if (literal !== undefined) {
      names.set(name, constant(literal, name));
      return;
    }
    const made = this.apply(node, given, place);
    for (const [index, each] of node.output.entries()) if (each !== '') names.set(each, output(made, index));
  }

  /** Shapes that do not fit are not a reader's business: the file's own types stand, and `verifyGraph` tells. */
  private apply(node: NodeProto, { inputs, attributes }: Given, { names }: Place): OperationValue {
    const domain = node.domain === 'ai.onnx' ? '' : node.domain;
    const types = node.output.map((name) => names.typeOf(name));
    try {
      return operation(node.opType, inputs, attributes, { domain, outputs: node.output.length, types });
    } catch (cause) {
      if (!(cause instanceof InvalidGraphError)) throw cause;
      const declared = types.map((type) => type ?? unknownType);
      const [type = unknownType] = declared;
      return { kind: 'operation', op: node.opType, domain, inputs, attributes, types: declared, type };
    }
  }

  /** A function's body is read anew in the place of each call. */
  private readCall(called: FunctionProto, node: NodeProto, caller: Place): void {
    const reader = `the call of ${called.name}`;
    if (caller.depth >= mostCalls) throw new InvalidModelError(`functions call each other ${mostCalls} deep`);
    const defaults = this.readAttributes(called.attributeProto, caller);
    const names = new ReadNames(undefined, readTypes(called.valueInfo));
    called.input.forEach((name, index) => {
      names.set(name, caller.names.find(node.input[index] ?? '', reader));
    });
    const place = { names, call: { ...defaults, ...caller.call }, depth: caller.depth + 1, handed: [] };
    for (const each of called.node) this.readNode(each, place);
    node.output.forEach((name, index) => {
      if (name !== '') caller.names.set(name, this.given(called.output[index] ?? '', place, reader));
    });
  }

  private readAttributes(protos: readonly AttributeProto[], place: Place): Attributes {
    const entries = protos.flatMap((proto) => {
      const found =
        proto.refAttrName === '' ? this.readAttribute(proto, place) : callAttribute(place, proto.refAttrName);
      return found === undefined ? [] : [[proto.name, found] as const];
    });
    return Object.fromEntries(entries);
  }

  private readAttribute(proto: AttributeProto, place: Place): Attribute {
    return this.readWords(proto, place) ?? this.opaque(proto);
  }

  private opaque(proto: AttributeProto): Attribute {
    return { type: 'opaque', value: toBinary(AttributeProtoSchema, proto) };
  }

  private readWords(proto: AttributeProto, place: Place): Attribute | undefined {
    switch (kindOf(proto)) {
      case AttributeKind.INT:
        return exact(proto.i) ? attribute.int(Number(proto.i)) : undefined;
      case AttributeKind.FLOAT:
        return attribute.float(proto.f);
      case AttributeKind.STRING:
        return asText([proto.s], ([only = '']) => attribute.string(only));
      case AttributeKind.TENSOR:
        return proto.t && attribute.tensor(this.readTensor(proto.t));
      case AttributeKind.GRAPH:
        return proto.g && attribute.graph(this.readGraph(proto.g, place));
      case AttributeKind.INTS:
        return proto.ints.every(exact) ? attribute.ints(proto.ints.map(Number)) : undefined;
      case AttributeKind.FLOATS:
        return attribute.floats(proto.floats);
      case AttributeKind.STRINGS:
        return asText(proto.strings, attribute.strings);
      case AttributeKind.TENSORS:
        return attribute.tensors(proto.tensors.map((each) => this.readTensor(each)));
      case AttributeKind.GRAPHS:
        return attribute.graphs(proto.graphs.map((each) => this.readGraph(each, place)));
      default:
        return undefined;
    }
  }
}

/** Versions by domain; every function is written for the same versions as the model around it. */
function readOpsets(model: ModelProto): Readonly<Record<string, number>> {
  const opsets = new Map<string, number>();
  const imports = [model, ...model.functions].flatMap((each) => each.opsetImport);
  for (const { domain, version } of imports) {
    const name = domain === 'ai.onnx' ? '' : domain;
    const other = opsets.get(name);
    if (other !== undefined && other !== Number(version)) {
      throw new InvalidModelError(`versions ${other} and ${version} of the operators of '${name}' are mixed`);
    }
    opsets.set(name, Number(version));
  }
  if (!opsets.has('')) opsets.set('', 1);
  return Object.fromEntries(opsets);
}

function parse(bytes: Uint8Array): ModelProto {
  const own = bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes);
  return fromBinary(ModelProtoSchema, own);
}

/**
 * The model that the bytes of an ONNX file hold, as untrusted as they may be: `InvalidModelError` is all that it throws.
 * Initializers that are listed as inputs too are constants, functions are put in their callers' place, and names of other
 * values, comments and training information are left behind. IR versions below 4 become 4, where that is allowed.
 */
export function readModel(bytes: Uint8Array, options: ReadOptions = {}): Model {
  try {
    const model = parse(bytes);
    if (model.graph === undefined) throw new InvalidModelError('the bytes hold no ONNX graph');
    return {
      graph: new ModelReader(model, options).readGraph(model.graph, undefined),
      irVersion: Math.max(4, Number(model.irVersion)),
      opsets: readOpsets(model),
      producer: model.producerName,
      metadata: Object.fromEntries(model.metadataProps.map(({ key, value }) => [key, value])),
    };
  } catch (cause) {
    if (cause instanceof InvalidModelError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new InvalidModelError(`the bytes are no ONNX model: ${reason}`, cause);
  }
}
