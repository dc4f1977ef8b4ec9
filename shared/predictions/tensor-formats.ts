import { toBfloat16, toFloat16 } from '../onnx/half';
import type { TensorData } from '../onnx/ir';
import { describeValue } from './describe-value';

/** Fills one tensor's values from JSON, one after the other. */
export interface TensorWriter {
  readonly data: TensorData;
  /** Undefined once written; else what was wrong, in words. */
  put(index: number, value: unknown): string | undefined;
  /** Writes the value that stands for none, NaN or ''; absent where the type has no such value. */
  putMissing?: (index: number) => void;
}

export interface TensorFormat {
  readonly kind: 'float' | 'integer' | 'boolean' | 'string';
  readonly open: (size: number) => TensorWriter;
}

interface FloatFormat {
  array: (size: number) => Float32Array | Float64Array | Uint16Array;
  largest: number;
  /** Number to what the array holds. */
  encode?: (value: number) => number;
}

function float({ array, largest, encode = (value) => value }: FloatFormat): TensorFormat {
  const missing = encode(Number.NaN);
  const open = (size: number): TensorWriter => {
    const data = array(size);
    return {
      data,
      put(index, value) {
        if (typeof value !== 'number') return `must be a number, got ${describeValue(value)}`;
        if (value > largest || value < -largest) return `must be a number within ±${largest}, got ${value}`;
        data[index] = encode(value);
        return undefined;
      },
      putMissing(index) {
        data[index] = missing;
      },
    };
  };
  return { kind: 'float', open };
}

type SmallIntegers = Int8Array | Int16Array | Int32Array | Uint8Array | Uint16Array | Uint32Array;

function integer(array: (size: number) => SmallIntegers, least: number, largest: number): TensorFormat {
  const open = (size: number): TensorWriter => {
    const data = array(size);
    return {
      data,
      put(index, value) {
        if (typeof value !== 'number' || !Number.isInteger(value))
          return `must be a whole number, got ${describeValue(value)}`;
        if (value < least || value > largest)
          return `must be a whole number from ${least} to ${largest}, got ${value}`;
        data[index] = value;
        return undefined;
      },
    };
  };
  return { kind: 'integer', open };
}

const digits = /^-?\d{1,20}$/;

/** JSON numbers are exact up to 2^53 only, so larger ones come as strings of digits. */
function wholeOf(value: unknown): bigint | undefined {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  return typeof value === 'string' && digits.test(value) ? BigInt(value) : undefined;
}

type LongIntegers = BigInt64Array | BigUint64Array;

function longInteger(array: (size: number) => LongIntegers, least: bigint, largest: bigint): TensorFormat {
  const open = (size: number): TensorWriter => {
    const data = array(size);
    return {
      data,
      put(index, value) {
        const whole = wholeOf(value);
        if (whole === undefined)
          return `must be a whole number, beyond 2^53 as a string of digits, got ${describeValue(value)}`;
        if (whole < least || whole > largest)
          return `must be a whole number from ${least} to ${largest}, got ${whole}`;
        data[index] = whole;
        return undefined;
      },
    };
  };
  return { kind: 'integer', open };
}

function openFlags(size: number): TensorWriter {
  const data = new Uint8Array(size);
  return {
    data,
    put(index, value) {
      if (typeof value !== 'boolean') return `must be true or false, got ${describeValue(value)}`;
      data[index] = value ? 1 : 0;
      return undefined;
    },
  };
}

function openTexts(size: number): TensorWriter {
  const data = new Array<string>(size).fill('');
  return {
    data,
    put(index, value) {
      if (typeof value !== 'string') return `must be a string, got ${describeValue(value)}`;
      data[index] = value;
      return undefined;
    },
    putMissing(index) {
      data[index] = '';
    },
  };
}

/** The element types that JSON can fill and read: all but the packed, the 8-bit float and the complex ones. */
export const tensorFormats = {
  float: float({ array: (size) => new Float32Array(size), largest: 3.4028234663852886e38 }),
  double: float({ array: (size) => new Float64Array(size), largest: Number.MAX_VALUE }),
  float16: float({ array: (size) => new Uint16Array(size), largest: 65_504, encode: toFloat16 }),
  bfloat16: float({
    array: (size) => new Uint16Array(size),
    largest: 3.3895313892515355e38,
    encode: toBfloat16,
  }),
  int8: integer((size) => new Int8Array(size), -128, 127),
  int16: integer((size) => new Int16Array(size), -32_768, 32_767),
  int32: integer((size) => new Int32Array(size), -(2 ** 31), 2 ** 31 - 1),
  uint8: integer((size) => new Uint8Array(size), 0, 255),
  uint16: integer((size) => new Uint16Array(size), 0, 65_535),
  uint32: integer((size) => new Uint32Array(size), 0, 2 ** 32 - 1),
  int64: longInteger((size) => new BigInt64Array(size), -(2n ** 63n), 2n ** 63n - 1n),
  uint64: longInteger((size) => new BigUint64Array(size), 0n, 2n ** 64n - 1n),
  bool: { kind: 'boolean', open: openFlags },
  string: { kind: 'string', open: openTexts },
} satisfies Record<string, TensorFormat>;

export type JsonElementType = keyof typeof tensorFormats;

export const isJsonElementType = (name: string): name is JsonElementType =>
  Object.hasOwn(tensorFormats, name);
