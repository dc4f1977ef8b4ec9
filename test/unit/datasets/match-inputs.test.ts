import { type GivenColumn, matchInputs } from '../../../shared/datasets/match-inputs';
import { BadSpecError } from '../../../shared/errors/job-errors';
import type { SignatureField } from '../../../shared/predictions/field-formats';

const field = (name: string, shape: number[], more: Partial<SignatureField> = {}): SignatureField => ({
  name,
  type: 'number',
  element_type: 'float',
  shape,
  ...more,
});

const lists = (name: string, min: number, max = min): GivenColumn => ({
  name,
  type: 'numbers',
  length: { min, max },
});
const numbers = (name: string): GivenColumn => ({ name, type: 'number' });
const images = (name: string): GivenColumn => ({ name, type: 'image' });
const text = (name: string): GivenColumn => ({ name, type: 'text' });

const textField = field('city', [], { type: 'string', element_type: 'string' });

describe('matchInputs', () => {
  it('feeds inputs from the columns of their names, and passes others over', () => {
    const matched = matchInputs(
      [field('age', []), textField],
      [text('city'), numbers('age'), numbers('more')],
    );

    expect(
      matched.map(({ field: { name }, columns }) => [name, columns.map((column) => column.name)]),
    ).toEqual([
      ['age', ['age']],
      ['city', ['city']],
    ]);
  });

  it.each<[string, SignatureField, GivenColumn[], number[]]>([
    ['a list of its size', field('x', [1, 28, 28]), [lists('pixels', 784)], [1, 28, 28]],
    ['a list where one size is open', field('x', [-1, 3]), [lists('steps', 60)], [20, 3]],
    ['a list whose length is not known', field('x', [-1, 3]), [{ name: 'steps', type: 'numbers' }], [-1, 3]],
    ['lists of any length, which it pads', field('x', [9], { padding: null }), [lists('steps', 2, 7)], [9]],
    ['numbers side by side', field('x', [-1]), [numbers('a'), numbers('b')], [2]],
    ['images with channels in front', field('x', [3, 224, 224]), [images('photo')], [3, 224, 224]],
    ['images with channels last', field('x', [32, 32, 1]), [images('photo')], [32, 32, 1]],
    ['a list, beside other columns', field('x', [4]), [numbers('a'), lists('pixels', 4)], [4]],
  ])('feeds an only input from %s, whatever its name', (_, only, columns, dims) => {
    expect(matchInputs([only], columns)[0]?.dims).toEqual(dims);
  });

  it('scales images to what is asked for where the sizes are open', () => {
    const [matched] = matchInputs([field('x', [3, -1, -1])], [images('photo')], {
      side: { height: 64, width: 96 },
    });

    expect(matched?.dims).toEqual([3, 64, 96]);
  });

  it.each<[string, SignatureField[], GivenColumn[], RegExp]>([
    [
      'a list of another size, naming both',
      [field('x', [1, 28, 28])],
      [lists('pixels', 100)],
      /'pixels' \(numbers\) does not fit the model's input 'x' float\[1, 28, 28\]: its lists have 100 numbers, where the model reads 784/,
    ],
    [
      'lists that fill no whole steps',
      [field('x', [-1, 3])],
      [lists('steps', 61)],
      /its lists have 61 numbers, where the model reads 3/,
    ],
    [
      'lists of several lengths',
      [field('x', [-1])],
      [lists('steps', 2, 9)],
      /from 2 to 9 numbers, and must be of one length/,
    ],
    [
      'images where the model reads none',
      [field('x', [784])],
      [images('photo')],
      /images need \[1 or 3, height, width\]/,
    ],
    [
      'images of open sizes',
      [field('x', [3, -1, -1])],
      [images('photo')],
      /give model\.input\.height and model\.input\.width/,
    ],
    ['text for a number', [field('age', [])], [text('age')], /text is no number/],
    ['a number for text', [textField], [numbers('city')], /a number is no text/],
    [
      'a number for a list',
      [field('x', [4])],
      [numbers('x')],
      /it has one value in each row; give a column of lists or images/,
    ],
    [
      'too few numbers',
      [field('x', [3])],
      [numbers('a'), numbers('b')],
      /the model reads 'x' float\[3\], and the features are 'a' \(number\), 'b' \(number\)/,
    ],
    [
      'several inputs whose columns are not there',
      [field('a', []), field('b', [])],
      [numbers('a')],
      /the model reads 'a' float\[\], 'b' float\[\], and the features are 'a' \(number\)/,
    ],
  ])('refuses %s', (_, fields, columns, message) => {
    expect(() => matchInputs(fields, columns)).toThrow(BadSpecError);
    expect(() => matchInputs(fields, columns)).toThrow(message);
  });

  it('refuses where the caller looks for it', () => {
    const match = () => matchInputs([field('x', [3])], [lists('pixels', 4)], { at: '/spec' });

    expect(match).toThrow(
      expect.objectContaining({
        details: { errors: [expect.objectContaining({ pointer: '/spec/model/from' })] },
      }),
    );
  });
});
