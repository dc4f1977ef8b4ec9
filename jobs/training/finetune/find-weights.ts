import { subgraphsOf } from '../../../shared/onnx/attributes';
import { elementCount } from '../../../shared/onnx/element-types';
import type { ConstantValue, OperationValue, Value } from '../../../shared/onnx/ir';
import { inputsOf, postOrder } from '../../../shared/onnx/post-order';
import { everyValue } from '../../../shared/onnx/walk';
import { carriesGradient } from '../../autodiff/pull-back';
import { dependentOn } from './dependent-values';

/** What each input of an operator that may hold a weight is called, by its position. */
type Places = Readonly<Record<number, string>>;

const affine: Places = { 1: 'weight', 2: 'bias' };
const scaled: Places = { 1: 'scale', 2: 'bias' };
const product: Places = { 0: 'weight', 1: 'weight' };
const recurrent: Places = { 1: 'input_weight', 2: 'recurrent_weight', 3: 'bias', 7: 'peephole' };
const skipped: Places = { 2: 'scale', 3: 'shift', 4: 'bias' };

/** Layers: where their weights stand. An affine map of what is fed, before the first of them, is no layer: it scales inputs. */
const layers: Readonly<Record<string, Readonly<Record<string, Places>>>> = {
  '': {
    MatMul: product,
    Einsum: product,
    Gemm: { 0: 'weight', 1: 'weight', 2: 'bias' },
    Conv: affine,
    ConvTranspose: affine,
    Gather: { 0: 'embedding' },
    LSTM: recurrent,
    GRU: recurrent,
  },
  'com.microsoft': {
    FusedMatMul: product,
    Attention: affine,
    EmbedLayerNormalization: {
      2: 'word_embedding',
      3: 'position_embedding',
      4: 'segment_embedding',
      5: 'scale',
      6: 'bias',
    },
  },
};

/** What stands between layers. */
const between: Readonly<Record<string, Readonly<Record<string, Places>>>> = {
  '': {
    Add: { 0: 'bias', 1: 'bias' },
    Sub: { 0: 'bias', 1: 'bias' },
    Mul: { 0: 'scale', 1: 'scale' },
    Concat: Object.fromEntries(Array.from({ length: 8 }, (_, place) => [place, 'token'])),
    PRelu: { 1: 'slope' },
    BatchNormalization: scaled,
    InstanceNormalization: scaled,
    GroupNormalization: scaled,
    LayerNormalization: scaled,
    RMSNormalization: { 1: 'scale' },
  },
  'com.microsoft': {
    LayerNormalization: scaled,
    SkipLayerNormalization: skipped,
    SkipSimplifiedLayerNormalization: { 2: 'scale', 3: 'bias' },
    SimplifiedLayerNormalization: { 1: 'scale' },
    BiasGelu: { 1: 'bias' },
    FastGelu: { 1: 'bias' },
    MultiHeadAttention: { 3: 'bias' },
  },
};

const placesIn = (table: typeof layers, { domain, op }: OperationValue): Places | undefined => {
  const operators = Object.hasOwn(table, domain) ? table[domain] : undefined;
  return operators !== undefined && Object.hasOwn(operators, op) ? operators[op] : undefined;
};

/** A weight of a graph, by its name in the file, or one made up of the node that reads it. */
export interface Weight {
  readonly name: string;
  readonly value: ConstantValue;
  /** It multiplies what it reads, and is no bias and no scale: penalties pull it to zero, whatever its axes. */
  readonly decays: boolean;
}

/** What multiplies, or is looked up, in a layer. Biases, scales, shifts, slopes and tokens are not pulled to zero. */
const decaying = new Set([
  'weight',
  'input_weight',
  'recurrent_weight',
  'embedding',
  'word_embedding',
  'position_embedding',
  'segment_embedding',
]);

/** Beyond this a constant is a mask: what is added to a score so that its probability becomes 0. */
const largestWeight = 1e4;

const isMask = ({ tensor: { data } }: ConstantValue): boolean =>
  data instanceof Float32Array && !data.every((value) => Math.abs(value) < largestWeight);

/** Single numbers in formulas (an epsilon, the root of a width) are no weights; those in a place of their own are. */
function isWeight(value: ConstantValue, inFormula: boolean): boolean {
  const count = elementCount(value.tensor.dims);
  return value.tensor.elementType === 'float' && count > (inFormula ? 1 : 0) && !isMask(value);
}

