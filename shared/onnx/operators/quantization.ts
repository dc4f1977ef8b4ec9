import { intAttribute } from '../attributes';
import type { ElementType } from '../ir';
import { broadcastShapes, type Shape, tensorType } from '../shapes';
import { matMulShape, transposedIf } from './matrix';
import {
  elementTypeAttribute,
  inputShape,
  named,
  type OperatorTable,
  operator,
  typeOf,
  type Use,
} from './operator';

const product = (use: Use, a: number, b: number): Shape =>
  matMulShape(inputShape(use, a), inputShape(use, b));

/** The zero point's type, or the one named, or uint8. */
const quantizedType = (use: Use): ElementType =>
  use.inputs[2] === undefined
    ? (elementTypeAttribute(use, 'output_dtype') ?? 'uint8')
    : typeOf(use, 2).elementType;

const quantize = operator([2, 3], 1, (use) => [tensorType(quantizedType(use), inputShape(use, 0))]);

const dequantize = operator([2, 3], 1, (use) => [
  tensorType(elementTypeAttribute(use, 'output_dtype') ?? typeOf(use, 1).elementType, inputShape(use, 0)),
]);

const dynamicQuantize = operator(1, 3, (use) => [
  tensorType('uint8', inputShape(use, 0)),
  tensorType('float', []),
  tensorType('uint8', []),
]);

const matMulInteger = operator([2, 4], 1, (use) => [tensorType('int32', product(use, 0, 1))]);

const quantizedMatMul = operator(8, 1, (use) => [tensorType(typeOf(use, 7).elementType, product(use, 0, 3))]);

/** Operators of small integers that stand for floats. */
export const quantization: OperatorTable = {
  QuantizeLinear: quantize,
  DequantizeLinear: dequantize,
  DynamicQuantizeLinear: dynamicQuantize,
  MatMulInteger: matMulInteger,
  QLinearMatMul: quantizedMatMul,
};

const scaledProduct = (scale: number) => (use: Use) => [
  tensorType(typeOf(use, scale).elementType, product(use, 0, 1)),
];

/** A product with weights packed a few bits at a time. */
const matMulNBits = operator([3, 6], 1, (use) => {
  const { elementType, shape } = typeOf(use, 0);
  return [tensorType(elementType, shape && [...shape.slice(0, -1), intAttribute(use.attributes, 'N', 0)])];
});

const quantizedPair = operator([7, 8], 1, (use) => [
  tensorType(typeOf(use, 0).elementType, broadcastShapes(inputShape(use, 0), inputShape(use, 3))),
]);

const quantizedAlone = operator([4, 5], 1, (use) => [typeOf(use, 0)]);

const quantizedGemm = operator([6, 9], 1, (use) => {
  const flag = (name: string) => intAttribute(use.attributes, name, 0) !== 0;
  const [a, b] = [
    transposedIf(flag('transA'), inputShape(use, 0)),
    transposedIf(flag('transB'), inputShape(use, 3)),
  ];
  const elementType = use.inputs[8] === undefined ? 'float' : typeOf(use, 8).elementType;
  return [tensorType(elementType, matMulShape(a, b))];
});

/** Those that only ONNX Runtime defines. */
export const microsoftQuantization: OperatorTable = {
  QuantizeLinear: quantize,
  DequantizeLinear: dequantize,
  DynamicQuantizeMatMul: operator([3, 5], 1, scaledProduct(0)),
  MatMulIntegerToFloat: operator([4, 7], 1, scaledProduct(2)),
  MatMulNBits: matMulNBits,
  ...named('QLinearAdd QLinearMul', quantizedPair),
  ...named('QLinearSigmoid QLinearLeakyRelu', quantizedAlone),
  QGemm: quantizedGemm,
};
