import type { FamilyName } from '../../../shared/contracts/training/model-spec';
import type { Prepared } from '../prepare';
import { prepareCnn } from './cnn';
import type { PrepareFamily, PrepareRequest } from './family';
import { prepareFinetune } from './finetune';
import { prepareRnn } from './rnn';
import { prepareLinear, prepareMlp } from './tabular';
import { prepareTransformer } from './transformer';

/** Every model family by the name it has in a train spec. */
const families: { readonly [F in FamilyName]: PrepareFamily<F> } = {
  linear: prepareLinear,
  mlp: prepareMlp,
  cnn: prepareCnn,
  rnn: prepareRnn,
  transformer: prepareTransformer,
  finetune: prepareFinetune,
};

/** What the family of a spec makes of the training rows. */
export const prepareFamily = <F extends FamilyName>(
  family: F,
  request: PrepareRequest<F>,
): Promise<Prepared> => families[family](request);
