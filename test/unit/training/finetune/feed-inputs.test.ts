import { feedInput } from '../../../../jobs/training/finetune/feed-inputs';
import { finetuneSpec } from '../../../../shared/contracts/training/model-spec';
import { matchInputs } from '../../../../shared/datasets/match-inputs';
import { BadSpecError } from '../../../../shared/errors/job-errors';
import { floats, input, tensor } from '../../../../shared/onnx/build';
import type { ElementType, Tensor } from '../../../../shared/onnx/ir';
import { elementTypeOf, shapeOf } from '../../../../shared/onnx/shapes';
import { runGraph } from '../../../support/run-graph';

type Column = Parameters<typeof matchInputs>[1][number];

const asked = (spec: object = {}) =>
  finetuneSpec.parse({ family: 'finetune', from: { name: 'm' }, input: spec }).input;

/** One input `x` of this shape, fed from one column. */
function fed(shape: number[], column: Column, spec: object = {}, elementType: ElementType = 'float') {
  const fields = [{ name: 'x', type: 'number', element_type: elementType, shape }] as const;
  const [matched] = matchInputs([...fields], [column]);
  if (matched === undefined) throw new Error('nothing matched');
  const options = { asked: asked(spec), statistics: new Map() };
  const made = feedInput(matched, input('x', elementType, ['batch', ...shape]), options);
  const [stored] = made.columns;
  if (stored === undefined) throw new Error('no column');
  const run = async (given: Tensor) =>
    (await runGraph(new Map([[stored, given]]), { value: made.value })).value;
  return { stored, run };
}

const pixels = (count: number) => Uint8Array.from({ length: count }, (_, at) => at * 5);
const images: Column = { name: 'photo', type: 'image' };
const lists = (length: number, bytes = false): Column => ({
  name: 'list',
  type: 'numbers',
  length: { min: length, max: length },
  bytes,
});

describe('feedInput', () => {
  it('stores images as bytes with channels last, and gives them from 0 to 1 with channels first', async () => {
    const { stored, run } = fed([3, 2, 4], images);

    const value = await run(tensor('uint8', [1, 2, 4, 3], pixels(24)));

    expect([elementTypeOf(stored), shapeOf(stored)]).toEqual(['uint8', ['batch', 2, 4, 3]]);
    expect(value?.dims).toEqual([1, 3, 2, 4]);
    expect(value?.data[1]).toBeCloseTo(15 / 255, 6);
    expect(value?.data[8]).toBeCloseTo(5 / 255, 6);
  });

  it('normalises each channel as it is asked to', async () => {
    const spec = { mean: [0.1, 0.2, 0.3], standard_deviation: [0.5, 1, 2] };
    const { run } = fed([2, 4, 3], images, spec);

    const value = await run(tensor('uint8', [1, 2, 4, 3], pixels(24)));

    expect(value?.data[3]).toBeCloseTo((15 / 255 - 0.1) / 0.5, 5);
    expect(value?.data[5]).toBeCloseTo((25 / 255 - 0.3) / 2, 5);
  });

  it.each<[string, Column, object, number]>([
    ['as they are', lists(4), {}, 50],
    ['from 0 to 1 where they are the bytes of an image', lists(4, true), {}, 50 / 255],
    ['scaled as asked', lists(4, true), { scale: 0.1 }, 5],
  ])('gives lists %s', async (_, column, spec, expected) => {
    const { stored, run } = fed([1, 2, 2], column, spec);
    const values = [0, 50, 100, 150];
    const given =
      elementTypeOf(stored) === 'uint8' ? tensor('uint8', [1, 2, 2, 1], values) : floats([1, 4], values);

    const value = await run(given);

    expect(value?.dims).toEqual([1, 1, 2, 2]);
    expect(value?.data[1]).toBeCloseTo(expected, 5);
  });

  it('leaves token ids as they are', () => {
    const { stored } = fed([4], lists(4), {}, 'int32');

    expect([elementTypeOf(stored), shapeOf(stored)]).toEqual(['int32', ['batch', 4]]);
  });

  it('refuses a mean for other channels than there are', () => {
    expect(() => fed([3, 2, 4], images, { mean: [0.1, 0.2] })).toThrow(BadSpecError);
  });
});
