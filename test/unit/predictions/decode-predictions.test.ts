import type { ModelSignature } from '../../../shared/contracts/model';
import { tensor } from '../../../shared/onnx/build';
import type { Tensor } from '../../../shared/onnx/ir';
import { compileDecoder } from '../../../shared/predictions/decode-predictions';
import { tensorValues } from '../../../shared/predictions/tensor-values';

type Field = ModelSignature['outputs'][number];

const field = (name: string, type: Field['type'], element_type: string, shape: number[] = []): Field => ({
  name,
  type,
  element_type,
  shape,
});

function setup(signature: Omit<ModelSignature, 'inputs'>) {
  return { decode: compileDecoder({ inputs: [], ...signature }) };
}

const scores = (name: string, classes: number) => field(name, 'number', 'float', [classes]);

describe('decoding a classification', () => {
  it('gives each row its label and the probability of each class', () => {
    const { decode } = setup({
      task: 'classification',
      classes: ['Adelie', 'Gentoo'],
      outputs: [field('label', 'string', 'string'), scores('probabilities', 2)],
    });

    const predictions = decode(
      {
        label: tensor('string', [2], ['Gentoo', 'Adelie']),
        probabilities: tensor('float', [2, 2], [0.25, 0.75, 1, 0]),
      },
      2,
    );

    expect(predictions).toEqual([
      { label: 'Gentoo', probabilities: { Adelie: 0.25, Gentoo: 0.75 } },
      { label: 'Adelie', probabilities: { Adelie: 1, Gentoo: 0 } },
    ]);
  });

  it.each([
    {
      of: 'whole numbers',
      classes: [0, 1],
      output: field('label', 'integer', 'int64'),
      held: tensor('int64', [1], [1]),
      label: 1,
    },
    {
      of: 'booleans',
      classes: [false, true],
      output: field('label', 'boolean', 'bool'),
      held: tensor('bool', [1], [true]),
      label: true,
    },
    {
      of: 'booleans kept as text',
      classes: [false, true],
      output: field('label', 'boolean', 'string'),
      held: tensor('string', [1], ['true']),
      label: true,
    },
    {
      of: 'fractions',
      classes: [0.5, 1.5],
      output: field('label', 'number', 'double'),
      held: tensor('double', [1], [1.5]),
      label: 1.5,
    },
  ])('gives labels $of as the data had them', ({ classes, output, held, label }) => {
    const { decode } = setup({
      task: 'classification',
      classes,
      outputs: [output, scores('probabilities', 2)],
    });

    const predictions = decode({ label: held, probabilities: tensor('float', [1, 2], [0.25, 0.75]) }, 1);

    expect(predictions).toEqual([
      { label, probabilities: { [String(classes[0])]: 0.25, [String(classes[1])]: 0.75 } },
    ]);
  });

  it('takes the most probable class for the label where the model has no output for it', () => {
    const { decode } = setup({ task: 'classification', classes: ['a', 'b', 'c'], outputs: [scores('p', 3)] });

    const predictions = decode({ p: tensor('float', [2, 3], [0.1, 0.7, 0.2, 0.5, 0.5, 0]) }, 2);

    expect(predictions).toMatchObject([{ label: 'b' }, { label: 'a' }]);
  });

  it('has room for a class of any name', () => {
    const { decode } = setup({
      task: 'classification',
      classes: ['__proto__', 'toString'],
      outputs: [scores('p', 2)],
    });

    const predictions = decode({ p: tensor('float', [1, 2], [0.25, 0.75]) }, 1);

    expect(JSON.stringify(predictions)).toBe(
      '[{"label":"toString","probabilities":{"__proto__":0.25,"toString":0.75}}]',
    );
  });

  it('falls back to outputs by name where the signature has no output of its classes', () => {
    const { decode } = setup({
      task: 'classification',
      classes: ['a', 'b'],
      outputs: [field('y', 'number', 'float')],
    });

    const predictions = decode({ y: tensor('float', [2], [1, 2]) }, 2);

    expect(predictions).toEqual([{ y: 1 }, { y: 2 }]);
  });
});

describe('decoding a regression', () => {
  it.each([{ dims: [3] }, { dims: [3, 1] }])('gives a number for each row of $dims', ({ dims }) => {
    const { decode } = setup({
      task: 'regression',
      outputs: [field('prediction', 'number', 'float', dims.slice(1))],
    });

    const predictions = decode({ prediction: tensor('float', dims, [1.5, -2, Number.NaN]) }, 3);

    expect(predictions).toEqual([1.5, -2, null]);
  });
});

describe('decoding any other model', () => {
  it('gives each row its part of every output, by name', () => {
    const { decode } = setup({
      task: 'other',
      outputs: [
        field('tokens', 'string', 'string', [2]),
        field('grid', 'number', 'float', [2, 2]),
        field('n', 'integer', 'int64'),
      ],
    });

    const predictions = decode(
      {
        tokens: tensor('string', [2, 2], ['a', 'b', 'c', 'd']),
        grid: tensor('float', [2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8]),
        n: tensor('int64', [2], [7, 8]),
      },
      2,
    );

    expect(predictions).toEqual([
      {
        tokens: ['a', 'b'],
        grid: [
          [1, 2],
          [3, 4],
        ],
        n: 7,
      },
      {
        tokens: ['c', 'd'],
        grid: [
          [5, 6],
          [7, 8],
        ],
        n: 8,
      },
    ]);
  });

  it.each([
    { what: 'a scalar', made: tensor('float', [], [5]), seen: 5 },
    { what: 'an axis of another size', made: tensor('float', [3, 1], [1, 2, 3]), seen: [[1], [2], [3]] },
    { what: 'an axis of no size', made: tensor('float', [0, 1], []), seen: [] },
  ])('gives an output that is $what whole to every row', ({ made, seen }) => {
    const { decode } = setup({ task: 'other', outputs: [field('y', 'number', 'float', [1])] });

    const predictions = decode({ y: made }, 2);

    expect(predictions).toEqual([{ y: seen }, { y: seen }]);
  });

  it('fails where the model has no such output', () => {
    const { decode } = setup({ task: 'other', outputs: [field('y', 'number', 'float')] });

    expect(() => decode({ z: tensor('float', [1], [1]) }, 1)).toThrow(/no output named 'y'/);
  });
});

describe('values as JSON has them', () => {
  it.each<{ what: string; given: Tensor; values: unknown[] }>([
    {
      what: 'whole numbers up to 2^53, and digits beyond',
      given: tensor('int64', [3], [1n, -9007199254740993n, 9007199254740991n]),
      values: [1, '-9007199254740993', 9007199254740991],
    },
    {
      what: 'NaN and infinity as null',
      given: tensor('double', [3], [Number.NaN, Number.POSITIVE_INFINITY, 1.5]),
      values: [null, null, 1.5],
    },
    { what: 'booleans', given: tensor('bool', [2], [true, false]), values: [true, false] },
    { what: 'half floats', given: tensor('float16', [2], [1.5, -0.25]), values: [1.5, -0.25] },
    { what: 'bfloat16', given: tensor('bfloat16', [2], [1.5, Number.NaN]), values: [1.5, null] },
    { what: 'texts', given: tensor('string', [2], ['é', '']), values: ['é', ''] },
    { what: 'bytes', given: tensor('uint8', [2], [0, 255]), values: [0, 255] },
  ])('are $what', ({ given, values }) => {
    const read = tensorValues(given);

    expect(read).toEqual(values);
  });
});
