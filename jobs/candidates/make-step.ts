import type { StepName, StepOf, StepSpec } from '../../shared/contracts/compression/step-spec';
import { UnsuitableModelError } from '../../shared/errors/compression-errors';
import type { Model } from '../../shared/onnx/ir';
import { applyInTurn, type Passed } from '../compression/pass';
import { quantizeInt8Dynamic } from '../compression/quantize-int8-dynamic';
import type { Workbench } from '../compression/workbench';
import type { OrderOf } from './orders';

/** What a step has to work with beside the model. */
export interface StepTools {
  readonly bench: Workbench;
  readonly order: Pick<OrderOf<'make'>, 'reduceRange' | 'table' | 'teacher'>;
}

/** A step's result, with what people should know of it. */
export interface StepResult extends Passed {
  readonly notes?: readonly string[];
}

type MakeStep<N extends StepName> = (step: StepOf<N>, model: Model, tools: StepTools) => Promise<StepResult>;

/** How each step is done. */
const makers: { readonly [N in StepName]?: MakeStep<N> } = {
  int8_dynamic: (_, model) => applyInTurn([quantizeInt8Dynamic], model),
};

/** Does a step of a compression. `UnsuitableModelError` where the model is of a kind that the step cannot work on. */
export async function makeStep<N extends StepName>(
  step: StepOf<N> & StepSpec,
  model: Model,
  tools: StepTools,
): Promise<StepResult> {
  const name: N = step.name as N;
  const make = makers[name];
  if (make === undefined) throw new UnsuitableModelError(`the step '${step.name}' cannot be done`);
  return make(step, model, tools);
}
