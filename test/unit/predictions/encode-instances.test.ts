import type { ModelSignature } from '../../../shared/contracts/model';
import type { Violation } from '../../../shared/errors/app-error';
import { ConfigurationError } from '../../../shared/errors/job-errors';
import { InvalidRequestError } from '../../../shared/errors/request-errors';
import type { TensorInfo } from '../../../shared/ports/model-runtime';
import { compileEncoder, type Instance } from '../../../shared/predictions/encode-instances';

type Field = ModelSignature['inputs'][number];

const column = (
  name: string,
  type: Field['type'],
  element_type: string,
  more: Partial<Field> = {},
): Field => ({
  name,
  type,
  element_type,
  shape: [],
  ...more,
});

const penguin = [
  column('bill_length_mm', 'number', 'float', { nullable: true }),
  column('year', 'integer', 'int64'),
  column('island', 'string', 'string', { nullable: true }),
  column('banded', 'boolean', 'bool'),
];

function setup(inputs: readonly Field[] = penguin, infos?: readonly TensorInfo[]) {
  const signature: ModelSignature = { task: 'other', inputs: [...inputs], outputs: [] };
  const batched = inputs.map(
    ({ name, shape }): TensorInfo => ({
      name,
      elementType: 'float',
      shape: ['batch', ...shape],
    }),
  );
  const encode = compileEncoder(signature, infos ?? batched);
  return {
    encode,
    tensorsOf: (instances: readonly Instance[]) =>
      encode(instances).map(({ feeds }) =>
        Object.fromEntries(
          Object.entries(feeds).map(([name, { dims, data }]) => [name, { dims, data: [...data] }]),
        ),
      ),
    violationsOf(instances: readonly Instance[]): readonly Violation[] {
      try {
        encode(instances);
        return [];
      } catch (error) {
        if (error instanceof InvalidRequestError) return error.details.errors ?? [];
        throw error;
      }
    },
  };
}

const gentoo = { bill_length_mm: 47.5, year: 2008, island: 'Biscoe', banded: true };

