import { differentiate } from '../../../jobs/autodiff/differentiate';
import { withoutRule } from '../../../jobs/autodiff/gradient-rules/without-gradient';
import { nearestForm } from '../../../jobs/autodiff/nearest-forms';
import { MissingGradientError } from '../../../shared/errors/graph-errors';
import { attribute, input, operation } from '../../../shared/onnx/build';

const operators = Object.entries(withoutRule).flatMap(([domain, names]) =>
  [...names].map((op) => [domain, op] as const),
);

describe('an operator without a gradient', () => {
  it.each(operators)('is told with what to do: %s %s', (domain, op) => {
    expect(nearestForm(domain, op)).toMatch(/^put it ahead of the trained part, or (use|build) [A-Za-z]/);
  });

  it('names the operator, the node and the nearest form', () => {
    const x = input('x', 'float', [1, 3, 8, 8]);
    const normalised = operation('LRN', [x], { size: attribute.int(3) });
    const loss = operation('ReduceSum', [normalised], { keepdims: attribute.int(0) });

    const gradient = () => differentiate(loss, [x]);

    expect(gradient).toThrow(MissingGradientError);
    expect(gradient).toThrow(
      "no gradient rule for the operator 'LRN' (at LRN(float[1, 3, 8, 8])): put it ahead of the trained part, or use Div by a Pow of the AveragePool of squares",
    );
  });
});
