import { type InferInput, type InferRequest, inferRequest } from '../../../shared/contracts/inference';
import type { Violation } from '../../../shared/errors/app-error';
import { InvalidRequestError } from '../../../shared/errors/request-errors';
import { tensor } from '../../../shared/onnx/build';
import type { TensorInfo } from '../../../shared/ports/model-runtime';
import { readInferInputs } from '../../../shared/predictions/read-infer-inputs';
import { refuseBinary } from '../../../shared/predictions/refuse-binary';
import { tensorMetadataOf } from '../../../shared/predictions/tensor-datatypes';
import { wantedOutputs, writeInferOutput } from '../../../shared/predictions/write-infer-outputs';

const matrix: TensorInfo = { name: 'matrix', elementType: 'float', shape: ['batch', 2] };
const words: TensorInfo = { name: 'words', elementType: 'string', shape: ['batch'] };

const given = (input: Partial<InferInput> = {}): InferInput => ({
  name: 'matrix',
  shape: [2, 2],
  datatype: 'FP32',
  data: [1, 2, 3, 4],
  ...input,
});

function setup(declared: readonly TensorInfo[] = [matrix]) {
  return {
    read: (...inputs: InferInput[]) => readInferInputs({ inputs }, declared),
    violationsOf(...inputs: InferInput[]): readonly Violation[] {
      try {
        readInferInputs({ inputs }, declared);
        return [];
      } catch (error) {
        if (error instanceof InvalidRequestError) return error.details.errors ?? [];
        throw error;
      }
    },
  };
}

describe('reading the tensors of an infer request', () => {
  it.each([
    { how: 'flat', data: [1, 2, 3, 4] },
    {
      how: 'nested',
      data: [
        [1, 2],
        [3, 4],
      ],
    },
  ])('takes $how data', ({ data }) => {
    const { read } = setup();

    const feeds = read(given({ data }));

    expect(feeds).toEqual({
      matrix: { elementType: 'float', dims: [2, 2], data: Float32Array.of(1, 2, 3, 4) },
    });
  });

  it.each([
    { datatype: 'BOOL', elementType: 'bool', data: [true, false], held: Uint8Array.of(1, 0) },
    { datatype: 'INT8', elementType: 'int8', data: [-128, 127], held: Int8Array.of(-128, 127) },
    { datatype: 'UINT32', elementType: 'uint32', data: [0, 4294967295], held: Uint32Array.of(0, 4294967295) },
    {
      datatype: 'INT64',
      elementType: 'int64',
      data: [1, '-9223372036854775808'],
      held: BigInt64Array.of(1n, -(2n ** 63n)),
    },
    {
      datatype: 'UINT64',
      elementType: 'uint64',
      data: [1, '18446744073709551615'],
      held: BigUint64Array.of(1n, 2n ** 64n - 1n),
    },
    { datatype: 'FP16', elementType: 'float16', data: [1, -2], held: Uint16Array.of(0x3c00, 0xc000) },
    { datatype: 'BF16', elementType: 'bfloat16', data: [1, -2], held: Uint16Array.of(0x3f80, 0xc000) },
    { datatype: 'FP64', elementType: 'double', data: [0.1, null], held: Float64Array.of(0.1, Number.NaN) },
    { datatype: 'BYTES', elementType: 'string', data: ['a', 'é'], held: ['a', 'é'] },
  ] as const)('takes $datatype as $elementType', ({ datatype, elementType, data, held }) => {
    const { read } = setup([{ name: 'x', elementType, shape: [-1, 2].map(String) }]);

    const feeds = read({ name: 'x', shape: [1, 2], datatype, data: [...data] });

    expect(feeds.x).toEqual({ elementType, dims: [1, 2], data: held });
  });

  it.each([
    { what: 'a scalar', shape: [], data: [7] },
    { what: 'a tensor of no elements', shape: [0], data: [] },
  ])('takes $what', ({ shape, data }) => {
    const { read } = setup([{ name: 'x', elementType: 'float', shape: shape.map(() => 'n') }]);

    const feeds = read({ name: 'x', shape, datatype: 'FP32', data });

    expect(feeds.x).toEqual({ elementType: 'float', dims: shape, data: Float32Array.from(data) });
  });

  it.each<{ what: string; inputs: InferInput[]; at: string; says: string }>([
    {
      what: 'a name that the model has not',
      inputs: [given(), given({ name: 'image' })],
      at: '/inputs/1/name',
      says: "the model has no input 'image'; it has: matrix",
    },
    {
      what: 'a tensor given twice',
      inputs: [given(), given()],
      at: '/inputs/1/name',
      says: "'matrix' is given twice",
    },
    {
      what: 'another datatype',
      inputs: [given({ datatype: 'INT64' })],
      at: '/inputs/0/datatype',
      says: "'matrix' is FP32, got INT64",
    },
    {
      what: 'another rank',
      inputs: [given({ shape: [4] })],
      at: '/inputs/0/shape',
      says: "'matrix' has shape [-1, 2], got [4]",
    },
    {
      what: 'another size',
      inputs: [given({ shape: [1, 4] })],
      at: '/inputs/0/shape',
      says: "'matrix' has shape [-1, 2], got [1, 4]",
    },
    {
      what: 'too few values',
      inputs: [given({ data: [1, 2, 3] })],
      at: '/inputs/0/data',
      says: '[2, 2] holds 4 values, got 3',
    },
    {
      what: 'too many values',
      inputs: [given({ data: [1, 2, 3, 4, 5] })],
      at: '/inputs/0/data',
      says: '[2, 2] holds 4 values, got 5',
    },
    {
      what: 'nested data of another shape',
      inputs: [given({ data: [[1, 2], [3]] })],
      at: '/inputs/0/data/1',
      says: 'must be an array of 2, got an array of 1',
    },
    {
      what: 'a wrong value in flat data',
      inputs: [given({ data: [1, 2, 'x', 4] })],
      at: '/inputs/0/data/2',
      says: 'must be a number, got the string "x"',
    },
    {
      what: 'a wrong value in nested data',
      inputs: [
        given({
          data: [
            [1, 2],
            [3, false],
          ],
        }),
      ],
      at: '/inputs/0/data/1/1',
      says: 'must be a number, got the boolean false',
    },
  ])('refuses $what', ({ inputs, at, says }) => {
    const { violationsOf } = setup();

    const violations = violationsOf(...inputs);

    expect(violations).toEqual([{ pointer: at, detail: says }]);
  });

  it('refuses a request without an input that the model needs', () => {
    const { violationsOf } = setup([matrix, words]);

    const violations = violationsOf(given());

    expect(violations).toEqual([{ pointer: '/inputs', detail: "the model's input 'words' is missing" }]);
  });

  it('refuses a shape that no body could fill, before memory is taken for it', () => {
    const { violationsOf } = setup([{ name: 'x', elementType: 'float', shape: ['a', 'b'] }]);

    const violations = violationsOf({ name: 'x', shape: [1e9, 1e9], datatype: 'FP32', data: [[]] });

    expect(violations).toEqual([
      { pointer: '/inputs/0/data', detail: expect.stringContaining('is more than the 4194304 values') },
    ]);
  });
});

