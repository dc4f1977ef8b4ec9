import { fromBfloat16, fromFloat16 } from '../onnx/half';
import type { Tensor } from '../onnx/ir';

export type JsonScalar = number | string | boolean | null;

/** JSON has no NaN and no infinity. */
const finite = (value: number) => (Number.isFinite(value) ? value : null);

const largestExact = BigInt(Number.MAX_SAFE_INTEGER);
const exact = (value: bigint) =>
  value <= largestExact && value >= -largestExact ? Number(value) : String(value);

const scalar = (value: number | bigint | string): JsonScalar => {
  if (typeof value === 'number') return finite(value);
  return typeof value === 'bigint' ? exact(value) : value;
};

function convert(
  data: Tensor['data'],
  scalarOf: (value: number | bigint | string) => JsonScalar,
): JsonScalar[] {
  const values = new Array<JsonScalar>(data.length);
  for (let at = 0; at < data.length; at++) values[at] = scalarOf(data[at] ?? 0);
  return values;
}

/** Types whose JSON value is not what their array holds. */
const decoders: Partial<Record<Tensor['elementType'], typeof scalar>> = {
  bool: (value) => value !== 0,
  float16: (bits) => finite(fromFloat16(Number(bits))),
  bfloat16: (bits) => finite(fromBfloat16(Number(bits))),
};

/** Row-major JSON values: NaN and the infinities are null, integers beyond 2^53 strings of digits, booleans true or false. */
export const tensorValues = ({ elementType, data }: Tensor): JsonScalar[] =>
  convert(data, decoders[elementType] ?? scalar);