describe('encoding instances', () => {
  it('makes one column tensor of each field, in the order of the rows', () => {
    const { tensorsOf } = setup();

    const tensors = tensorsOf([gentoo, { banded: false, island: 'Dream', year: -1, bill_length_mm: 40 }]);

    expect(tensors).toEqual([
      {
        bill_length_mm: { dims: [2], data: [47.5, 40] },
        year: { dims: [2], data: [2008n, -1n] },
        island: { dims: [2], data: ['Biscoe', 'Dream'] },
        banded: { dims: [2], data: [1, 0] },
      },
    ]);
  });

  it('turns null into what the model takes for a missing value', () => {
    const { tensorsOf } = setup();

    const [tensors] = tensorsOf([{ ...gentoo, bill_length_mm: null, island: null }]);

    expect(tensors).toMatchObject({ bill_length_mm: { data: [Number.NaN] }, island: { data: [''] } });
  });

  it.each([
    { type: 'boolean', element: 'float', given: true, held: 1 },
    { type: 'boolean', element: 'string', given: false, held: 'false' },
    { type: 'boolean', element: 'int64', given: true, held: 1n },
    { type: 'integer', element: 'float', given: 3, held: 3 },
    { type: 'integer', element: 'int64', given: '9007199254740993', held: 9007199254740993n },
    { type: 'integer', element: 'uint64', given: '18446744073709551615', held: 18446744073709551615n },
    { type: 'number', element: 'double', given: 0.1, held: 0.1 },
    { type: 'number', element: 'float', given: 3.4028234663852886e38, held: 3.4028234663852886e38 },
    { type: 'number', element: 'float16', given: 1.5, held: 0x3e00 },
    { type: 'number', element: 'bfloat16', given: 1.5, held: 0x3fc0 },
  ] as const)('holds the $type $given in a tensor of $element', ({ type, element, given, held }) => {
    const { tensorsOf } = setup([column('x', type, element)]);

    const tensors = tensorsOf([{ x: given }]);

    expect(tensors).toEqual([{ x: { dims: [1], data: [held] } }]);
  });

  it.each<{ what: string; row: Record<string, unknown>; at: string; says: RegExp }>([
    {
      what: 'a string for a number',
      row: { bill_length_mm: '47.5' },
      at: 'bill_length_mm',
      says: /^must be a number, got the string "47.5"$/,
    },
    {
      what: 'a number for text',
      row: { island: 7 },
      at: 'island',
      says: /^must be a string, got the number 7$/,
    },
    {
      what: 'a boolean for a number',
      row: { bill_length_mm: true },
      at: 'bill_length_mm',
      says: /got the boolean true$/,
    },
    {
      what: 'a number for a boolean',
      row: { banded: 1 },
      at: 'banded',
      says: /^must be true or false, got the number 1$/,
    },
    {
      what: 'a fraction for a whole number',
      row: { year: 2008.5 },
      at: 'year',
      says: /^must be a whole number, .*got the number 2008.5$/,
    },
    {
      what: 'a whole number past 64 bits',
      row: { year: '9223372036854775808' },
      at: 'year',
      says: /from -9223372036854775808 to 9223372036854775807/,
    },
    {
      what: 'a number that JSON rounded',
      row: { year: 2 ** 60 },
      at: 'year',
      says: /beyond 2\^53 as a string of digits/,
    },
    {
      what: 'infinity, which JSON has as 1e999',
      row: { bill_length_mm: JSON.parse('1e999') },
      at: 'bill_length_mm',
      says: /^must be a number within ±3.4028\d*e\+38, got Infinity$/,
    },
    {
      what: 'a double past 32 bits',
      row: { bill_length_mm: -1e39 },
      at: 'bill_length_mm',
      says: /got -1e\+39$/,
    },
    {
      what: 'an array for a number',
      row: { bill_length_mm: [1, 2] },
      at: 'bill_length_mm',
      says: /got an array of 2$/,
    },
    {
      what: 'null where the model needs a value',
      row: { year: null },
      at: 'year',
      says: /^must not be null: this model needs it$/,
    },
    {
      what: 'a column left out that may be null',
      row: { island: undefined },
      at: 'island',
      says: /^is missing: send null where its value is not known$/,
    },
    {
      what: 'a column left out that may not',
      row: { banded: undefined },
      at: 'banded',
      says: /^is missing: this model needs it$/,
    },
    {
      what: 'an unknown column',
      row: { bil_length_mm: 47.5 },
      at: 'bil_length_mm',
      says: /^is no column of this model: did you mean 'bill_length_mm'\? Its columns are: bill_length_mm, year, island, banded$/,
    },
    {
      what: 'a column named as an inherited property',
      row: { constructor: 1 },
      at: 'constructor',
      says: /^is no column/,
    },
    {
      what: 'a column whose name a pointer has to escape',
      row: { 'a/b~c': 1 },
      at: 'a~1b~0c',
      says: /^is no column/,
    },
  ])('refuses $what, at its place', ({ row, at, says }) => {
    const { violationsOf } = setup();
    const wrong = Object.fromEntries(
      Object.entries({ ...gentoo, ...row }).filter(([, value]) => value !== undefined),
    );

    const violations = violationsOf([gentoo, gentoo, gentoo, wrong]);

    expect(violations).toEqual([{ pointer: `/instances/3/${at}`, detail: expect.stringMatching(says) }]);
  });

  it('refuses a missing column even where Object.prototype has its name', () => {
    const { violationsOf } = setup([column('toString', 'number', 'float')]);

    const violations = violationsOf([{}]);

    expect(violations).toEqual([
      { pointer: '/instances/0/toString', detail: 'is missing: this model needs it' },
    ]);
  });

  it('refuses with all that is wrong, up to a hundred things', () => {
    const { violationsOf } = setup();

    const few = violationsOf([{ ...gentoo, year: 'x' }, gentoo, { ...gentoo, banded: 2, age: 1 }]);
    const many = violationsOf(Array.from({ length: 10_000 }, () => ({ ...gentoo, year: 'x' })));

    expect(few.map(({ pointer }) => pointer)).toEqual([
      '/instances/0/year',
      '/instances/2/banded',
      '/instances/2/age',
    ]);
    expect(many).toHaveLength(100);
  });

  it('refuses without repeating a long text', () => {
    const { violationsOf } = setup();

    const violations = violationsOf([{ ...gentoo, bill_length_mm: 'long '.repeat(1000) }]);

    expect(violations[0]?.detail).toMatch(/^must be a number, got the string "(long ){8}…"$/);
  });

  it('refuses at the place that the caller is told of', () => {
    const { encode } = setup();

    const wrong = () => encode([{ ...gentoo, year: 'x' }], () => '/input');

    expect(wrong).toThrow(
      expect.objectContaining({ details: { errors: [expect.objectContaining({ pointer: '/input/year' })] } }),
    );
  });

  it('refuses a signature that the tensors cannot hold', () => {
    const mistaken = () => setup([column('x', 'string', 'float')]);
    const nullable = () => setup([column('x', 'integer', 'int64', { nullable: true })]);
    const packed = () => setup([column('x', 'integer', 'int4')]);

    expect(mistaken).toThrow(ConfigurationError);
    expect(nullable).toThrow(/a nullable integer, which a tensor of int64 cannot hold/);
    expect(packed).toThrow(/int4/);
  });
});

