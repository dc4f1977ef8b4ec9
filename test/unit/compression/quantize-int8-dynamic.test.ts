import { quantizeInt8Dynamic } from '../../../jobs/compression/quantize-int8-dynamic';
import { onnxModelRuntime } from '../../../shared/adapters/onnxruntime/onnx-model-runtime';
import { UnsuitableModelError } from '../../../shared/errors/compression-errors';
import { attribute, constant, floats, input, operation, scalar, tensor } from '../../../shared/onnx/build';
import type { ConstantValue, Model, Value } from '../../../shared/onnx/ir';
import { model } from '../../../shared/onnx/model';
import { everyValue } from '../../../shared/onnx/walk';
import { writeModel } from '../../../shared/onnx/write-model';
import { noise } from '../../support/random-mlp';

const rows = 32;
const columns = 24;

function setup() {
  const next = noise(7);
  const values = (length: number) => Float32Array.from({ length }, next);
  const x = input('x', 'float', ['batch', rows]);
  return {
    x,
    values,
    weight: constant(floats([rows, columns], values(rows * columns)), 'w'),
    modelOf: (...outputs: Value[]): Model =>
      model({
        graph: {
          name: 'test',
          inputs: [x],
          outputs: outputs.map((value, at) => ({ name: `y${at}`, value })),
        },
      }),
    async run(made: Model) {
      const session = await onnxModelRuntime().load(writeModel(made), { threads: 1 });
      const outputs = await session.run({
        x: floats(
          [4, rows],
          values(4 * rows).map(() => next()),
        ),
      });
      await session.dispose();
      return outputs;
    },
  };
}

const operatorsOf = ({ graph }: Model) =>
  everyValue(graph.outputs.map(({ value }) => value)).flatMap((value) =>
    value.kind === 'operation' ? [value.op] : [],
  );
const count = (made: Model, op: string) => operatorsOf(made).filter((name) => name === op).length;

const keptOf = (made: Model) => quantizeInt8Dynamic.apply(made).layers.map(({ kept }) => kept);

