import type { RecoverySpec } from '../../../shared/contracts/compression/step-spec';
import type { Value } from '../../../shared/onnx/ir';
import type { LayerDecision, Pass } from '../pass';
import { int8Static, type StaticSettings } from '../quantization/static/int8-static';
import { withStoredWeights } from '../quantization/static/store-weights';
import type { Workbench } from '../workbench';
import { retrain } from './recover';

export interface QuantizationAwareSettings extends Omit<StaticSettings, 'storedWeights'> {
  readonly bench: Workbench;
  readonly recovery: RecoverySpec;
}

/** A layer's decision by what its result became in the end. */
function followed(
  { results, ...layer }: LayerDecision,
  becameOf: (value: Value) => Value | undefined,
): LayerDecision {
  const after = results && becameOf(results.after);
  return results === undefined || after === undefined ? layer : { ...layer, results: { ...results, after } };
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
    const trained = await retrain(rounded.model, { bench, recovery });
    const stored = withStoredWeights(trained.model, settings);
    const becameOf = (value: Value): Value | undefined => {
      const learned = trained.became.get(value);
      return learned && stored.became.get(learned);
    };
    const layers = rounded.layers.map((layer) => followed(layer, becameOf));
    return { model: { ...trained.model, graph: stored.graph }, layers };
  },
});
