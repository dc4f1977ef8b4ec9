import type { StepName, StepOf, StepSpec } from '../../shared/contracts/compression/step-spec';
import { UnsuitableModelError } from '../../shared/errors/compression-errors';
import type { Model } from '../../shared/onnx/ir';
import type { Passed } from '../compression/pass';
import { quantizationAware } from '../compression/retraining/quantization-aware';
import { isQuantizer, type QuantizerStep, quantizerOf, type StepTools, staticForm } from './quantizers';

/** A step's result, with what people should know of it. */
export interface StepResult extends Passed {
  readonly notes?: readonly string[];
}

type MakeStep<N extends StepName> = (step: StepOf<N>, model: Model, tools: StepTools) => Promise<StepResult>;

/** Steps that change the model's shape, or train it. */
type MakerName = Exclude<StepName, QuantizerStep['name']>;

const makers: { readonly [N in MakerName]?: MakeStep<N> } = {
  quantization_aware: async (step, model, tools) =>
    quantizationAware({ ...(await staticForm(step, model, tools)), bench: tools.bench, ...step }).apply(
      model,
    ),
};

/** Does a step of a compression. `UnsuitableModelError` where the model is of a kind that the step cannot work on. */
export async function makeStep(step: StepSpec, model: Model, tools: StepTools): Promise<StepResult> {
  if (!isQuantizer(step)) return makeWhole(step.name, { step, model, tools });
  const quantizer = await quantizerOf(step.name, { step, model, tools });
  return quantizer(step.keep).apply(model);
}

function makeWhole<N extends MakerName>(
  name: N,
  { step, model, tools }: { step: StepOf<N>; model: Model; tools: StepTools },
): Promise<StepResult> {
  const make = makers[name];
  if (make === undefined) throw new UnsuitableModelError(`the step '${name}' cannot be done`);
  return make(step, model, tools);
}
