import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import {
  type GraphProto,
  type GraphProtoSchema,
  AttributeProto_AttributeType as Kind,
  type ModelProto,
  ModelProtoSchema,
} from 'onnx-buf';
import { InvalidModelError } from '../../../shared/errors/graph-errors';
import { floats, input, operation } from '../../../shared/onnx/build';
import { model } from '../../../shared/onnx/model';
import { printGraph } from '../../../shared/onnx/print';
import { type ReadOptions, readModel } from '../../../shared/onnx/read-model';
import { writeModel } from '../../../shared/onnx/write-model';
import { runModel } from '../../support/run-onnx';

type GraphInit = Exclude<MessageInitShape<typeof GraphProtoSchema>, GraphProto>;
type ModelInit = Exclude<MessageInitShape<typeof ModelProtoSchema>, ModelProto>;

const type = (elemType: number, ...sizes: number[]) => ({
  value: {
    case: 'tensorType' as const,
    value: {
      elemType,
      shape: { dim: sizes.map((size) => ({ value: { case: 'dimValue' as const, value: BigInt(size) } })) },
    },
  },
});

const declared = (name: string, ...sizes: number[]) => ({ name, type: type(1, ...sizes) });

const weights = (name: string, values: readonly number[]) => ({
  name,
  dataType: 1,
  dims: [BigInt(values.length)],
  floatData: [...values],
});

/** The bytes of a model around a graph with input `x` and output `y`, both float[2]. */
function setup(graph: GraphInit, rest: ModelInit = {}): Uint8Array {
  const whole = { name: 'g', input: [declared('x', 2)], output: [declared('y', 2)], ...graph };
  const init = { irVersion: 8n, opsetImport: [{ domain: '', version: 17n }], ...rest, graph: whole };
  return toBinary(ModelProtoSchema, create(ModelProtoSchema, init));
}

const add = (input: string[], output: string[]) => ({ opType: 'Add', input, output });

const read = (bytes: Uint8Array, options?: ReadOptions) => printGraph(readModel(bytes, options).graph);

