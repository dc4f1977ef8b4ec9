import { attribute, intAttribute } from '../../../../shared/onnx/attributes';
import { operation } from '../../../../shared/onnx/build';
import { isFloatType } from '../../../../shared/onnx/element-types';
import { castLike, equal, exp, ints, less, log, negate, subtract } from '../../../../shared/onnx/expressions';
import type { Graph, OperationValue, Value } from '../../../../shared/onnx/ir';
import { elementTypeOf } from '../../../../shared/onnx/shapes';
import type { Seed } from '../../../autodiff/pull-back';

/** Uniform numbers of the shape of a value, other ones in each run; never 0. */
const uniformLike = (value: Value, seed: number): Value =>
  operation('RandomUniformLike', [value], {
    low: attribute.float(1e-7),
    high: attribute.float(1),
    seed: attribute.float(seed),
  });

const maximum = (value: Value, axis: number): Value => operation('ReduceMax', [value, ints([axis])]);

type Draw = (node: OperationValue, seed: number) => Seed | undefined;

/** A class drawn with its probability (Gumbel, 1954), less the probabilities: the gradient of the drawn class's log likelihood. */
const ofClasses =
  (probabilitiesOf: (node: OperationValue) => Value): Draw =>
  (node, seed) => {
    const [scores] = node.inputs;
    if (scores === undefined) return undefined;
    const axis = intAttribute(node.attributes, 'axis', -1);
    const noise = negate(log(negate(log(uniformLike(scores, seed)))));
    const noisy = operation('Add', [scores, noise]);
    const drawn = castLike(equal(noisy, maximum(noisy, axis)), scores);
    return { value: scores, gradient: subtract(drawn, probabilitiesOf(node)) };
  };

/** Yes or no, drawn with its probability, less the probability. */
const ofChances: Draw = (node, seed) => {
  const [scores] = node.inputs;
  if (scores === undefined) return undefined;
  return { value: scores, gradient: subtract(castLike(less(uniformLike(node, seed), node), node), node) };
};

/** How the ends of classifiers are drawn from. */
const draws: Readonly<Record<string, Draw>> = {
  Softmax: ofClasses((node) => node),
  LogSoftmax: ofClasses(exp),
  Sigmoid: ofChances,
};

/** A random direction of each number. */
const ofNumbers = (value: Value, seed: number): Seed => ({
  value,
  gradient: operation('RandomNormalLike', [value], { seed: attribute.float(seed) }),
});

const copies = new Set(['Identity', 'Cast']);

function behindCopies(value: Value): Value {
  let at = value;
  while (at.kind === 'operation' && at.domain === '' && copies.has(at.op) && isFloat(at.inputs[0]))
    at = at.inputs[0] ?? at;
  return at;
}

function isFloat(value: Value | undefined): boolean {
  const elementType = elementTypeOf(value);
  return elementType !== undefined && isFloatType(elementType);
}

function drawnFor(output: Value, seed: number): Seed {
  const value = behindCopies(output);
  const isPlain = value.kind === 'operation' && value.domain === '';
  const draw = isPlain && Object.hasOwn(draws, value.op) ? draws[value.op] : undefined;
  return (value.kind === 'operation' ? draw?.(value, seed) : undefined) ?? ofNumbers(value, seed);
}

/**
 * A random change of each output of floats, other in each run, whose gradients tell how much the answers depend on a number
 * inside the model: the expected square of such a gradient is, summed over rows, what the answers change by, to first order.
 * Of probabilities it is the Kullback-Leibler divergence, to second order (twice that: the Fisher information); of others the
 * squared distance. It needs no labels.
 */
export const drawnChanges = ({ outputs }: Graph, seed: number): readonly Seed[] =>
  outputs.filter(({ value }) => isFloat(value)).map(({ value }, index) => drawnFor(value, seed + index + 1));
