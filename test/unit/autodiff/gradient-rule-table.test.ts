import { decompositionOf, decompositions } from '../../../jobs/autodiff/decompositions';
import { gradientRuleOf, gradientRules, isStepLike } from '../../../jobs/autodiff/gradient-rules';
import { withoutRule } from '../../../jobs/autodiff/gradient-rules/without-gradient';
import { operators } from '../../../shared/onnx/operators';
import { gradientCases } from '../../support/gradient-cases';

const all = Object.entries(operators).flatMap(([domain, table]) =>
  Object.keys(table).map((op) => ({ domain, op })),
);

const ruled = [gradientRules, decompositions].flatMap((tables) =>
  Object.entries(tables).flatMap(([domain, table]) => Object.keys(table).map((op) => ({ domain, op }))),
);

/** Steps have no slope to compare with: `straight-through.test.ts` has what is known of them. */
const straightThrough = new Set(['QuantizeLinear', 'DequantizeLinear']);

describe('the table of gradient rules', () => {
  it.each(all)('says of $domain $op just one of: a rule, its parts, no slope, no rule', ({ domain, op }) => {
    const said = [
      gradientRuleOf(domain, op) !== undefined,
      decompositionOf(domain, op) !== undefined,
      isStepLike(domain, op),
      withoutRule[domain]?.has(op) ?? false,
    ];

    expect(said.filter(Boolean)).toHaveLength(1);
  });

  it('has no rule for an operator that is not in the operator table', () => {
    const unknown = ruled.filter(({ domain, op }) => !Object.hasOwn(operators[domain] ?? {}, op));

    expect(unknown).toEqual([]);
  });

  it('has no rule that is not checked against central differences', () => {
    const unchecked = ruled.filter(
      ({ domain, op }) => !straightThrough.has(op) && !Object.hasOwn(gradientCases[domain] ?? {}, op),
    );

    expect(unchecked).toEqual([]);
  });
});
