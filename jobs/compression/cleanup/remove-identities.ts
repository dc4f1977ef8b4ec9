import type { Model } from '../../../shared/onnx/ir';
import { type Cleaned, type CleaningPass, replaceIn } from './cleaning-pass';
import { simplerForm } from './identity-rules';

/** Removes what changes nothing: identities, arithmetic with 0 and 1, movements to where things are, and pairs that undo each other. */
export const removeIdentities = {
  name: 'remove_identities',
  apply: (model: Model): Cleaned =>
    replaceIn(model, (_, rebuilt) => (rebuilt.kind === 'operation' ? simplerForm(rebuilt) : undefined)),
} satisfies CleaningPass;