describe('readModel', () => {
  it('gives out values beside its outputs that somebody chooses by their names', () => {
    const x = input('x', 'float', [2]);
    const y = operation('Exp', [operation('Neg', [x])]);
    const bytes = writeModel(
      model({ graph: { name: 'g', inputs: [x], outputs: [{ name: 'y', value: y }] } }),
    );

    const { graph } = readModel(bytes, {
      giveOut: (names) => names.filter((name) => name.startsWith('Neg')),
    });

    expect(graph.outputs.map(({ name }) => name)).toEqual(['y', 'Neg_0']);
  });

  it('takes initializers that are listed as inputs too for constants', () => {
    const bytes = setup(
      {
        input: [declared('x', 2), declared('w', 2)],
        initializer: [weights('w', [1, 2])],
        node: [add(['x', 'w'], ['y'])],
      },
      { irVersion: 3n },
    );

    const { graph, irVersion } = readModel(bytes);

    expect(graph.inputs.map(({ name }) => name)).toEqual(['x']);
    expect(irVersion).toBe(4);
  });

  it.each([
    ['value_float', { type: Kind.FLOAT, f: 2.5 }, 'float[] {2.5}'],
    ['value_floats', { type: Kind.FLOATS, floats: [1, 2] }, 'float[2] {1, 2}'],
    ['value_int', { type: Kind.INT, i: 3n }, 'int64[] {3}'],
    ['value_ints', { type: Kind.INTS, ints: [3n, 4n] }, 'int64[2] {3, 4}'],
    ['value_strings', { type: Kind.STRINGS, strings: [new TextEncoder().encode('é')] }, 'string[1] {é}'],
    ['value', { type: Kind.TENSOR, t: weights('', [5]) }, 'float[1] {5}'],
  ])('takes a Constant with %s for a constant', (name, attribute, expected) => {
    const bytes = setup({
      node: [{ opType: 'Constant', output: ['y'], attribute: [{ name, ...attribute }] }],
    });

    expect(read(bytes)).toContain(`y = ${expected}`);
  });

  it('puts functions in the place of their calls, with the attributes of the call', async () => {
    const scaled = {
      name: 'Scaled',
      domain: 'own',
      input: ['a', 'b'],
      output: ['c'],
      attribute: ['slope'],
      opsetImport: [{ domain: '', version: 17n }],
      node: [
        {
          opType: 'LeakyRelu',
          input: ['a'],
          output: ['t'],
          attribute: [{ name: 'alpha', refAttrName: 'slope', type: Kind.FLOAT }],
        },
        add(['t', 't'], ['c']),
      ],
    };
    const call = (input: string, output: string, f: number) => ({
      opType: 'Scaled',
      domain: 'own',
      input: [input],
      output: [output],
      attribute: [{ name: 'slope', type: Kind.FLOAT, f }],
    });
    const bytes = setup(
      { node: [call('x', 'h', 0.5), call('h', 'y', 0.25)] },
      {
        functions: [scaled],
        opsetImport: [
          { domain: '', version: 17n },
          { domain: 'own', version: 1n },
        ],
      },
    );

    const { y } = await runModel(writeModel(readModel(bytes)), { x: floats([2], [-4, 1]) });

    expect(y).toEqual(floats([2], Float32Array.of(-2, 4)));
  });

  it('carries operators and attributes that it does not know', () => {
    const strange = {
      opType: 'Frobnicate',
      domain: 'example',
      input: ['x', '', 'x'],
      output: ['', 'y'],
      attribute: [
        { name: 'kind', type: Kind.TYPE_PROTO, tp: type(7, 3) },
        { name: 'big', type: Kind.INT, i: 2n ** 60n + 1n },
        { name: 'bytes', type: Kind.STRING, s: Uint8Array.of(0xff, 0xfe) },
        { name: 'end', type: Kind.INT, i: 2n ** 63n - 1n },
      ],
    };
    const bytes = setup({ node: [strange] });

    const model = readModel(bytes);
    const again = readModel(writeModel(model));

    expect(again.graph).toEqual(model.graph);
    expect(model.graph.outputs[0]?.value).toMatchObject({
      kind: 'projection',
      index: 1,
      type: { kind: 'tensor', elementType: 'float', shape: [2] },
      of: { inputs: [{}, undefined, {}], attributes: { big: { type: 'opaque' }, end: { type: 'int' } } },
    });
  });

  it('reads a body that shadows nothing and captures what stands around it', () => {
    const branch = (name: string, input: string) => ({
      name,
      type: Kind.GRAPH,
      g: {
        name,
        node: [{ opType: 'Neg', input: [input], output: [`${name}_out`] }],
        output: [{ name: `${name}_out` }],
      },
    });
    const node = {
      opType: 'If',
      input: ['c'],
      output: ['y'],
      attribute: [branch('then_branch', 'h'), branch('else_branch', 'x')],
    };
    const graph = {
      input: [declared('x', 2), { name: 'c', type: type(9) }],
      node: [add(['x', 'x'], ['h']), node],
    };

    expect(read(setup(graph))).toContain('y: float[2] = If(c)');
  });

  it('asks for the bytes of tensors that lie in another file', () => {
    const external = {
      name: 'w',
      dataType: 1,
      dims: [2n],
      dataLocation: 1,
      externalData: [
        { key: 'location', value: 'weights/w.bin' },
        { key: 'offset', value: '4' },
        { key: 'length', value: '8' },
      ],
    };
    const bytes = setup({ initializer: [external], node: [add(['x', 'w'], ['y'])] });
    const asked: unknown[] = [];

    const listing = read(bytes, {
      externalData: (where) => {
        asked.push(where);
        return new Uint8Array(Float32Array.of(7, 8).buffer);
      },
    });

    expect(asked).toEqual([{ location: 'weights/w.bin', offset: 4, length: 8 }]);
    expect(listing).toContain('w = float[2] {7, 8}');
  });

  const sparse = (indices: bigint[], ...sizes: bigint[]) => ({
    sparseInitializer: [
      {
        values: { name: 'w', dataType: 1, dims: [2n], floatData: [7, 8] },
        indices: {
          dataType: 7,
          dims: indices.length === 2 ? [2n] : [2n, BigInt(indices.length / 2)],
          int64Data: indices,
        },
        dims: sizes,
      },
    ],
    output: [{ name: 'w' }],
  });

  it.each([
    ['positions in all', [1n, 3n], [4n], 'float[4] {0, 7, 0, 8}'],
    ['positions along each axis', [0n, 1n, 1n, 0n], [2n, 2n], 'float[2, 2] {0, 7, 8, 0}'],
  ])('writes sparse weights out, given by %s', (_, indices, sizes, expected) => {
    expect(read(setup(sparse(indices, ...sizes)))).toContain(`w = ${expected}`);
  });

  it('believes no file that says a shape has a billion axes', () => {
    const bytes = setup({
      input: [declared('x', 2), { name: 'axes', type: type(7, 1e9) }],
      node: [{ opType: 'Reshape', input: ['x', 'axes'], output: ['y'] }],
    });

    const { graph } = readModel(bytes);

    expect(graph.outputs[0]?.value.type).toEqual({ kind: 'tensor', elementType: 'float', shape: [2] });
  });

  it('keeps what the file says about types where shapes do not fit', () => {
    const bytes = setup({ initializer: [weights('w', [1, 2, 3])], node: [add(['x', 'w'], ['y'])] });

    const { graph } = readModel(bytes);

    expect(graph.outputs[0]?.value.type).toEqual({ kind: 'tensor', elementType: 'float', shape: [2] });
  });

  const outside = (location: string) => ({
    initializer: [
      {
        name: 'w',
        dataType: 1,
        dims: [1n],
        dataLocation: 1,
        externalData: [{ key: 'location', value: location }],
      },
    ],
  });
  const recursive = {
    name: 'F',
    domain: 'own',
    input: ['a'],
    output: ['b'],
    node: [{ opType: 'F', domain: 'own', input: ['a'], output: ['b'] }],
  };
  const doubling = Array.from({ length: 25 }, (_, level) => ({
    name: `F${level}`,
    domain: 'own',
    input: ['a'],
    output: ['c'],
    node: [
      { opType: `F${level + 1}`, domain: 'own', input: ['a'], output: ['b'] },
      { opType: `F${level + 1}`, domain: 'own', input: ['b'], output: ['c'] },
    ],
  }));

  it.each([
    ['no bytes', new Uint8Array(0), /no ONNX graph/],
    ['text', new TextEncoder().encode('this is not a model at all'), /no ONNX model/],
    ['a value that nothing gives', setup({ node: [add(['x', 'ghost'], ['y'])] }), /'ghost'/],
    ['nodes out of order', setup({ node: [add(['h', 'x'], ['y']), add(['x', 'x'], ['h'])] }), /'h'/],
    [
      'two values of one name',
      setup({ node: [add(['x', 'x'], ['y']), add(['x', 'x'], ['y'])] }),
      /two values/,
    ],
    ['an output that nothing gives', setup({ output: [declared('z', 2)] }), /'z'/],
    ['too few weights', setup({ initializer: [{ ...weights('w', [1]), dims: [3n] }] }), /needs 3 values/],
    [
      'too few raw bytes',
      setup({ initializer: [{ name: 'w', dataType: 1, dims: [3n], rawData: new Uint8Array(4) }] }),
      /12 bytes/,
    ],
    ['negative sizes', setup({ initializer: [{ name: 'w', dataType: 1, dims: [-1n] }] }), /impossible sizes/],
    [
      'sizes beyond all memory',
      setup({ initializer: [{ name: 'w', dataType: 1, dims: [2n ** 40n, 2n ** 40n] }] }),
      /impossible sizes/,
    ],
    [
      'an unknown element type',
      setup({ initializer: [{ name: 'w', dataType: 99, dims: [] }] }),
      /element type 99/,
    ],
    ['sparse weights outside their sizes', setup(sparse([1n, 9n], 4n)), /outside its sizes/],
    ['sparse weights as large as a lie', setup(sparse([1n, 9n], 2n ** 40n)), /store it dense/],
    ['weights in another file', setup(outside('w.bin')), /another file/],
    [
      'functions that call themselves',
      setup(
        { node: [{ opType: 'F', domain: 'own', input: ['x'], output: ['y'] }] },
        { functions: [recursive] },
      ),
      /32 deep/,
    ],
    [
      'functions that multiply',
      setup(
        { node: [{ opType: 'F0', domain: 'own', input: ['x'], output: ['y'] }] },
        { functions: doubling },
      ),
      /more nodes/,
    ],
    [
      'mixed versions',
      setup(
        { node: [add(['x', 'x'], ['y'])] },
        {
          opsetImport: [
            { domain: '', version: 17n },
            { domain: '', version: 18n },
          ],
        },
      ),
      /versions 17 and 18/,
    ],
  ])('fails on %s', (_, bytes, message) => {
    expect(() => readModel(bytes, { mostNodes: 10_000 })).toThrow(InvalidModelError);
    expect(() => readModel(bytes, { mostNodes: 10_000 })).toThrow(message);
  });

  it.each(['/etc/passwd', '../w.bin', 'a/../../w.bin', 'C:\\w.bin', ''])(
    'refuses weights at %j',
    (location) => {
      const bytes = setup(outside(location));

      expect(() => readModel(bytes, { externalData: () => new Uint8Array(4) })).toThrow(/relative path/);
    },
  );
});