describe('the outputs of an infer request', () => {
  const declared: TensorInfo[] = [
    { name: 'label', elementType: 'int64', shape: ['batch'] },
    { name: 'scores', elementType: 'float', shape: ['batch', 3] },
  ];
  const asking = (...names: string[]): InferRequest => ({
    inputs: [given()],
    outputs: names.map((name) => ({ name })),
  });

  it('are those asked for, in their order, or all', () => {
    const chosen = wantedOutputs(asking('scores', 'label', 'scores'), declared);
    const all = wantedOutputs({ inputs: [given()] }, declared);

    expect(chosen).toEqual(['scores', 'label']);
    expect(all).toEqual(['label', 'scores']);
  });

  it('refuses one that the model has not', () => {
    const ask = () => wantedOutputs(asking('probabilities'), declared);

    expect(ask).toThrow("'/outputs/0/name' the model has no output 'probabilities'; it has: label, scores");
  });

  it('are flat, with their shape and datatype', () => {
    const output = writeInferOutput('scores', tensor('float', [1, 3], [0.5, Number.NaN, 1]));

    expect(output).toEqual({ name: 'scores', shape: [1, 3], datatype: 'FP32', data: [0.5, null, 1] });
  });

  it('fails for a type that the protocol does not know', () => {
    const write = () => writeInferOutput('y', { elementType: 'int4', dims: [2], data: Uint8Array.of(0) });

    expect(write).toThrow("the output 'y' is of int4, which the protocol cannot carry");
  });
});

describe('tensor metadata', () => {
  it('names datatypes as the protocol does, and open sizes -1', () => {
    const metadata = [matrix, words, { ...matrix, elementType: 'uint4' as const }].flatMap(tensorMetadataOf);

    expect(metadata).toEqual([
      { name: 'matrix', datatype: 'FP32', shape: [-1, 2] },
      { name: 'words', datatype: 'BYTES', shape: [-1] },
    ]);
  });
});

describe('the binary tensor extension', () => {
  it.each<{ what: string; request: InferRequest; at: string }>([
    {
      what: 'data of an input',
      request: { inputs: [given({ parameters: { binary_data_size: 16 } })] },
      at: '/inputs/0/parameters/binary_data_size',
    },
    {
      what: 'one output',
      request: { inputs: [given()], outputs: [{ name: 'y', parameters: { binary_data: true } }] },
      at: '/outputs/0/parameters/binary_data',
    },
    {
      what: 'all outputs',
      request: { inputs: [given()], parameters: { binary_data_output: true } },
      at: '/parameters/binary_data_output',
    },
  ])('is refused for $what', ({ request, at }) => {
    const refuse = () => refuseBinary(request);

    expect(refuse).toThrow(`'${at}' the binary tensor extension is not spoken here: send and take JSON data`);
  });

  it('is no trouble where it is asked not to be used, beside parameters of other kinds', () => {
    const request: InferRequest = {
      inputs: [given({ parameters: { content_type: 'np' } })],
      parameters: { binary_data_output: false },
    };

    const refuse = () => refuseBinary(request);

    expect(refuse).not.toThrow();
  });

  it('is named where an input comes without data', () => {
    const { data: _, ...withoutData } = given();

    const parsed = inferRequest.safeParse({ inputs: [withoutData] });

    expect(parsed.error?.issues[0]).toMatchObject({
      path: ['inputs', 0, 'data'],
      message: expect.stringContaining('binary tensor extension'),
    });
  });
});
