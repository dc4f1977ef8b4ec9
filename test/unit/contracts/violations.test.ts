import { z } from 'zod';
import { jobSpecs } from '../../../shared/contracts/job';
import { predictRequest } from '../../../shared/contracts/model';
import { routes } from '../../../shared/contracts/routes';
import { checked, summarised } from '../../../shared/contracts/violations';

const aTrainSpec = (facts: object = {}) => ({
  dataset: 'ds_01J00000000000000000000000',
  target: 'species',
  register: { name: 'penguins' },
  ...facts,
});

function violationsOf(schema: z.ZodType, value: unknown) {
  const result = checked(schema, value, '/spec');
  return result.ok ? [] : result.errors.map(({ pointer, detail }) => `${pointer} ${detail}`);
}

describe('checked', () => {
  it('gives the value with its defaults', () => {
    const result = checked(jobSpecs.train, aTrainSpec());

    expect(result).toMatchObject({
      ok: true,
      value: { epochs: expect.any(Number), model: { family: 'mlp' } },
    });
  });

  it.each<[string, object, string]>([
    [
      'a negative learning rate',
      { optimizer: { name: 'adam', learning_rate: -0.1 } },
      '/spec/optimizer/learning_rate must be above 0, not -0.1',
    ],
    ['a NaN', { epochs: Number.NaN }, '/spec/epochs must be a number, not NaN'],
    ['a fraction of an epoch', { epochs: 1.5 }, '/spec/epochs must be a whole number, not 1.5'],
    ['a text for a number', { epochs: '20' }, "/spec/epochs must be a number, not '20'"],
    ['too large a batch', { batch_size: 1e9 }, '/spec/batch_size must be at most 65536, not 1000000000'],
    ['an unknown key', { epocs: 3 }, "/spec/epocs unknown key 'epocs': did you mean 'epochs'?"],
    ['an unknown key deep down', { early_stopping: { patiense: 3 } }, "did you mean 'patience'?"],
    ['an unknown optimizer', { optimizer: { name: 'adamx' } }, "(did you mean 'adam'?), not 'adamx'"],
    [
      'an unnamed optimizer',
      { optimizer: {} },
      "must be one of 'sgd', 'adam', 'adamw', 'adagrad', 'rmsprop', 'lion', 'lamb', and is missing",
    ],
    [
      'an unknown task',
      { task: 'clustering' },
      "must be one of 'classification', 'regression', not 'clustering'",
    ],
    [
      'another tenant’s way of naming',
      { dataset: '../x' },
      "/spec/dataset must be the id of a data set, like ds_01J…, not '../x'",
    ],
    [
      'a path for a name',
      { register: { name: '../x' } },
      "/spec/register/name must be the name of a model, not '../x': 1 to 63 of",
    ],
    ['no target', { target: undefined }, '/spec/target must be a text, and is missing'],
    [
      'an empty list',
      { features: { include: [] } },
      '/spec/features/include must have at least 1 item, not an empty list',
    ],
    [
      'fractions that leave nothing',
      { validation_fraction: 0.6, test_fraction: 0.5 },
      'their sum must be under 1',
    ],
  ])('says of %s what is allowed and what was given', (_, facts, words) => {
    const violations = violationsOf(jobSpecs.train, aTrainSpec(facts));

    expect(violations).toHaveLength(1);
    expect(violations[0]).toContain(words);
  });

  it.each<[z.ZodType, object, string]>([
    [routes['list-jobs'].query, { limit: 'ten' }, "/spec/limit must be a whole number, not 'ten'"],
    [routes['list-jobs'].query, { limit: '0' }, '/spec/limit must be at least 1, not 0'],
    [
      routes['predict-model'].query,
      { version: '1.0' },
      "/spec/version must be the number of a version, a whole number from 1, not '1.0'",
    ],
    [
      routes['predict-model'].query,
      { version: '1', alias: 'production' },
      '/spec/version must not stand beside an alias: name one of the two',
    ],
  ])('reads as a sentence: %#', (schema, query, words) => {
    const violations = violationsOf(schema, query);

    expect(violations).toEqual([words]);
  });

  it('points into keys that hold slashes and tildes', () => {
    const violations = violationsOf(z.record(z.string(), z.number()), { 'a/b~c': 'x' });

    expect(violations).toEqual(["/spec/a~1b~0c must be a number, not 'x'"]);
  });

  it.each([
    { what: 'an object', given: { name: 'magic' }, at: '/spec/name' },
    { what: 'an object of a list', given: [{ name: 'magic' }], at: '/spec/0/name' },
  ])('tells the names that $what may have, where other forms are allowed as well', ({ given, at }) => {
    const step = z.discriminatedUnion('name', [
      z.object({ name: z.literal('prune') }),
      z.object({ name: z.literal('distill') }),
    ]);
    const method = z.union([z.enum(['fast']), step, z.array(step)]);

    const parsed = checked(method, given, '/spec');

    const detail = "must be one of 'prune', 'distill', not 'magic'";
    expect(parsed).toEqual({ ok: false, errors: [{ pointer: at, detail }] });
  });

  it('names each form that a value may take, of unions in unions too', () => {
    const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
    const rows = z.array(z.record(z.string(), z.union([scalar, z.array(z.unknown())])));

    const violations = violationsOf(rows, [{ x: { y: 1 } }]);

    expect(violations).toEqual([
      '/spec/0/x must be a text, or a number, or true or false, or null, or a list, not an object',
    ]);
  });

  it('shortens what was given', () => {
    const [violation] = violationsOf(z.number(), 'x'.repeat(1000));

    expect(violation?.length).toBeLessThan(120);
  });

  it('tells at most 50', () => {
    const instances = Array.from({ length: 500 }, () => 'no row');

    const violations = violationsOf(predictRequest, { instances });

    expect(violations).toHaveLength(50);
  });

  it('refuses 100,000 rows by their number', () => {
    const instances = Array.from({ length: 100_000 }, () => ({ a: 1 }));

    const violations = violationsOf(predictRequest, { instances });

    expect(violations).toEqual([expect.stringMatching(/must have at most 10000 .*, not a list of 100000: /)]);
  });
});

describe('summarised', () => {
  it.each([
    [[], 'the body is not valid'],
    [[{ pointer: '', detail: 'must be an object' }], 'the body is not valid: must be an object'],
    [
      [
        { pointer: '/a', detail: 'x' },
        { pointer: '/b', detail: 'y' },
      ],
      'the body is not valid: /a x, and 1 more',
    ],
  ])('tells the first, and how many more: %j', (errors, words) => {
    const summary = summarised('the body', errors);

    expect(summary).toBe(words);
  });
});