describe('int8 by dynamic quantization', () => {
  it('keeps alpha, beta and bias of a Gemm', async () => {
    const { x, values, modelOf } = setup();
    const bias = constant(floats([columns], values(columns)));
    const gemm = modelOf(
      operation('Gemm', [x, constant(floats([columns, rows], values(rows * columns))), bias], {
        transB: attribute.int(1),
        alpha: attribute.float(-0.5),
        beta: attribute.float(3),
      }),
    );
    const feeds = { x: floats([4, rows], values(4 * rows)) };
    const runtime = onnxModelRuntime();

    const int8 = await runtime.load(writeModel(quantizeInt8Dynamic.apply(gemm).model));

    const float = await runtime.load(writeModel(gemm));
    const [expected, got] = [await float.run(feeds), await int8.run(feeds)];
    got.y0?.data.forEach((value, at) => {
      expect(Number(value)).toBeCloseTo(Number(expected.y0?.data[at]), 1);
    });
  });

  it('stores a weight once that two layers share, and quantizes an input once that two layers read', () => {
    const { x, weight, values, modelOf } = setup();
    const other = constant(floats([rows, columns], values(rows * columns)), 'v');
    const shared = modelOf(
      operation('Add', [operation('MatMul', [x, weight]), operation('MatMul', [x, other])]),
      operation('MatMul', [operation('Relu', [x]), weight]),
    );

    const int8 = quantizeInt8Dynamic.apply(shared).model;

    expect(count(int8, 'MatMulInteger')).toBe(3);
    expect(count(int8, 'DynamicQuantizeLinear')).toBe(2);
    const stored = everyValue(int8.graph.outputs.map(({ value }) => value)).filter(
      (value): value is ConstantValue => value.kind === 'constant' && value.tensor.elementType === 'int8',
    );
    expect(stored.map(({ name }) => name).sort()).toEqual(['v.int8', 'w.int8']);
  });

  it('reaches layers inside the bodies of control flow', () => {
    const { x, weight, modelOf } = setup();
    const body = (name: string, value: Value) => ({ name, inputs: [], outputs: [{ name, value }] });
    const condition = operation('Greater', [
      operation('ReduceSum', [x], { keepdims: attribute.int(0) }),
      constant(scalar(0)),
    ]);
    const branching = modelOf(
      operation('If', [condition], {
        then_branch: attribute.graph(body('then', operation('MatMul', [x, weight]))),
        else_branch: attribute.graph(body('else', operation('Neg', [operation('MatMul', [x, weight])]))),
      }),
    );

    const int8 = quantizeInt8Dynamic.apply(branching).model;

    expect(count(int8, 'MatMul')).toBe(0);
    expect(count(int8, 'MatMulInteger')).toBe(2);
    expect(() => writeModel(int8)).not.toThrow();
  });

  it.each([13, 21])(
    'answers for a row as well beside one of extreme values as by itself, at opset %i',
    async (opset) => {
      const { x, weight, values, modelOf } = setup();
      const original = { ...modelOf(operation('MatMul', [x, weight])), opsets: { '': opset } };
      const session = await onnxModelRuntime().load(writeModel(quantizeInt8Dynamic.apply(original).model));
      const row = [...values(rows)];
      const run = async (all: number[][]) => {
        const { y0 } = await session.run({ x: floats([all.length, rows], all.flat()) });
        return Array.from<unknown>(y0?.data ?? []).slice(0, columns);
      };

      const alone = await run([row]);
      const inCompany = await run([row, Array.from(row, () => 1e6), Array.from(row, () => 0)]);

      const errors = alone.map((value, at) => Math.abs(Number(value) - Number(inCompany[at])));
      expect(errors).toHaveLength(columns);
      expect(Math.max(...errors)).toBeLessThan(0.1);
      await session.dispose();
    },
  );

  it('takes inputs of more than two axes', async () => {
    const { x, weight, modelOf, run } = setup();
    const shape = constant(tensor('int64', [3], [2, 2, rows]));
    const deep = modelOf(operation('MatMul', [operation('Reshape', [x, shape]), weight]));

    const outputs = await run(quantizeInt8Dynamic.apply(deep).model);

    expect(outputs.y0?.dims).toEqual([2, 2, columns]);
  });

  const layouts = {
    'a weight that another operator reads': {
      build: ({ x, weight }: ReturnType<typeof setup>) => [
        operation('MatMul', [x, weight]),
        operation('Neg', [weight]),
      ],
      kept: 'also read as floats, by Neg',
    },
    'a weight that the model gives out': {
      build: ({ x, weight }: ReturnType<typeof setup>) => [operation('MatMul', [x, weight]), weight],
      kept: "also read as floats, by the model's outputs",
    },
    'a small weight': {
      build: ({ x, values }: ReturnType<typeof setup>) => [
        operation('MatMul', [x, constant(floats([rows, 3], values(rows * 3)))]),
      ],
      kept: '96 weights are too few to gain: under 512',
    },
    'a flat weight, whose scales weigh too much': {
      build: ({ values }: ReturnType<typeof setup>) => {
        const narrow = input('x', 'float', ['batch', 4]);
        return [operation('MatMul', [narrow, constant(floats([4, 200], values(800)))])];
      },
      kept: '4 rows for 200 columns are too few to gain: the scales would weigh too much',
    },
    'a weight with NaN': {
      build: ({ x, values }: ReturnType<typeof setup>) => [
        operation('MatMul', [
          x,
          constant(floats([rows, columns], values(rows * columns).fill(Number.NaN, 5, 6))),
        ]),
      ],
      kept: 'it holds NaN or infinity',
    },
    'a weight that two layers read in different ways': {
      build: ({ x, values }: ReturnType<typeof setup>) => {
        const square = constant(floats([rows, rows], values(rows * rows)));
        return [
          operation('MatMul', [x, square]),
          operation('Gemm', [x, square], { transB: attribute.int(1) }),
        ];
      },
      kept: 'shared by layers that read it in different ways',
    },
  };

  it.each(Object.entries(layouts))('leaves %s as it is, and says why', (_what, { build, kept }) => {
    const given = setup();
    const made = given.modelOf(...build(given));

    const result = quantizeInt8Dynamic.apply(made).model;

    expect(result).toBe(made);
    expect(keptOf(made)).toEqual([kept]);
  });

  it('touches no product whose weights are on the left, of doubles, or computed', () => {
    const { x, weight, values, modelOf } = setup();
    const left = constant(floats([columns, 4], values(columns * 4)));
    const made = modelOf(
      operation('MatMul', [operation('Transpose', [left]), operation('Transpose', [weight])]),
      operation('MatMul', [operation('Relu', [x]), operation('Relu', [weight])]),
    );

    const result = quantizeInt8Dynamic.apply(made).model;

    expect(result).toBe(made);
    expect(keptOf(made)).toEqual([]);
  });

  it('refuses a model older than the operators that it needs', () => {
    const { x, weight, modelOf } = setup();
    const old = { ...modelOf(operation('MatMul', [x, weight])), opsets: { '': 9 } };

    const apply = () => quantizeInt8Dynamic.apply(old).model;

    expect(apply).toThrow(UnsuitableModelError);
    expect(apply).toThrow(/uses ONNX opset 9, and int8 needs 11 or later/);
  });
});
