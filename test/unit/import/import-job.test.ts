import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { importModel } from '../../../jobs/kinds/import';
import type { ModelSignature } from '../../../shared/contracts/model';
import { attribute, constant, floats, input, operation, tensor } from '../../../shared/onnx/build';
import type { ElementType, Model, Value } from '../../../shared/onnx/ir';
import { model } from '../../../shared/onnx/model';
import { tensorType } from '../../../shared/onnx/shapes';
import { writeModel } from '../../../shared/onnx/write-model';
import { folderJobContext } from '../../support/folder-job-context';
import { penguinModel, penguinSignature } from '../../support/penguin-model';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ingot-import-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function importing(file: Uint8Array | Model, signature?: ModelSignature) {
  const path = join(folder, 'upload.onnx');
  await writeFile(path, file instanceof Uint8Array ? file : writeModel(file));
  const context = await folderJobContext({
    inputs: { model: path },
    model: { name: 'uploaded', version: 1, lineage: {}, ...(signature ? { signature } : {}) },
    threads: 1,
  });
  const result = await importModel.run({ model: { name: 'uploaded', version: 1 } }, context);
  await context.remove();
  return { result, path };
}

const modelOf = (x: ReturnType<typeof input>, y: Value): Model =>
  model({ graph: { name: 'test', inputs: [x], outputs: [{ name: 'y', value: y }] } });

const casting = (from: ElementType, to: ElementType, code: number) => {
  const x = input('x', from, ['batch']);
  const types = [tensorType(to, ['batch'])];
  return modelOf(x, operation('Cast', [x], { to: attribute.int(code) }, { types }));
};

