import { cleanUp } from '../../../../jobs/compression/cleanup/clean-up';
import { onnxModelRuntime } from '../../../../shared/adapters/onnxruntime/onnx-model-runtime';
import { ModelLoadError } from '../../../../shared/errors/model-errors';
import { constant, floats, input, operation, scalar } from '../../../../shared/onnx/build';
import type { Model, OperationValue, Value } from '../../../../shared/onnx/ir';
import { model } from '../../../../shared/onnx/model';
import { tensorType } from '../../../../shared/onnx/shapes';
import { everyValue } from '../../../../shared/onnx/walk';
import { writeModel } from '../../../../shared/onnx/write-model';
import { runModel } from '../../../support/run-onnx';

const a = input('a', 'float', ['batch', 2]);
const b = input('b', 'float', ['batch', 2]);
const unused = input('unused', 'float', ['batch', 2]);
const weights = constant(floats([2, 2], [1, 2, 3, 4]), 'weights');

function setup(...values: readonly Value[]) {
  const outputs = values.map((value, at) => ({ name: `y${at}`, value }));
  const given = model({ graph: { name: 'dirty', inputs: [a, unused, b], outputs } });
  const tools = { runtime: onnxModelRuntime(), signal: new AbortController().signal };
  return { given, tools };
}

const idle = (value: Value): Value => operation('Mul', [operation('Identity', [value]), constant(scalar(1))]);

const opsIn = ({ graph }: Model): readonly string[] =>
  everyValue(graph.outputs.map(({ value }) => value)).flatMap((each) =>
    each.kind === 'operation' ? [each.op] : [],
  );

describe('cleanUp', () => {
  it('keeps inputs and outputs by name and order, those that are read by none, given twice or just passed on too', async () => {
    const product = operation('MatMul', [idle(a), weights]);
    const { given, tools } = setup(idle(product), idle(b), product, weights);

    const { model: cleaned } = await cleanUp(given, tools);

    const feeds = { a: floats([1, 2], [1, 1]), b: floats([1, 2], [5, 6]), unused: floats([1, 2], [0, 0]) };
    expect(cleaned.graph.inputs.map(({ name }) => name)).toEqual(['a', 'unused', 'b']);
    expect(await runModel(writeModel(cleaned), feeds)).toEqual(await runModel(writeModel(given), feeds));
    expect(opsIn(cleaned)).toEqual(['MatMul']);
  });

  it('keeps what a file declares of the sizes of its outputs', async () => {
    const sizes = input('unused', 'int64', [2]);
    const types = [tensorType('float', ['batch', 'size'])];
    const reshaped = operation('Reshape', [idle(a), sizes], {}, { types });
    const graph = { name: 'told', inputs: [a, sizes], outputs: [{ name: 'y', value: reshaped }] };
    const { tools } = setup();

    const { model: cleaned } = await cleanUp(model({ graph }), tools);

    expect(opsIn(cleaned)).toEqual(['Reshape']);
    expect(cleaned.graph.outputs[0]?.value.type).toEqual(types[0]);
  });

  it('tells in how many places each pass changed the model, in the order in which they run', async () => {
    const { given, tools } = setup(idle(a));

    const { passes } = await cleanUp(given, tools);

    expect(passes).toEqual([
      { name: 'drop_training_outputs', changes: 0 },
      { name: 'inline_branches', changes: 0 },
      { name: 'fold_shapes', changes: 0 },
      { name: 'remove_identities', changes: 2 },
      { name: 'merge_duplicates', changes: 0 },
      { name: 'fold_constants', changes: 0 },
      { name: 'fold_scaling', changes: 0 },
      { name: 'flush_tiny_weights', changes: 0 },
      { name: 'fold_constant_channels', changes: 0 },
      { name: 'drop_unread_channels', changes: 0 },
    ]);
  });

  it('gives a clean model back as it is', async () => {
    const { given, tools } = setup(operation('MatMul', [a, weights]));

    const { model: cleaned } = await cleanUp(given, tools);

    expect(cleaned).toBe(given);
  });

  it('leaves models of before opset 7 as they are', async () => {
    const { given, tools } = setup(idle(a));
    const old = { ...given, opsets: { '': 6 } };

    const { model: cleaned } = await cleanUp(old, tools);

    expect(cleaned).toBe(old);
  });

  it('computes nothing where the runtime can load none of it, and does the rest', async () => {
    const folded = operation('Add', [a, operation('Mul', [weights, weights])]);
    const { given } = setup(idle(folded));
    const runtime = { load: () => Promise.reject(new ModelLoadError('no such kernel')) };

    const { model: cleaned } = await cleanUp(given, { runtime, signal: new AbortController().signal });

    expect(opsIn(cleaned)).toEqual(['Mul', 'Add']);
  });

  it('fails with the name of the pass, and of those before it, where what it was given is no graph', async () => {
    const wrong: OperationValue = {
      kind: 'operation',
      op: 'MatMul',
      domain: '',
      inputs: [idle(a), input('c', 'float', [4, 5])],
      attributes: {},
      types: [a.type],
      type: a.type,
    };
    const { given, tools } = setup(wrong);

    const cleaning = cleanUp(given, tools);

    await expect(cleaning).rejects.toMatchObject({
      details: {
        pass: 'remove_identities',
        before: ['drop_training_outputs', 'inline_branches', 'fold_shapes'],
      },
    });
  });

  it('fails with the reason of the abort', async () => {
    const { given, tools } = setup(idle(a));

    const cleaning = cleanUp(given, { ...tools, signal: AbortSignal.abort(new Error('cancelled')) });

    await expect(cleaning).rejects.toThrow('cancelled');
  });
});
