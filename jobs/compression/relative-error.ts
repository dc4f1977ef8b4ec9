import { fromFloat16 } from '../../shared/onnx/half';
import type { Tensor } from '../../shared/onnx/ir';

/** Norms of what was and of how far it is off, squared, as far as they were added up. */
export interface Deviation {
  readonly difference: number;
  readonly reference: number;
}

export const noDeviation: Deviation = { difference: 0, reference: 0 };

/** The numbers of a tensor of floats, of either width. */
function floatsOf({ elementType, data }: Tensor): ArrayLike<number> {
  if (elementType === 'float16')
    return Array.from<unknown, number>(data, (bits) => fromFloat16(Number(bits)));
  return data instanceof Float32Array ? data : Array.from<unknown, number>(data, Number);
}

/** Adds how far numbers are from what they were; both have as many. */
export function addDeviation(sum: Deviation, before: Tensor, after: Tensor): Deviation {
  const [was, is] = [floatsOf(before), floatsOf(after)];
  let { difference, reference } = sum;
  for (let at = 0; at < was.length; at++) {
    const number = was[at] ?? 0;
    difference += (number - (is[at] ?? 0)) ** 2;
    reference += number ** 2;
  }
  return { difference, reference };
}

/** Norm of the difference over the norm of what was; 1 where zeros became something. */
export const relativeError = ({ difference, reference }: Deviation): number =>
  reference === 0 ? Math.sign(difference) : Math.sqrt(difference / reference);