describe('importing a model', () => {
  it('reads what it takes and gives, one instance of each', async () => {
    const { result } = await importing(penguinModel());

    expect(result).toEqual({
      type: 'model_imported',
      signature: {
        task: 'other',
        inputs: [
          { name: 'mass', type: 'number', element_type: 'float', shape: [] },
          { name: 'island', type: 'string', element_type: 'string', shape: [] },
        ],
        outputs: [
          { name: 'label', type: 'string', element_type: 'string', shape: [] },
          { name: 'probabilities', type: 'number', element_type: 'float', shape: [2] },
        ],
      },
    });
  });

  it.each([
    { what: 'an open batch axis', dims: ['batch', 3, 4], shape: [3, 4] },
    { what: 'a batch axis of size 1', dims: [1, 3, 4], shape: [3, 4] },
    { what: 'open sizes beside the batch', dims: ['batch', 'tokens', 4], shape: [-1, 4] },
    { what: 'no batch axis', dims: [3, 4], shape: [3, 4] },
  ])('takes an instance from $what', async ({ dims, shape }) => {
    const x = input('x', 'int64', dims);

    const { result } = await importing(modelOf(x, operation('Neg', [x])));

    const field = { type: 'integer', element_type: 'int64', shape };
    expect(result).toMatchObject({
      signature: { inputs: [{ name: 'x', ...field }], outputs: [{ name: 'y', ...field }] },
    });
  });

  it('keeps the signature that its owner declared', async () => {
    const { result } = await importing(penguinModel(), penguinSignature);

    expect(result).toEqual({ type: 'model_imported', signature: penguinSignature });
  });

  const [mass, island] = penguinSignature.inputs;
  const wrong = (inputs: (typeof mass)[], more: Partial<ModelSignature> = {}): ModelSignature => ({
    ...penguinSignature,
    inputs: inputs.flatMap((field) => field ?? []),
    ...more,
  });

  it.each([
    {
      what: 'an input that is not there',
      signature: wrong([mass, island, mass && { ...mass, name: 'age' }]),
      says: /^the signature's input 'age' is not in the model, whose inputs are: mass, island$/,
    },
    {
      what: 'no word of an input',
      signature: wrong([mass]),
      says: /^the model's input 'island' is not in the signature, and the model needs it$/,
    },
    {
      what: 'another element type',
      signature: wrong([mass && { ...mass, element_type: 'double' }, island]),
      says: /^the signature says that the input 'mass' is double, the model that it is float$/,
    },
    {
      what: 'another shape',
      signature: wrong([mass && { ...mass, shape: [3, 3] }, island]),
      says: /^the signature's shape \[3, 3\] of one instance of the input 'mass' does not fit the model's \[batch\]$/,
    },
    {
      what: 'text for a tensor of floats',
      signature: wrong([mass && { ...mass, type: 'string' }, island]),
      says: /'mass' is a nullable string, which a tensor of float cannot hold/,
    },
    {
      what: 'three classes',
      signature: wrong([mass, island], { classes: ['a', 'b', 'c'] }),
      says: /^a classification needs its classes and an output of one number for each; the signature has 3 classes/,
    },
  ])('rejects a signature with $what', async ({ signature, says }) => {
    const { result } = await importing(penguinModel(), signature);

    expect(result).toEqual({
      type: 'model_rejected',
      errors: [{ code: 'signature_mismatch', detail: expect.stringMatching(says) }],
    });
  });

  it.each([
    { what: 'an empty file', bytes: Buffer.alloc(0), says: /no ONNX graph|no bytes/ },
    {
      what: 'a picture',
      bytes: Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'),
      says: /the bytes are no ONNX model/,
    },
    {
      what: 'half a model',
      bytes: writeModel(penguinModel()).subarray(0, 200),
      says: /the bytes are no ONNX model/,
    },
  ])('rejects $what', async ({ bytes, says }) => {
    const { result } = await importing(bytes);

    expect(result).toEqual({
      type: 'model_rejected',
      errors: [{ code: 'invalid_model', detail: expect.stringMatching(says) }],
    });
  });

  it('rejects an output of 4-bit integers before the runtime, which would end the process, sees it', async () => {
    const { result } = await importing(casting('float', 'int4', 22));

    expect(result).toEqual({
      type: 'model_rejected',
      errors: [
        {
          code: 'unsupported_type',
          detail: expect.stringMatching(/^the output 'y' is a tensor of int4, .*cast it/),
        },
      ],
    });
  });

  it('rejects an operator that no runtime knows', async () => {
    const x = input('x', 'float', ['batch']);
    const types = [tensorType('float', ['batch'])];

    const { result } = await importing(modelOf(x, operation('Frobnicate', [x], {}, { types })));

    expect(result).toMatchObject({
      type: 'model_rejected',
      errors: [{ code: 'model_load_failed', detail: expect.stringContaining('Frobnicate') }],
    });
  });

  it.each([
    {
      what: 'an opset from the future',
      made: { opsets: { '': 99 } },
      code: 'unsupported_opset',
      says: /opset 99, and the newest that runs here is 26/,
    },
    {
      what: 'an IR version from the future',
      made: { irVersion: 99 },
      code: 'unsupported_ir',
      says: /IR version 99, and the newest that runs here is 13/,
    },
  ])('rejects $what', async ({ made, code, says }) => {
    const { result } = await importing({ ...penguinModel(), ...made });

    expect(result).toEqual({
      type: 'model_rejected',
      errors: [{ code, detail: expect.stringMatching(says) }],
    });
  });

  it('rejects a model without inputs', async () => {
    const y = operation('Neg', [constant(floats([1], [1]))]);
    const made = model({ graph: { name: 'test', inputs: [], outputs: [{ name: 'y', value: y }] } });

    const { result } = await importing(made);

    expect(result).toMatchObject({ type: 'model_rejected', errors: [{ code: 'no_inputs' }] });
  });

  it('rejects a file that is too large, without reading it', async () => {
    const { path } = await importing(penguinModel());
    await truncate(path, 1024 ** 3 + 1);
    const context = await folderJobContext({ inputs: { model: path } });

    const result = await importModel.run({ model: { name: 'uploaded', version: 1 } }, context);

    await context.remove();
    expect(result).toMatchObject({ type: 'model_rejected', errors: [{ code: 'too_large' }] });
  });

  it('reads a model with string constants and a scalar input', async () => {
    const x = input('x', 'int64', []);
    const names = constant(tensor('string', [3], ['a', 'b', 'c']));

    const { result } = await importing(modelOf(x, operation('Gather', [names, x])));

    expect(result).toMatchObject({
      signature: {
        inputs: [{ name: 'x', type: 'integer', element_type: 'int64', shape: [] }],
        outputs: [{ name: 'y', type: 'string', element_type: 'string', shape: [] }],
      },
    });
  });
});
