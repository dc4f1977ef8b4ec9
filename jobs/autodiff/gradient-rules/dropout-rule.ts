import { output } from '../../../shared/onnx/build';
import { castLike, divide, multiply, scalarLike, subtract, where } from '../../../shared/onnx/expressions';
import type { Value } from '../../../shared/onnx/ir';
import { knownInts } from '../../../shared/onnx/known-values';
import { unsupported } from '../unsupported';
import type { GradientRule, GradientRules } from './gradient-rule';

/** A flag that is a literal `false`. */
const isOff = (training: Value): boolean => knownInts(training)?.[0] === 0;

/** The gradient passes where the value passed; which ones did, the node's second output says. */
const dropout: GradientRule = (gradient, [, ratio, training], node) => {
  if (training === undefined || isOff(training)) return [gradient];
  if (node.types.length < 2) throw unsupported(node, 'give Dropout its mask as a second output');
  const mask = castLike(output(node, 1), gradient);
  const kept =
    ratio === undefined
      ? scalarLike(0.5, gradient)
      : subtract(scalarLike(1, gradient), castLike(ratio, gradient));
  return [where(training, divide(multiply(gradient, mask), kept), gradient)];
};

/** The rule of Dropout. */
export const dropoutRules: GradientRules = { Dropout: dropout };
