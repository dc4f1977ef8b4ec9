import fc from 'fast-check';
import { maximumDepth, parseJson } from '../../../functions/middleware/parse-json';
import { InvalidRequestError } from '../../../shared/errors/request-errors';

/** The value, or the error where it is the caller's; anything else is thrown. */
function outcomeOf(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof InvalidRequestError) return error;
    throw error;
  }
}

const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;

describe('parseJson', () => {
  it('is JSON.parse for every value', () => {
    const value = fc
      .jsonValue({ maxDepth: 20 })
      .filter((given) => !JSON.stringify(given).includes('__proto__'));

    fc.assert(
      fc.property(value, fc.integer({ min: 0, max: 4 }), (given, indent) => {
        expect(parseJson(JSON.stringify(given, undefined, indent))).toEqual(
          JSON.parse(JSON.stringify(given)),
        );
      }),
    );
  });

  it('refuses any other text as the caller’s own', () => {
    const almost = fc
      .tuple(fc.json(), fc.nat(), fc.string({ maxLength: 3 }))
      .map(
        ([json, at, noise]) =>
          json.slice(0, at % (json.length + 1)) + noise + json.slice(at % (json.length + 2)),
      );

    fc.assert(
      fc.property(fc.oneof(fc.string(), almost), (text) => {
        const outcome = outcomeOf(text);
        if (outcome instanceof InvalidRequestError) expect(outcome.message).toMatch(/^the body /);
        else expect(outcome).toEqual(JSON.parse(text));
      }),
      { numRuns: 500 },
    );
  });

  it.each([maximumDepth, maximumDepth - 1])('takes %d levels', (depth) => {
    const value = parseJson(nested(depth));

    expect(JSON.stringify(value)).toBe(nested(depth));
  });

  it.each([maximumDepth + 1, 10_000, 1_000_000])('refuses %d levels', (depth) => {
    const parse = () => parseJson(nested(depth));

    expect(parse).toThrow(/nested more than 64 levels deep/);
  });

  it('counts no brackets inside strings', () => {
    const text = JSON.stringify({ a: '[{"'.repeat(1000), b: '\\"]'.repeat(1000) });

    const value = parseJson(text);

    expect(JSON.stringify(value)).toBe(text);
  });

  it.each([
    ['', 1, 1, /too early/],
    ['{"a":1', 1, 7, /too early/],
    ['"abc', 1, 5, /too early/],
    ['{"a":NaN}', 1, 6, /send null/],
    ['[1,\n 2,,3]', 2, 4, /see ',3]'/],
    ["{'a':1}", 1, 2, /see ''a':1}'/],
    ['{} x', 1, 4, /see 'x'/],
    ['\uFEFF{}', 1, 1, /byte order mark/],
  ])('says where %j goes wrong', (text, line, column, what) => {
    const error = outcomeOf(text);

    expect(error).toMatchObject({ message: expect.stringContaining(`line ${line}, column ${column}: `) });
    expect(error).toMatchObject({ message: expect.stringMatching(what) });
  });

  it.each([
    '{"__proto__":{"admin":true}}',
    '[{"a":{"\\u005f_proto__":1}}]',
    '{"a":[{"\\u005F\\u005fproto__":1}]}',
  ])('refuses a key that would replace a prototype: %s', (text) => {
    const parse = () => parseJson(text);

    expect(parse).toThrow(/a key named '__proto__'/);
    expect(Object.prototype).not.toHaveProperty('admin');
  });

  it('takes __proto__ as a value, and constructor as a key', () => {
    const text = '{"constructor":"__proto__"}';

    const value = parseJson(text);

    expect(value).toEqual(JSON.parse(text));
  });
});
