import type { Tensor } from '../../shared/onnx/ir';

/** Numbers below are as good as zero: weights under 1e-30 may have been flushed. */
const floor = 1e-20;

const isFloats = ({ elementType }: Tensor): boolean => ['float', 'double'].includes(elementType);

/** How far two lists of numbers are apart, of the largest of the expected; what is no number has to be the same. */
function distance(found: ArrayLike<unknown>, expected: ArrayLike<unknown>): number {
  let [largest, most] = [floor, 0];
  for (let at = 0; at < expected.length; at++) {
    const [a, b] = [Number(found[at]), Number(expected[at])];
    if (Object.is(a, b) || a === b) largest = Number.isFinite(b) ? Math.max(largest, Math.abs(b)) : largest;
    else if (Number.isFinite(a) && Number.isFinite(b)) {
      largest = Math.max(largest, Math.abs(b));
      most = Math.max(most, Math.abs(a - b));
    } else return Number.POSITIVE_INFINITY;
  }
  return most / largest;
}

/** The law of the lossless clean-up: the same outputs by name, order, type and sizes, and numbers within 1e-5 of their size. */
export function expectSameAnswers(
  found: Readonly<Record<string, Tensor>>,
  expected: Readonly<Record<string, Tensor>>,
): void {
  const shapes = (results: Readonly<Record<string, Tensor>>) =>
    Object.entries(results).map(([name, { elementType, dims }]) => ({ name, elementType, dims: [...dims] }));
  expect(shapes(found)).toEqual(shapes(expected));
  for (const [name, tensor] of Object.entries(expected)) {
    const own = found[name]?.data ?? [];
    if (isFloats(tensor)) expect(distance(own, tensor.data)).toBeLessThanOrEqual(1e-5);
    else expect(own).toEqual(tensor.data);
  }
}
