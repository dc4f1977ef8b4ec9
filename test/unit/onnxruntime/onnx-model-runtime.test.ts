import { onnxModelRuntime } from '../../../shared/adapters/onnxruntime/onnx-model-runtime';
import { ModelLoadError, ModelRunError, ProviderUnavailableError } from '../../../shared/errors/model-errors';
import { attribute } from '../../../shared/onnx/attributes';
import {
  constant,
  floats,
  input,
  int64s,
  operation,
  output,
  scalar,
  tensor,
} from '../../../shared/onnx/build';
import type { ElementType, InputValue, Tensor, Value } from '../../../shared/onnx/ir';
import { model } from '../../../shared/onnx/model';
import { writeModel } from '../../../shared/onnx/write-model';

const bytesOf = (inputs: InputValue[], outputs: Record<string, Value>): Uint8Array =>
  writeModel(
    model({
      graph: {
        name: 'test',
        inputs,
        outputs: Object.entries(outputs).map(([name, value]) => ({ name, value })),
      },
    }),
  );

const passing = (elementType: ElementType) => {
  const x = input('x', elementType, ['batch']);
  return bytesOf([x], { y: operation('Identity', [x]) });
};

const doubling = () => {
  const x = input('x', 'float', ['batch', 2]);
  return bytesOf([x], { doubled: operation('Add', [x, x]), negated: operation('Neg', [x]) });
};

function setup() {
  return { runtime: onnxModelRuntime() };
}

describe('onnxModelRuntime', () => {
  it('tells inputs and outputs with types and named sizes', async () => {
    const { runtime } = setup();

    const session = await runtime.load(doubling());

    expect(session.inputs).toEqual([{ name: 'x', elementType: 'float', shape: ['batch', 2] }]);
    expect(session.outputs.map(({ name }) => name)).toEqual(['doubled', 'negated']);
    await session.dispose();
  });

  it('runs, and gives out only what is asked for', async () => {
    const { runtime } = setup();
    const session = await runtime.load(doubling(), { threads: 1 });

    const all = await session.run({ x: floats([1, 2], [1, 2]) });
    const one = await session.run({ x: floats([1, 2], [1, 2]) }, ['negated']);

    expect(all.doubled).toEqual({ elementType: 'float', dims: [1, 2], data: Float32Array.of(2, 4) });
    expect(Object.keys(one)).toEqual(['negated']);
    await session.dispose();
  });

  it.each<[ElementType, Tensor]>([
    ['float', tensor('float', [2], [1.5, Number.NaN])],
    ['double', tensor('double', [2], [1e300, -0.1])],
    ['float16', tensor('float16', [2], [0.5, 65504])],
    ['int8', tensor('int8', [2], [-128, 127])],
    ['uint8', tensor('uint8', [2], [0, 255])],
    ['int32', tensor('int32', [2], [-1, 2 ** 31 - 1])],
    ['int64', tensor('int64', [2], [-(2n ** 63n), 2n ** 62n])],
    ['bool', tensor('bool', [2], [true, false])],
    ['string', tensor('string', [3], ['Gentoo', '', 'Pingüino 🐧'])],
  ])('hands %s tensors in and out unchanged', async (elementType, given) => {
    const { runtime } = setup();
    const session = await runtime.load(passing(elementType));

    const { y } = await session.run({ x: given });

    expect(y).toEqual(given);
    await session.dispose();
  });

  it('leaves out outputs that are no tensors', async () => {
    const { runtime } = setup();
    const x = input('x', 'float', [2]);
    const both = operation(
      'SequenceConstruct',
      [x, x],
      {},
      { types: [{ kind: 'sequence', element: x.type }] },
    );

    const session = await runtime.load(bytesOf([x], { both, y: operation('Neg', [x]) }));
    const answer = await session.run({ x: floats([2], [1, 2]) });

    expect(session.outputs.map(({ name }) => name)).toEqual(['y']);
    expect(answer.y?.data).toEqual(Float32Array.of(-1, -2));
  });

  it.each([
    ['bytes that are no model', Uint8Array.of(1, 2, 3), /^the model cannot be loaded: .*protobuf/],
    ['no bytes', new Uint8Array(0), /it has no bytes/],
  ])('refuses %s', async (_, bytes, message) => {
    const { runtime } = setup();

    const loading = runtime.load(bytes);

    await expect(loading).rejects.toThrow(ModelLoadError);
    await expect(loading).rejects.toThrow(message);
  });

  it('refuses an operator that nobody knows, and says which', async () => {
    const { runtime } = setup();
    const x = input('x', 'float', [1]);
    const unknown = operation('Frobnicate', [x], {}, { types: [x.type] });

    const loading = runtime.load(bytesOf([x], { y: unknown }));

    await expect(loading).rejects.toThrow(/No Op registered for Frobnicate/);
    await expect(loading).rejects.not.toThrow(/onnxruntime_src|\.cc:/);
  });

  it('refuses an int4 output, which would end the process if it were read', async () => {
    const { runtime } = setup();
    const x = input('x', 'float', [4]);
    const packed = operation('Cast', [x], { to: attribute.int(22) });

    const loading = runtime.load(bytesOf([x], { packed }));

    await expect(loading).rejects.toThrow(/output 'packed' is of type int4/);
  });

  it('refuses CUDA where there is none', async () => {
    const { runtime } = setup();

    const loading = runtime.load(doubling(), { provider: 'cuda' });

    await expect(loading).rejects.toThrow(ProviderUnavailableError);
  });

  it.each<[string, Record<string, Tensor>, RegExp]>([
    ['a missing input', {}, /input 'x' is missing/],
    ['an unknown input', { x: floats([1, 2], [1, 2]), z: scalar(1) }, /no input 'z'; its inputs are: x/],
    ['a wrong element type', { x: tensor('int64', [1, 2], [1, 2]) }, /input 'x' takes float, got int64/],
    ['a wrong size', { x: floats([1, 3], [1, 2, 3]) }, /index: 1 Got: 3 Expected: 2/],
    ['a wrong rank', { x: floats([2], [1, 2]) }, /rank.*Got: 1 Expected: 2/],
    [
      'values that do not fill the dims',
      { x: { elementType: 'float', dims: [2, 2], data: new Float32Array(2) } },
      /\[2, 2\]/,
    ],
  ])('refuses %s', async (_, feeds, message) => {
    const { runtime } = setup();
    const session = await runtime.load(doubling());

    const running = session.run(feeds);

    await expect(running).rejects.toThrow(ModelRunError);
    await expect(running).rejects.toThrow(message);
    await session.dispose();
  });

  it('fails on a node that cannot run, naming it', async () => {
    const { runtime } = setup();
    const x = input('x', 'float', ['rows', 2]);
    const indices = input('indices', 'int64', ['picked']);
    const session = await runtime.load(bytesOf([x, indices], { y: operation('Gather', [x, indices]) }));

    const running = session.run({ x: floats([1, 2], [1, 2]), indices: int64s([7]) });

    await expect(running).rejects.toThrow(/Gather.*failed: .*7/);
  });

  it('keeps denormals in JavaScript unless it is told to flush them', async () => {
    const { runtime } = setup();
    const x = input('x', 'float', [2, 1]);
    const parts = operation(
      'Split',
      [x],
      { axis: attribute.int(0), num_outputs: attribute.int(2) },
      { outputs: 2 },
    );

    const session = await runtime.load(
      bytesOf([x], { first: output(parts, 0), second: constant(scalar(1), 'one') }),
    );
    await session.run({ x: floats([2, 1], [1e-40, 1]) });

    expect(Number.MIN_VALUE * 1).toBeGreaterThan(0);
  });
});
