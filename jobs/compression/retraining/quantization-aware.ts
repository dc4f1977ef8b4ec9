import type { RecoverySpec } from '../../../shared/contracts/compression/step-spec';
import type { Pass } from '../pass';
import { int8Static, type StaticSettings } from '../quantization/static/int8-static';
import { storeWeights } from '../quantization/static/store-weights';
import type { Workbench } from '../workbench';
import { recover } from './recover';

export interface QuantizationAwareSettings extends Omit<StaticSettings, 'storedWeights'> {
  readonly bench: Workbench;
  readonly recovery: RecoverySpec;
}

/**
 * Static int8 whose weights were trained for it: in every step they, and the activations, are rounded as they will be, and
 * gradients go straight through (Jacob et al., 2018). Scales and zero points are those of calibration.
 */
export const quantizationAware = ({ bench, recovery, ...settings }: QuantizationAwareSettings): Pass => ({
  name: 'quantization_aware',
  async apply(model) {
    const rounded = await int8Static({ ...settings, storedWeights: false }).apply(model);
    if (rounded.layers.every(({ kept }) => kept !== undefined)) return rounded;
    const trained = await recover(rounded.model, { bench, recovery });
    const { reduceRange } = settings;
    const stored = storeWeights(trained, reduceRange === undefined ? {} : { reduceRange });
    return { model: stored.model, layers: rounded.layers.map(({ results: _, ...layer }) => layer) };
  },
});
