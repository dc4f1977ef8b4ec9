import type { Tensor } from '../../shared/onnx/ir';
import { readAnswers } from './batch-folder';

/** What a lossless change may do to a number, as a share of the largest of its output. */
const tolerance = 1e-5;

function isSame(was: Tensor, is: Tensor | undefined): boolean {
  if (is === undefined || was.data.length !== is.data.length) return false;
  let [difference, largest] = [0, 0];
  for (let at = 0; at < was.data.length; at++) {
    const [old, recent] = [Number(was.data[at]), Number(is.data[at])];
    if (Object.is(old, recent)) continue;
    difference = Math.max(difference, Math.abs(recent - old));
    largest = Math.max(largest, Math.abs(old));
    if (Number.isNaN(recent - old)) return false;
  }
  return difference <= tolerance * largest;
}

/** Whether two folders hold the same answers, but for rounding. */
export async function sameAnswers(original: string, folder: string): Promise<boolean> {
  const others = readAnswers(folder)[Symbol.asyncIterator]();
  for await (const was of readAnswers(original)) {
    const { value: is } = await others.next();
    if (!Object.entries(was).every(([name, tensor]) => isSame(tensor, is?.[name]))) return false;
  }
  return true;
}
