import { crossEntropy } from '../losses/cross-entropy';
import type { Loss } from '../losses/loss';

/** Mean over a window of `context` tokens of the cross entropy with the token that follows each, in nats. */
export const nextTokenLoss = (context: number, labelSmoothing = 0): Loss => ({
  ...crossEntropy({ labelSmoothing }),
  targets: { elementType: 'int64', dims: [context] },
});
