import { takeRows } from '../graph-math';
import type { Network } from '../network';

/** Standard deviation that GPT-2 (Radford et al., 2019) draws all of its weights with. */
export const smallNormal = { standardDeviation: 0.02 } as const;

export interface EmbeddingOptions {
  readonly name: string;
  /** How many different ids there are: 0 to count - 1. */
  readonly count: number;
  readonly width: number;
}

/** A vector for each id: int64 `[…]` to `[…, width]`. */
export function embedding({ name, count, width }: EmbeddingOptions): Network {
  const table = `${name}.weight`;
  return {
    parameters: [{ name: table, dims: [count, width], initialiser: smallNormal }],
    statistics: [],
    apply: (ids, pass) => takeRows(pass.parameter(table), ids),
  };
}
