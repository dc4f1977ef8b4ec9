import type { ModelSignature } from '../../../shared/contracts/model';
import type { Violation } from '../../../shared/errors/app-error';
import { InvalidRequestError } from '../../../shared/errors/request-errors';
import type { TensorInfo } from '../../../shared/ports/model-runtime';
import { compileEncoder, type Instance } from '../../../shared/predictions/encode-instances';

type Field = ModelSignature['inputs'][number];

const column = (
  name: string,
  type: Field['type'],
  element_type: string,
  more: Partial<Field> = {},
): Field => ({ name, type, element_type, shape: [], ...more });

function setup(inputs: readonly Field[]) {
  const signature: ModelSignature = { task: 'other', inputs: [...inputs], outputs: [] };
  const batched = inputs.map(
    ({ name, shape }): TensorInfo => ({ name, elementType: 'float', shape: ['batch', ...shape] }),
  );
  const encode = compileEncoder(signature, batched);
  return {
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

describe('encoding instances of images', () => {
  const image = column('image', 'number', 'float', { shape: [2, 3] });
  const pixels = [
    [1, 2, 3],
    [4, 5, 6],
  ];

  it('takes one list of all values for nested arrays, as a data set has them', () => {
    const { tensorsOf } = setup([image]);

    const tensors = tensorsOf([{ image: pixels }, { image: [1, 2, 3, 4, 5, 6] }]);

    expect(tensors).toEqual([{ image: { dims: [2, 2, 3], data: [1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6] } }]);
  });

  it.each([
    { what: 'arrays', given: [[1, 2, 3]], got: '[1, 3]' },
    { what: 'numbers', given: [1, 2, 3, 4], got: 'an array of 4' },
    { what: 'nothing in it', given: [], got: 'an array of 0' },
  ])('refuses an array of other $what with the shape wanted and the shape given', ({ given, got }) => {
    const { violationsOf } = setup([image]);

    const violations = violationsOf([{ image: given }]);

    expect(violations).toEqual([
      {
        pointer: '/instances/0/image',
        detail: `must be nested arrays of shape [2, 3], or one list of their 6 values, got ${got}`,
      },
    ]);
  });
});

describe('encoding instances of sequences', () => {
  const series = column('series', 'number', 'float', { shape: [4], padding: null });
  const tokens = column('tokens', 'integer', 'int64', { shape: [3], padding: -1 });
  const track = column('track', 'number', 'float', { shape: [3, 2], padding: null });

  it('fills up what is shorter and cuts the end off what is longer', () => {
    const { tensorsOf } = setup([series, tokens]);

    const tensors = tensorsOf([
      { series: [1, 2], tokens: [7] },
      { series: [], tokens: [] },
      { series: [1, 2, 3, 4, 5], tokens: [4, 5, 6, 7] },
    ]);

    const none = Number.NaN;
    expect(tensors).toEqual([
      {
        series: { dims: [3, 4], data: [1, 2, none, none, none, none, none, none, 1, 2, 3, 4] },
        tokens: { dims: [3, 3], data: [7n, -1n, -1n, -1n, -1n, -1n, 4n, 5n, 6n] },
      },
    ]);
  });

  it('takes steps of several values nested, or one behind the other', () => {
    const { tensorsOf } = setup([track]);

    const tensors = tensorsOf([{ track: [[1, 2]] }, { track: [1, 2, 3, 4] }]);

    const none = Number.NaN;
    const data = [1, 2, none, none, none, none, 1, 2, 3, 4, none, none];
    expect(tensors).toEqual([{ track: { dims: [2, 3, 2], data } }]);
  });

  it.each([
    {
      what: 'half a step',
      given: [1, 2, 3],
      pointer: '/instances/0/track',
      says: 'must be nested arrays of shape [3, 2] at most, or one list of their 6 values at most, got an array of 3',
    },
    {
      what: 'a step of another size',
      given: [[1, 2], [3]],
      pointer: '/instances/0/track/1',
      says: 'must be an array of 2, got an array of 1',
    },
    {
      what: 'no list',
      given: 3,
      pointer: '/instances/0/track',
      says: 'must be an array of 3, got the number 3',
    },
  ])('refuses $what', ({ given, pointer, says }) => {
    const { violationsOf } = setup([track]);

    const violations = violationsOf([{ track: given }]);

    expect(violations).toEqual([{ pointer, detail: says }]);
  });
});
