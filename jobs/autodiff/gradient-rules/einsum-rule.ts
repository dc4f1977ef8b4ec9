import { attributeOf } from '../../../shared/onnx/attributes';
import { attribute, operation } from '../../../shared/onnx/build';
import { sizesOf, unsqueeze } from '../../../shared/onnx/expressions';
import type { Value } from '../../../shared/onnx/ir';
import { parseEinsum } from '../../../shared/onnx/operators/einsum';
import { unsupported } from '../unsupported';
import type { Gradient, GradientRule, GradientRules } from './gradient-rule';

interface Term {
  readonly value: Value;
  readonly labels: string;
}

const lettersOf = (labels: string): readonly string[] => [...labels.replace('...', '')];

/** The product of the others and the gradient, summed over what the wanted term does not have. */
function contracted(terms: readonly Term[], wanted: string): Value {
  const equation = `${terms.map(({ labels }) => labels).join(',')}->${wanted}`;
  return operation(
    'Einsum',
    terms.map(({ value }) => value),
    { equation: attribute.string(equation) },
  );
}

/** Labels that only this operand has were summed away: its gradient is the same all along them. */
function operandGradient(own: Term, others: readonly Term[], gradient: Term): Gradient {
  const known = new Set([...others, gradient].flatMap(({ labels }) => lettersOf(labels)));
  const letters = [...own.labels.replace('...', '.')];
  const kept = letters.filter((letter) => letter === '.' || known.has(letter));
  const spread = contracted([gradient, ...others], kept.join('').replace('.', '...'));
  if (kept.length === letters.length) return spread;
  const lost = letters.flatMap((letter, axis) => (letter !== '.' && !known.has(letter) ? [axis] : []));
  return operation('Expand', [unsqueeze(spread, lost), sizesOf(own.value)]);
}

/** Each operand's gradient is an Einsum of the gradient with the other operands. */
const einsum: GradientRule = (gradient, inputs, node, attributes) => {
  const values = inputs.filter((value) => value !== undefined);
  const { operands, result } = parseEinsum(attributeOf.string(attributes, 'equation') ?? '', values.length);
  const terms = values.map((value, index): Term => ({ value, labels: operands[index] ?? '' }));
  return terms.map((own, index) => {
    const letters = lettersOf(own.labels);
    const repeats = new Set(letters).size < letters.length;
    const lostBroadcast =
      own.labels.includes('...') &&
      letters.some((letter) => !`${result}${operands.toSpliced(index, 1)}`.includes(letter));
    if (repeats || lostBroadcast)
      throw unsupported(node, 'write diagonals, and sums beside broadcast axes, as operators of their own');
    return operandGradient(own, terms.toSpliced(index, 1), { value: gradient, labels: result });
  });
};

/** The rule of Einsum. */
export const einsumRules: GradientRules = { Einsum: einsum };
