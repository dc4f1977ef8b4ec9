import type { Passed } from '../compression/pass';
import type { Workbench } from '../compression/workbench';
import type { OrderOf } from './orders';

/** What a step has to work with beside the model. */
export interface StepTools {
  readonly bench: Workbench;
  readonly order: Pick<OrderOf<'make'>, 'reduceRange' | 'table' | 'teacher' | 'original' | 'outcome'>;
}

/** A step's result, with what people should know of it. */
export interface StepResult extends Passed {
  readonly notes?: readonly string[];
}
