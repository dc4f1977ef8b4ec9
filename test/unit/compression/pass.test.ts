import { applyInTurn, type Pass } from '../../../jobs/compression/pass';
import { passesOf } from '../../../jobs/compression/recipes';
import { PassFailedError, UnsuitableModelError } from '../../../shared/errors/compression-errors';
import { input } from '../../../shared/onnx/build';
import type { Model, OperationValue } from '../../../shared/onnx/ir';
import { mlpOf, randomLayers } from '../../support/random-mlp';

function setup() {
  const applied: string[] = [];
  const passOf = (name: string, apply: (model: Model) => Model): Pass => ({
    name,
    apply: (model) => {
      applied.push(name);
      const layer = { layer: name, operator: 'MatMul', shape: [1, 1], bytesBefore: 4, bytesAfter: 1 };
      return { model: apply(model), layers: [layer] };
    },
  });
  return { applied, passOf, model: mlpOf(randomLayers([16, 40, 3])) };
}

/** A product whose sizes do not fit, as a pass with a mistake might build it. */
function broken(model: Model): Model {
  const [y] = model.graph.outputs;
  const wrong: OperationValue = {
    kind: 'operation',
    op: 'MatMul',
    domain: '',
    inputs: [input('a', 'float', [2, 3]), input('b', 'float', [4, 5])],
    attributes: {},
    types: [{ kind: 'tensor', elementType: 'float', shape: [2, 5] }],
    type: { kind: 'tensor', elementType: 'float', shape: [2, 5] },
  };
  return { ...model, graph: { ...model.graph, outputs: y ? [{ ...y, value: wrong }] : [] } };
}

const failureOf = (run: Promise<unknown>): Promise<unknown> => run.catch((error: unknown) => error);

describe('applyInTurn', () => {
  it('runs the passes in their order, and tells what each of them decided', async () => {
    const { applied, passOf, model } = setup();
    const passes = [passOf('first', (given) => given), passOf('second', (given) => given)];

    const { layers } = await applyInTurn(passes, model);

    expect(applied).toEqual(['first', 'second']);
    expect(layers.map(({ layer }) => layer)).toEqual(['first', 'second']);
  });

  it('fails with the name of the pass whose graph is none, and of those before it', async () => {
    const { applied, passOf, model } = setup();
    const passes = [
      passOf('first', (given) => given),
      passOf('breaks', broken),
      passOf('never', (given) => given),
    ];

    const error = await failureOf(applyInTurn(passes, model));

    expect(error).toBeInstanceOf(PassFailedError);
    expect(error).toMatchObject({ fault: 'service', details: { pass: 'breaks', before: ['first'] } });
    expect(String(error)).toMatch(/the pass 'breaks' failed, after: first: .*MatMul/);
    expect(applied).toEqual(['first', 'breaks']);
  });

  it('fails as the caller’s fault where a pass cannot work on the model', async () => {
    const { passOf, model } = setup();
    const passes = [
      passOf('picky', () => {
        throw new UnsuitableModelError('too old');
      }),
    ];

    const error = await failureOf(applyInTurn(passes, model));

    expect(error).toMatchObject({ fault: 'caller', code: 'unsuitable_model' });
    expect(String(error)).toMatch(/the pass 'picky' failed, after: none: too old/);
  });
});

describe('passesOf', () => {
  it('makes the passes that a spec names', async () => {
    const { model } = setup();

    const { layers } = await applyInTurn(passesOf([{ name: 'int8_dynamic' }]), model);

    expect(layers.map(({ layer, kept }) => [layer, kept === undefined])).toEqual([
      ['weight_0', true],
      ['weight_1', false],
    ]);
  });
});
