/** How far from 1 a row's probabilities may sum: as much as float32 and quantization lose. */
const tolerance = 1e-2;

/** Stands for the first of two classes where a model speaks of the second alone: no probability, and no score either. */
export const alone = Number.NEGATIVE_INFINITY;

/**
 * Probabilities `[rows, classes]` as a model gave them, or, where any row is not a distribution, the softmax of what it
 * gave: a model that ends in scores (logits) means that. All rows are treated alike. Changes what is given where the first of
 * two classes stands alone: a probability leaves it the rest, and a score, by the sigmoid, is weighed against 0. What is
 * known to be scores, or none, is taken for that.
 */
export function asProbabilities(
  given: Float32Array,
  classes: number,
  areScores?: boolean,
): { probabilities: Float32Array; fromScores: boolean } {
  if (given[0] === alone) fillFirst(given);
  if (!(areScores ?? !areDistributions(given, classes))) return { probabilities: given, fromScores: false };
  const probabilities = new Float32Array(given.length);
  for (let start = 0; start < given.length; start += classes)
    softmax(given, probabilities, [start, start + classes]);
  return { probabilities, fromScores: true };
}

function fillFirst(pairs: Float32Array): void {
  const areProbabilities = pairs.every((value, at) => at % 2 === 0 || (value >= 0 && value <= 1));
  for (let at = 0; at < pairs.length; at += 2) pairs[at] = areProbabilities ? 1 - (pairs[at + 1] ?? 0) : 0;
}

/** What is not a number proves nothing: it stays, and is told of. */
function areDistributions(values: Float32Array, classes: number): boolean {
  for (let start = 0; start < values.length; start += classes) {
    let sum = 0;
    for (let at = start; at < start + classes; at++) {
      const value = values[at] ?? 0;
      if (value < 0 || value > 1) return false;
      sum += value;
    }
    if (Math.abs(sum - 1) > tolerance) return false;
  }
  return true;
}

function softmax(scores: Float32Array, into: Float32Array, [from, to]: [number, number]): void {
  const row = scores.subarray(from, to);
  const most = row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const sum = row.reduce((total, score) => total + Math.exp(score - most), 0);
  for (const [at, score] of row.entries()) into[from + at] = Math.exp(score - most) / sum;
}