describe('encoding instances of nested arrays', () => {
  const image = column('image', 'number', 'float', { shape: [2, 3] });
  const pixels = [
    [1, 2, 3],
    [4, 5, 6],
  ];

  it('stacks them along the leading axis', () => {
    const { tensorsOf } = setup([image]);

    const tensors = tensorsOf([{ image: pixels }, { image: pixels }]);

    expect(tensors).toEqual([{ image: { dims: [2, 2, 3], data: [1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6] } }]);
  });

  it('takes sizes that vary from the first instance', () => {
    const { tensorsOf } = setup([column('ids', 'integer', 'int64', { shape: [-1] })]);

    const tensors = tensorsOf([{ ids: [1, 2] }, { ids: [3, 4] }]);

    expect(tensors).toEqual([{ ids: { dims: [2, 2], data: [1n, 2n, 3n, 4n] } }]);
  });

  it.each<{ what: string; image: unknown; pointer: string; says: string }>([
    {
      what: 'a row too short',
      image: [
        [1, 2, 3],
        [4, 5],
      ],
      pointer: '/instances/0/image/1',
      says: 'must be an array of 3, got an array of 2',
    },
    {
      what: 'a number for a row',
      image: [[1, 2, 3], 4],
      pointer: '/instances/0/image/1',
      says: 'must be an array of 3, got the number 4',
    },
    {
      what: 'a text inside',
      image: [
        [1, 2, 3],
        [4, 'x', 6],
      ],
      pointer: '/instances/0/image/1/1',
      says: 'must be a number, got the string "x"',
    },
    {
      what: 'null inside',
      image: [
        [1, 2, 3],
        [null, 5, 6],
      ],
      pointer: '/instances/0/image/1/0',
      says: 'must not be null: this model needs it',
    },
    {
      what: 'an array too deep',
      image: [
        [[1], 2, 3],
        [4, 5, 6],
      ],
      pointer: '/instances/0/image/0/0',
      says: 'must be a number, got an array of 1',
    },
    {
      what: 'nothing',
      image: null,
      pointer: '/instances/0/image',
      says: 'must not be null: this model needs it; it takes nested arrays of shape [2, 3]',
    },
  ])('refuses $what', ({ image: given, pointer, says }) => {
    const { violationsOf } = setup([image]);

    const violations = violationsOf([{ image: given }]);

    expect(violations).toEqual([{ pointer, detail: says }]);
  });

  it('refuses rows of different lengths, since a tensor has none', () => {
    const { violationsOf } = setup([column('ids', 'integer', 'int64', { shape: [-1] })]);

    const violations = violationsOf([{ ids: [1, 2] }, { ids: [3] }]);

    expect(violations).toEqual([
      { pointer: '/instances/1/ids', detail: 'must be an array of 2, got an array of 1' },
    ]);
  });

  it('refuses sizes that no body could fill, before memory is taken for them', () => {
    const { violationsOf } = setup([column('x', 'number', 'float', { shape: [-1, -1] })]);
    const lopsided = [Array.from({ length: 100_000 }, () => 0), ...Array.from({ length: 99_999 }, () => [])];

    const violations = violationsOf([{ x: lopsided }]);

    expect(violations).toEqual([
      { pointer: '/instances/0/x', detail: expect.stringContaining('10000000000 values') },
    ]);
  });
});

describe('encoding instances for a model without an open batch axis', () => {
  it.each([
    { what: 'a batch axis of size 1', shape: [1, 2], dims: [1, 2] },
    { what: 'no batch axis', shape: [2], dims: [2] },
  ])('makes one call for each instance where it has $what', ({ shape, dims }) => {
    const { tensorsOf } = setup(
      [column('x', 'number', 'float', { shape: [2] })],
      [{ name: 'x', elementType: 'float', shape }],
    );

    const tensors = tensorsOf([{ x: [1, 2] }, { x: [3, 4] }]);

    expect(tensors).toEqual([{ x: { dims, data: [1, 2] } }, { x: { dims, data: [3, 4] } }]);
  });

  it('refuses with the place in the whole request', () => {
    const { violationsOf } = setup(
      [column('x', 'number', 'float', { shape: [1] })],
      [{ name: 'x', elementType: 'float', shape: [1, 1] }],
    );

    const violations = violationsOf([{ x: [1] }, { x: ['a'] }]);

    expect(violations.map(({ pointer }) => pointer)).toEqual(['/instances/1/x/0']);
  });
});
