import { attributeOf, intAttribute } from '../../../../shared/onnx/attributes';
import type { Dimension, OperationValue, Value } from '../../../../shared/onnx/ir';
import { shapeOf } from '../../../../shared/onnx/shapes';
import type { Axis } from '../channel-sets';
import type { Axes, ChannelTrace } from '../channel-trace';
import { broadcastAxes, type Operand, operandOf } from './broadcast';
import { blockInputs, type ChannelRule, type ChannelRuleTable, takenTogether } from './channel-rule';

/** A factor of a product: the axes ahead of its matrices, the one that is summed over, and the one that stays. */
interface Factor {
  readonly value: Value;
  readonly batch: Operand;
  /** Index from the front. */
  readonly summed: number;
  readonly stays: number;
}

function factorOf(
  value: Value | undefined,
  { trace, summedLast }: { trace: ChannelTrace; summedLast: boolean },
): Factor | undefined {
  const operand = value && operandOf(value, trace);
  const rank = operand?.sizes.length ?? 0;
  if (value === undefined || operand === undefined || rank < 2) return undefined;
  const batch = { ...operand, axes: operand.axes.slice(0, -2), sizes: operand.sizes.slice(0, -2) };
  const [summed, stays] = summedLast ? [rank - 1, rank - 2] : [rank - 2, rank - 1];
  return { value, batch, summed, stays };
}

/** Heads are what two products of activations are taken over side by side. */
function markHeads(axes: readonly Axis[], trace: ChannelTrace): void {
  for (const axis of axes) if (axis !== undefined) trace.heads.add(axis);
}

function productAxes(a: Factor, b: Factor, trace: ChannelTrace): readonly Axis[] {
  trace.join(trace.axis(a.value, a.summed), trace.axis(b.value, b.summed));
  for (const { value, summed, stays } of [a, b]) {
    trace.mark(value, summed, 'reads');
    trace.mark(value, stays, 'writes');
  }
  const batch = broadcastAxes([a.batch, b.batch], trace);
  if (trace.isFed(a.value) && trace.isFed(b.value)) markHeads(batch, trace);
  return [...batch, trace.axis(a.value, a.stays), trace.axis(b.value, b.stays)];
}

const flag = (node: OperationValue, name: string): boolean => intAttribute(node.attributes, name, 0) !== 0;

function product(node: OperationValue, trace: ChannelTrace): readonly Axes[] {
  const a = factorOf(node.inputs[0], { trace, summedLast: !flag(node, 'transA') });
  const b = factorOf(node.inputs[1], { trace, summedLast: flag(node, 'transB') });
  const movesBatch = flag(node, 'transBatchA') || flag(node, 'transBatchB');
  if (a === undefined || b === undefined || movesBatch) return blockInputs(node, trace, takenTogether(node));
  return [productAxes(a, b, trace)];
}

const matMul: ChannelRule = { axes: product };

const gemm: ChannelRule = {
  axes(node, trace) {
    const [axes] = product(node, trace);
    const addend = node.inputs[2];
    const given = addend && operandOf(addend, trace);
    if (axes === undefined || addend === undefined) return [axes];
    if (given === undefined) return blockInputs(node, trace, takenTogether(node));
    trace.mark(addend, -1, 'writes');
    const sizes: readonly Dimension[] = shapeOf(node) ?? [];
    return [broadcastAxes([{ axes, sizes, isFed: trace.isFed(node) }, given], trace)];
  },
};

const blank = /\s/g;

/** The letters of each operand and of the result; undefined for ellipses and diagonals. */
function lettersOf(node: OperationValue): { operands: string[]; result: string } | undefined {
  const equation = attributeOf.string(node.attributes, 'equation')?.replace(blank, '') ?? '';
  const [left = '', result] = equation.split('->');
  const operands = left.split(',');
  const repeats = operands.some((letters) => new Set(letters).size < letters.length);
  return result === undefined || equation.includes('.') || repeats ? undefined : { operands, result };
}

const einsum: ChannelRule = {
  axes(node, trace) {
    const letters = lettersOf(node);
    const ranks = node.inputs.map((value) => shapeOf(value)?.length);
    if (letters?.operands.some((operand, index) => operand.length !== ranks[index]) ?? true)
      return blockInputs(node, trace, takenTogether(node));
    const axes = new Map<string, Axis>();
    for (const [index, operand] of (letters?.operands ?? []).entries()) {
      for (const [place, letter] of [...operand].entries()) {
        const own = trace.axis(node.inputs[index], place);
        trace.mark(node.inputs[index], place, letters?.result.includes(letter) ? 'writes' : 'reads');
        if (axes.has(letter)) trace.join(axes.get(letter), own);
        else axes.set(letter, own);
      }
    }
    const shared = [...(letters?.result ?? '')].filter((letter) =>
      letters?.operands.every((operand) => operand.includes(letter)),
    );
    if (node.inputs.every((value) => trace.isFed(value)))
      markHeads(
        shared.map((letter) => axes.get(letter)),
        trace,
      );
    return [[...(letters?.result ?? '')].map((letter) => axes.get(letter))];
  },
};

/** Sums of products: what is summed over may go, for a channel of zeros adds nothing. */
export const matrixRules: ChannelRuleTable = { MatMul: matMul, Gemm: gemm, Einsum: einsum };

/** That which only ONNX Runtime defines. */
export const fusedMatrixRules: ChannelRuleTable = { FusedMatMul: matMul };
