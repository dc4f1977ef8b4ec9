import type { Value } from '../../../../shared/onnx/ir';
import type { storeWeights } from '../store-weights';
import type { QuantizeActivations, ReachedRows } from './quantize-activations';

/** What the recipes of dynamic int8 share: the settings of the step, and what is made once for each model. */
export interface DynamicTools {
  readonly perChannel: boolean;
  readonly symmetric: boolean;
  readonly bits: 8 | 7;
  readonly weightOf: ReturnType<typeof storeWeights>;
  readonly quantize: QuantizeActivations;
  /** Absent: the range of activations is that of the whole tensor. */
  readonly divide?: (input: Value) => ReachedRows;
}
