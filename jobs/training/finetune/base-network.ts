import { attribute, floatAttribute } from '../../../shared/onnx/attributes';
import { operation } from '../../../shared/onnx/build';
import { castTo, ints } from '../../../shared/onnx/expressions';
import type { ConstantValue, OperationValue, Value } from '../../../shared/onnx/ir';
import { elementTypeOf } from '../../../shared/onnx/shapes';
import { everyValue, rewrite } from '../../../shared/onnx/walk';
import { batchStatistics } from '../layers/batch-normalization';
import type { ForwardPass, Network, ParameterSpec, StatisticSpec } from '../network';
import type { TrainedNames } from './choose-trained';
import { isShapeArithmetic, rowDims, sizesFrom } from './cut-graph';
import type { Weight } from './find-weights';

export interface BaseNetworkParts {
  /** What the head reads. */
  readonly value: Value;
  readonly weights: readonly Weight[];
  readonly trained: TrainedNames;
  /** What the network is handed, side by side where it is more than one. */
  readonly frontier: readonly Value[];
}

/** Several values of each row as one, `[batch, numbers]`; a lone one as it is. Whole numbers stay exact to 2^24. */
export function packed(values: readonly Value[]): Value {
  const [only, ...more] = values;
  if (only !== undefined && more.length === 0) return only;
  const flat = values.map((value) =>
    operation('Flatten', [castTo(value, 'float')], { axis: attribute.int(1) }),
  );
  return operation('Concat', flat, { axis: attribute.int(1) });
}

/** The values that were packed, each as it was. */
function unpacked(features: Value, values: readonly Value[]): ReadonlyMap<Value, Value> {
  if (values.length === 1) return new Map(values.map((value) => [value, features]));
  let from = 0;
  return new Map(
    values.map((value) => {
      const dims = rowDims(value) ?? [];
      const to = from + dims.reduce((product, size) => product * size, 1);
      const part = operation('Slice', [features, ints([from]), ints([to]), ints([1])]);
      from = to;
      const shaped = operation('Reshape', [part, ints([0, ...dims])]);
      return [value, castTo(shaped, elementTypeOf(value) ?? 'float')];
    }),
  );
}

/** A normalisation over the batch whose scale or shift is trained, so that its running statistics follow the data. */
interface Normalisation {
  readonly node: OperationValue;
  readonly mean: StatisticSpec;
  readonly variance: StatisticSpec;
}

const statisticOf = (value: ConstantValue, node: string): StatisticSpec => ({
  name: value.name ?? node,
  dims: value.tensor.dims,
  initial: value.tensor,
});

function normalisations(value: Value, trained: ReadonlySet<Value>): Normalisation[] {
  const nodes = everyValue([value]).filter(
    (each): each is OperationValue => each.kind === 'operation' && each.op === 'BatchNormalization',
  );
  return nodes.flatMap((node, index) => {
    const [, scale, shift, mean, variance] = node.inputs;
    const learns = [scale, shift].some((each) => each !== undefined && trained.has(each));
    if (!learns || mean?.kind !== 'constant' || variance?.kind !== 'constant') return [];
    const name = `BatchNormalization_${index}`;
    return [
      {
        node,
        mean: statisticOf(mean, `${name}.running_mean`),
        variance: statisticOf(variance, `${name}.running_var`),
      },
    ];
  });
}

const keptOf = ({ attributes }: OperationValue): number => floatAttribute(attributes, 'momentum', 0.9);
const epsilonOf = ({ attributes }: OperationValue): number => floatAttribute(attributes, 'epsilon', 1e-5);

/** As PyTorch's in training: by the batch's own statistics, which the running ones follow. */
function overBatch(
  { node, mean, variance }: Normalisation,
  [x, scale, shift]: OperationValue['inputs'],
  { training, statistic, update }: ForwardPass,
): Value | undefined {
  const running = { mean: statistic(mean.name), variance: statistic(variance.name) };
  if (x === undefined || scale === undefined || shift === undefined) return undefined;
  const inputs = [x, scale, shift, running.mean, running.variance];
  if (!training) return operation('BatchNormalization', inputs, node.attributes);
  const options = { epsilon: epsilonOf(node), kept: keptOf(node) };
  const next = batchStatistics({ value: x, scale, shift, running }, options);
  update(mean.name, next.mean);
  update(variance.name, next.variance);
  return next.node;
}

/** The part of a model that is trained on: what reads the frontier, and all behind it, with its weights as parameters. */
export function baseNetwork({ value, weights, trained, frontier }: BaseNetworkParts): Network {
  const learned = weights.filter(({ name }) => trained.has(name));
  const names = new Map<Value, string>(learned.map((weight) => [weight.value, weight.name]));
  const overBatches = new Map(
    normalisations(value, new Set(names.keys())).map((each) => [each.node, each] as const),
  );
  const statistics = [...overBatches.values()].flatMap(({ mean, variance }) => [mean, variance]);
  return {
    parameters: learned.map(
      ({ name, decays, value: { tensor } }): ParameterSpec => ({
        name,
        decays,
        dims: tensor.dims,
        initialiser: { value: tensor },
        learningRateFactor: trained.get(name) ?? 1,
      }),
    ),
    statistics: statistics.filter(
      ({ name }, index) => statistics.findIndex((other) => other.name === name) === index,
    ),
    apply(features, pass) {
      const given = unpacked(features, frontier);
      const graph = { name: 'base', inputs: [], outputs: [{ name: 'value', value }] };
      const rewritten = rewrite(graph, (each, rebuilt) => {
        const name = names.get(each);
        if (name !== undefined) return pass.parameter(name);
        const normalisation = each.kind === 'operation' ? overBatches.get(each) : undefined;
        if (normalisation !== undefined && rebuilt.kind === 'operation')
          return overBatch(normalisation, rebuilt.inputs, pass);
        return given.get(each) ?? (isShapeArithmetic(each) ? sizesFrom(each, features) : undefined);
      });
      return rewritten.outputs[0]?.value ?? features;
    },
  };
}
