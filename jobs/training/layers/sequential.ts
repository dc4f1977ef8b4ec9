import type { Network } from '../network';

/** A part of a network without tensors of its own. */
export const pure = (apply: Network['apply']): Network => ({ parameters: [], statistics: [], apply });

/** One after the other. */
export const sequential = (...layers: readonly Network[]): Network => ({
  parameters: layers.flatMap(({ parameters }) => parameters),
  statistics: layers.flatMap(({ statistics }) => statistics),
  apply: (value, pass) => layers.reduce((reached, layer) => layer.apply(reached, pass), value),
});
