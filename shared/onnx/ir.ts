/**
 * The graph language: an immutable expression DAG over ONNX operators. Identity is the node itself; names exist only for
 * inputs, outputs and named constants (initializers), and are made up for the rest when a model is written.
 */

/** ONNX TensorProto.DataType, in lower case. */
export type ElementType =
  | 'float'
  | 'double'
  | 'float16'
  | 'bfloat16'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'uint64'
  | 'int4'
  | 'uint4'
  | 'int2'
  | 'uint2'
  | 'float8e4m3fn'
  | 'float8e4m3fnuz'
  | 'float8e5m2'
  | 'float8e5m2fnuz'
  | 'float8e8m0'
  | 'float4e2m1'
  | 'bool'
  | 'string'
  | 'complex64'
  | 'complex128';

export type TensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array
  | readonly string[];

/**
 * Row-major values, held by reference and never changed. float16 and bfloat16 are bit patterns in Uint16Array, bool is
 * Uint8Array, types under 8 bits stay packed in Uint8Array, complex numbers are pairs of floats.
 */
export interface Tensor {
  readonly elementType: ElementType;
  readonly dims: readonly number[];
  readonly data: TensorData;
}

/** A size, a symbolic name (`'batch'`), or unknown. */
export type Dimension = number | string | undefined;

export interface TensorType {
  readonly kind: 'tensor';
  readonly elementType: ElementType;
  /** Unknown rank where undefined. */
  readonly shape: readonly Dimension[] | undefined;
}

/** Kinds that few operators use: carried through, not computed with. */
export interface OtherType {
  readonly kind: 'sequence' | 'optional' | 'map' | 'sparse' | 'unknown';
  readonly element?: ValueType;
  readonly key?: ElementType;
}

export type ValueType = TensorType | OtherType;

export type Attribute =
  | { readonly type: 'int'; readonly value: number }
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'tensor'; readonly value: Tensor }
  | { readonly type: 'graph'; readonly value: Graph }
  | { readonly type: 'ints'; readonly value: readonly number[] }
  | { readonly type: 'floats'; readonly value: readonly number[] }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  | { readonly type: 'tensors'; readonly value: readonly Tensor[] }
  | { readonly type: 'graphs'; readonly value: readonly Graph[] }
  /** What this language has no words for (types, sparse tensors, integers above 2^53): its protobuf bytes, carried through. */
  | { readonly type: 'opaque'; readonly value: Uint8Array };

export type Attributes = Readonly<Record<string, Attribute>>;

export interface InputValue {
  readonly kind: 'input';
  readonly name: string;
  readonly type: ValueType;
}

/** An initializer where it has a name, else a literal. */
export interface ConstantValue {
  readonly kind: 'constant';
  readonly name?: string;
  readonly tensor: Tensor;
  readonly type: TensorType;
}

/** One node, standing for its first output; further outputs are projections of it. */
export interface OperationValue {
  readonly kind: 'operation';
  readonly op: string;
  /** `''` is ai.onnx. */
  readonly domain: string;
  /** Undefined: an optional input left out. */
  readonly inputs: readonly (Value | undefined)[];
  readonly attributes: Attributes;
  /** One type per output of the node. */
  readonly types: readonly ValueType[];
  readonly type: ValueType;
}

/** Output `index` >= 1 of a node with several outputs. */
export interface ProjectionValue {
  readonly kind: 'projection';
  readonly of: OperationValue;
  readonly index: number;
  readonly type: ValueType;
}

export type Value = InputValue | ConstantValue | OperationValue | ProjectionValue;

export interface GraphOutput {
  readonly name: string;
  readonly value: Value;
}

/** A subgraph reads outer values by holding them: identity crosses the border, as names do in ONNX. */
export interface Graph {
  readonly name: string;
  readonly inputs: readonly InputValue[];
  readonly outputs: readonly GraphOutput[];
}

export interface Model {
  readonly graph: Graph;
  readonly irVersion: number;
  /** Domain -> version. */
  readonly opsets: Readonly<Record<string, number>>;
  readonly producer: string;
  readonly metadata: Readonly<Record<string, string>>;
}
