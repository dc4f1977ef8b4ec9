import fc from 'fast-check';
import { attribute, constant, operation, tensor } from '../../../shared/onnx/build';
import { elementCount } from '../../../shared/onnx/element-types';
import type { Attributes, Value } from '../../../shared/onnx/ir';
import { type GradientCases, size, uses } from './gradient-case';

const drawn = fc.record({
  batch: size,
  classes: fc.integer({ min: 2, max: 4 }),
  space: fc.array(size, { maxLength: 2 }),
  weighted: fc.boolean(),
  ignore: fc.option(fc.constantFrom(0, 1, -1), { nil: undefined }),
  reduction: fc.constantFrom('mean', 'sum', 'none'),
  labels: fc.array(fc.nat({ max: 100 }), { minLength: 3, maxLength: 5 }),
});

const loss = (op: string) =>
  uses(drawn, ({ batch, classes, space, weighted, ignore, reduction, labels }) => {
    const places = [batch, ...space];
    const counted = Array.from(
      { length: elementCount(places) },
      (_, at) => ((labels[at % labels.length] ?? 0) + at) % classes,
    );
    const some = counted.map((label, at) =>
      ignore !== undefined && at > 0 && at % 3 === 0 ? ignore : label,
    );
    const first =
      ignore !== undefined && some[0] === ignore ? [(ignore + 1) % classes, ...some.slice(1)] : some;
    const options: Attributes = {
      reduction: attribute.string(reduction),
      ...(ignore === undefined ? {} : { ignore_index: attribute.int(ignore) }),
    };
    const weights = constant(
      tensor(
        'float',
        [classes],
        Array.from({ length: classes }, (_, at) => 0.5 + at / 3),
      ),
    );
    return {
      dims: [[batch, classes, ...space]],
      elementType: 'float' as const,
      build: ([scores]: readonly Value[]) => [
        operation(
          op,
          [scores, constant(tensor('int64', places, first)), weighted ? weights : undefined],
          options,
        ),
      ],
    };
  });

/** Uses of the losses that ONNX has as one operator. */
export const lossCases: GradientCases = {
  NegativeLogLikelihoodLoss: loss('NegativeLogLikelihoodLoss'),
  SoftmaxCrossEntropyLoss: loss('SoftmaxCrossEntropyLoss'),
};
