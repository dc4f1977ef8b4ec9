import { broadcast, broadcasting, pointwise } from './broadcast';
import { type ChannelRule, type ChannelRuleTable, namedRules } from './channel-rule';

/** What is added to a channel is a part of what makes it. */
const sum: ChannelRule = {
  axes(node, trace) {
    for (const addend of node.inputs)
      for (const index of (trace.axesOf(addend) ?? []).keys()) trace.mark(addend, index, 'writes');
    return broadcast(node, node.inputs, trace);
  },
};

/** Operators that treat each element by itself. */
export const elementwiseRules: ChannelRuleTable = {
  ...namedRules(
    'Abs Acos Acosh Asin Asinh Atan Atanh Ceil Celu Cos Cosh Elu Erf Exp Floor Gelu HardSigmoid HardSwish LeakyRelu ' +
      'Log Mish Neg Not Reciprocal Relu Round Selu Shrink Sigmoid Sign Sin Sinh Softplus Softsign Sqrt Swish Tan Tanh ' +
      'ThresholdedRelu BitwiseNot IsNaN IsInf Clip Identity Cast CastLike Dropout',
    pointwise,
  ),
  ...namedRules('Add Sub Sum', sum),
  ...namedRules(
    'Mul Div Pow And Or Xor Mod BitShift BitwiseAnd BitwiseOr BitwiseXor Max Min Mean Where PRelu ' +
      'Equal Greater GreaterOrEqual Less LessOrEqual',
    broadcasting,
  ),
};

/** Those that only ONNX Runtime defines. */
export const fusedElementwiseRules: ChannelRuleTable = {
  ...namedRules('Gelu QuickGelu', pointwise),
  ...namedRules('BiasGelu FastGelu', sum),
};
