import { gradientRuleOf, gradientRules, isStepLike } from '../../../jobs/autodiff/gradient-rules';
import { withoutRule } from '../../../jobs/autodiff/gradient-rules/without-gradient';
import { operators } from '../../../shared/onnx/operators';
import { gradientCases } from '../../support/gradient-cases';

const all = Object.entries(operators).flatMap(([domain, table]) =>
  Object.keys(table).map((op) => ({ domain, op })),
);

describe('the table of gradient rules', () => {
  it.each(all)('says of $domain $op just one of: a rule, no slope, no rule', ({ domain, op }) => {
    const said = [
      gradientRuleOf(domain, op) !== undefined,
      isStepLike(domain, op),
      withoutRule[domain]?.has(op) ?? false,
    ];

    expect(said.filter(Boolean)).toHaveLength(1);
  });

  it('has no rule for an operator that is not in the operator table', () => {
    const ruled = Object.entries(gradientRules).flatMap(([domain, rules]) =>
      Object.keys(rules).map((op) => ({ domain, op })),
    );

    const unknown = ruled.filter(({ domain, op }) => !Object.hasOwn(operators[domain] ?? {}, op));

    expect(unknown).toEqual([]);
  });

  it('has no rule that is not checked against central differences', () => {
    const ruled = Object.values(gradientRules).flatMap((rules) => Object.keys(rules));

    const unchecked = ruled.filter((op) => !Object.hasOwn(gradientCases, op));

    expect(unchecked).toEqual([]);
  });
});
