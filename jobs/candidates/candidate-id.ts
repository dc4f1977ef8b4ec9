import type { StepName, StepOf, StepSpec } from '../../shared/contracts/compression/step-spec';
import type { PruningStep } from './pruners';

type Details = { readonly [N in StepName]?: (step: StepOf<N>) => string };

const percent = (fraction: number): string => `_${Math.round(100 * fraction)}`;
const kept = ({ keep }: { readonly keep: readonly string[] }): string =>
  keep.length === 0 ? '' : `_keep${keep.length}`;
const ranges = ({ calibration: { method }, ...step }: StepOf<'int8_static'> | StepOf<'quantization_aware'>) =>
  `${method === 'minmax' ? '' : `_${method}`}${kept(step)}`;
const pruned = ({ fraction, importance }: PruningStep) =>
  `${percent(fraction)}${importance === undefined ? '' : `_${importance}`}`;

/** What tells forms of one step apart that are often tried beside each other. */
const details: Details = {
  int8_dynamic: kept,
  int8_static: ranges,
  quantization_aware: ranges,
  float16: kept,
  weight_only: ({ bits, block, ...step }) => `_${bits}bit_${block}${kept(step)}`,
  distill: ({ student }) => `_${student.family}`,
  prune_channels: pruned,
  prune_heads: pruned,
  prune_layers: pruned,
  prune_weights: (step) => (step.pattern === '2:4' ? '_2:4' : pruned(step)),
};

const detailOf = <N extends StepName>(name: N, step: StepOf<N>): string => details[name]?.(step) ?? '';

/** A short name for steps one after the other; `#2` and so on where others have it. */
export function candidateId(steps: readonly StepSpec[], isTaken: (id: string) => boolean): string {
  const name = steps.map((step) => `${step.name}${detailOf(step.name, step)}`).join(' + ');
  let id = name;
  for (let copy = 2; isTaken(id); copy++) id = `${name}#${copy}`;
  return id;
}
