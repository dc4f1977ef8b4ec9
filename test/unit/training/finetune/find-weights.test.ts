import { findWeights, hasWeightsInBodies } from '../../../../jobs/training/finetune/find-weights';
import { attribute, constant, floats, input, operation, tensor } from '../../../../shared/onnx/build';
import type { Value } from '../../../../shared/onnx/ir';

const rows = input('rows', 'float', ['batch', 2]);
const first = operation('MatMul', [rows, constant(floats([2, 2], [1, 2, 3, 4]), 'first')]);

/** Adds to the first layer in one of two ways. */
const branching = (added: Value) => {
  const branch = (name: string, value: Value) =>
    attribute.graph({ name, inputs: [], outputs: [{ name: `${name}_value`, value }] });
  const chosen = operation('If', [constant(tensor('bool', [], [true]))], {
    then_branch: branch('then', operation('Add', [first, added])),
    else_branch: branch('else', operation('Neg', [first])),
  });
  return operation('Mul', [first, chosen]);
};

const names = (value: Value) => findWeights(value).weights.map(({ name }) => name);

const decaying = (value: Value) =>
  findWeights(value)
    .weights.filter(({ decays }) => decays)
    .map(({ name }) => name);

describe('findWeights', () => {
  it('leaves the bodies of If alone, and tells of them', () => {
    const value = branching(constant(floats([2], [0.1, 0.2]), 'inside'));

    expect(names(value)).toEqual(['first']);
    expect(hasWeightsInBodies(value)).toBe(true);
  });

  it('tells of no bodies that hold no weights', () => {
    const value = branching(constant(floats([1], [0.1])));

    expect(hasWeightsInBodies(value)).toBe(false);
  });

  it('finds recurrent weights, embeddings and slopes', () => {
    const ids = input('ids', 'int64', ['batch', 3]);
    const embedded = operation('Gather', [
      constant(floats([4, 2], new Float32Array(8).fill(0.1)), 'table'),
      ids,
    ]);
    const steps = operation('Transpose', [embedded], { perm: attribute.ints([1, 0, 2]) });
    const weight = (name: string, ...dims: number[]) =>
      constant(floats(dims, new Float32Array(dims.reduce((a, b) => a * b, 1)).fill(0.1)), name);
    const recurrent = operation(
      'GRU',
      [steps, weight('W', 1, 9, 2), weight('R', 1, 9, 3), weight('B', 1, 18)],
      {
        hidden_size: attribute.int(3),
      },
    );
    const value = operation('PRelu', [recurrent, weight('slope', 3)]);

    expect(names(value)).toEqual(['table', 'W', 'R', 'B', 'slope']);
    expect(decaying(value)).toEqual(['table', 'W', 'R']);
  });

  it('tells weights from biases and scales by where they stand, whatever their axes', () => {
    const values = (name: string, ...dims: number[]) =>
      constant(floats(dims, new Float32Array(dims.reduce((a, b) => a * b, 1)).fill(0.1)), name);
    const biased = operation('Add', [first, values('bias', 1, 2)]);
    const scaled = operation('Mul', [biased, values('scale', 1, 2)]);
    const value = operation('MatMul', [scaled, values('vector', 2)]);

    expect(names(value)).toEqual(['first', 'bias', 'scale', 'vector']);
    expect(decaying(value)).toEqual(['first', 'vector']);
  });

  it('finds the weights behind what is computed of them', () => {
    const stored = constant(floats([4], [1, 2, 3, 4]), 'stored');
    const shaped = operation('Reshape', [stored, constant(tensor('int64', [2], [2, 2]))]);

    expect(names(operation('MatMul', [rows, operation('Transpose', [shaped])]))).toEqual(['stored']);
  });
});