/** What a value is made of that may be learned: of rounding to whole numbers and back, that which is rounded. */
function learnedParts(value: Value): readonly Value[] {
  const parts = inputsOf(value).filter((each) => carriesGradient(each));
  if (value.kind !== 'operation') return parts;
  if (value.op === 'QuantizeLinear') return parts.slice(0, 1);
  return value.op === 'DequantizeLinear' ? parts.filter((each) => each === value.inputs[0]) : parts;
}

/** Constants behind an expression that no row changes, as far as gradients reach. */
function constantsBehind(expression: Value): ConstantValue[] {
  return postOrder([expression], learnedParts).filter((value) => value.kind === 'constant');
}

/** A node that has weights of its own, and what they are called. */
export interface Layer {
  readonly node: OperationValue;
  /** The inputs that rows change. */
  readonly fed: readonly Value[];
}

interface Found {
  readonly weights: readonly Weight[];
  /** Without what stands between them, first ones first. */
  readonly layers: readonly Layer[];
}

class Finder {
  readonly layers: Layer[] = [];
  private readonly found = new Map<ConstantValue, Weight>();
  private readonly taken: Set<string>;
  private readonly counts = new Map<string, number>();
  private readonly fed: ReadonlySet<Value>;

  constructor(order: readonly Value[]) {
    this.fed = dependentOn(order, (value) => value.kind === 'input');
    this.taken = new Set(order.flatMap((value) => (value.kind === 'constant' ? [value.name ?? ''] : [])));
  }

  get weights(): readonly Weight[] {
    return [...this.found.values()];
  }

  /** Whether the node is a layer, or stands behind one and has weights. */
  visit(node: OperationValue, isBehind: boolean): boolean {
    const number = this.counts.get(node.op) ?? 0;
    this.counts.set(node.op, number + 1);
    const own = placesIn(layers, node);
    const places = own ?? (isBehind ? placesIn(between, node) : undefined);
    if (places === undefined || !this.fed.has(node)) return false;
    const found = node.inputs.flatMap((input, place) => {
      const role = places[place];
      if (input === undefined || role === undefined || this.fed.has(input)) return [];
      return constantsBehind(input)
        .filter((value) => isWeight(value, own === undefined))
        .map((value) => ({ value, name: `${node.op}_${number}.${role}`, decays: decaying.has(role) }));
    });
    for (const weight of found) {
      const { value, name } = weight;
      if (!this.found.has(value)) this.found.set(value, { ...weight, name: value.name ?? this.free(name) });
    }
    const isLayer = own !== undefined && found.length > 0;
    if (isLayer) this.layers.push({ node, fed: inputsOf(node).filter((each) => this.fed.has(each)) });
    return isLayer;
  }

  private free(name: string): string {
    let free = name;
    for (let count = 1; this.taken.has(free); count++) free = `${name}_${count}`;
    this.taken.add(free);
    return free;
  }
}

/** Whether bodies of If, Loop or Scan hold numbers that could have been weights: they stay as they are. */
export function hasWeightsInBodies(value: Value): boolean {
  const inside = everyValue([value]).flatMap((each) =>
    each.kind === 'operation' ? subgraphsOf(each.attributes).flatMap(({ outputs }) => outputs) : [],
  );
  const outside = new Set(postOrder([value], inputsOf));
  return everyValue(inside.map((output) => output.value)).some(
    (each) => each.kind === 'constant' && !outside.has(each) && isWeight(each, true),
  );
}

/**
 * The weights that a value rests on, each once however many nodes read it, and the layers that have them. A constant is a
 * weight by where it stands: bodies of If and Loop, masks, and what scales the inputs ahead of the first layer, are none.
 */
export function findWeights(value: Value): Found {
  const order = postOrder([value], inputsOf);
  const finder = new Finder(order);
  const behind = new Set<Value>();
  for (const each of order) {
    const isBehind = inputsOf(each).some((given) => behind.has(given));
    const isLayer = each.kind === 'operation' && finder.visit(each, isBehind);
    if (isBehind || isLayer) behind.add(each);
  }
  return { weights: finder.weights, layers: finder.layers };
}
