import { float16 } from '../../../../jobs/compression/quantization/float16';
import { weightOnly } from '../../../../jobs/compression/quantization/weight-only/weight-only';
import type { WeightPass } from '../../../../jobs/compression/quantization/weight-pass';
import { attribute, constant, floats, input, operation, tensor } from '../../../../shared/onnx/build';
import type { Model } from '../../../../shared/onnx/ir';
import { model } from '../../../../shared/onnx/model';
import { everyValue } from '../../../../shared/onnx/walk';
import { writeModel } from '../../../../shared/onnx/write-model';
import { layerExamples } from '../../../support/layer-examples';
import { noise } from '../../../support/random-mlp';
import { runModel } from '../../../support/run-onnx';

const operationsOf = ({ graph }: Model) =>
  everyValue(graph.outputs.map(({ value }) => value)).filter((value) => value.kind === 'operation');

const exampleOf = (layer: string) => {
  const example = layerExamples[layer]?.();
  if (example === undefined) throw new Error(`no example of ${layer}`);
  return example;
};

const blocks = (bits: 8 | 4 | 2, block: 16 | 32 | 64 | 128 | 256, symmetric = false): WeightPass =>
  weightOnly({ bits, block, symmetric, keep: [] });

/** With the share of its reach that an output may be off. */
const passes: Readonly<Record<string, readonly [WeightPass, number]>> = {
  float16: [float16({ keep: [] }), 0.002],
  '8 bits in blocks of 16': [blocks(8, 16), 0.02],
  '8 bits in blocks of 256 around zero': [blocks(8, 256, true), 0.02],
  '4 bits in blocks of 32': [blocks(4, 32), 0.2],
  '4 bits in blocks of 64 around zero': [blocks(4, 64, true), 0.3],
  '2 bits in blocks of 16': [blocks(2, 16), 1],
  '2 bits in blocks of 32 around zero': [blocks(2, 32, true), 1.6],
};
const layers = Object.keys(layerExamples);

describe('weights in fewer bits', () => {
  it.each(Object.keys(passes).flatMap((form) => layers.map((layer) => ({ form, layer }))))(
    'answer nearly as before for $layer, as $form',
    async ({ form, layer }) => {
      const { model: original, feeds } = exampleOf(layer);
      const [pass, share] = passes[form] ?? [blocks(8, 32), 0];
      const { y: expected } = await runModel(writeModel(original), feeds);

      const { model: made, layers: decisions } = pass.apply(original);

      expect(decisions.map(({ kept }) => kept)).toEqual([undefined]);
      const { y: found } = await runModel(writeModel(made), feeds);
      const before = Array.from(expected?.data ?? [], Number);
      const after = Array.from(found?.data ?? [], Number);
      const reach = Math.max(...before.map(Math.abs));
      expect(after).toHaveLength(before.length);
      expect(Math.max(...after.map((value, at) => Math.abs(value - (before[at] ?? 0))))).toBeLessThan(
        reach * share,
      );
    },
  );

  it.each([
    ['MatMul', 4, 32, true],
    ['MatMul by a turned matrix', 8, 16, true],
    ['Gemm', 2, 32, true],
    ['MatMul of an odd length', 4, 64, false],
    ['MatMul by a stack of matrices', 4, 32, false],
    ['MatMul', 2, 16, false],
    ['Conv', 4, 32, false],
  ] as const)('computes %s of %i bits in blocks of %i in whole numbers: %s', (layer, bits, block, whole) => {
    const { model: original } = exampleOf(layer);

    const { model: made } = blocks(bits, block).apply(original);

    expect(operationsOf(made).some(({ op }) => op === 'MatMulNBits')).toBe(whole);
  });

  it('stores an embedding once that is also what the outputs are multiplied by', async () => {
    const next = noise(3);
    const table = constant(floats([40, 32], Float32Array.from({ length: 1280 }, next)), 'table');
    const ids = input('ids', 'int64', ['batch']);
    const logits = operation('Gemm', [operation('Gather', [table, ids]), table], {
      transB: attribute.int(1),
    });
    const tied = model({ graph: { name: 'tied', inputs: [ids], outputs: [{ name: 'y', value: logits }] } });
    const feeds = { ids: tensor('int64', [3], [1, 39, 0]) };

    const { model: made, layers: decisions } = blocks(8, 32, true).apply(tied);

    expect(decisions.map(({ bytesBefore, bytesAfter }) => [bytesBefore, bytesAfter])).toEqual([
      [5120, 1280 + 160],
      [0, 0],
    ]);
    expect(writeModel(made).byteLength).toBeLessThan(1280 + 160 + 1500);
    const [expected, found] = [
      await runModel(writeModel(tied), feeds),
      await runModel(writeModel(made), feeds),
    ];
    found.y?.data.forEach((value, at) => {
      expect(Math.abs(Number(value) - Number(expected.y?.data[at]))).toBeLessThan(0.15);
    });
  });

  it('decodes a weight that products read by columns and others as it is', async () => {
    const next = noise(5);
    const table = constant(floats([32, 48], Float32Array.from({ length: 1536 }, next)), 'table');
    const x = input('x', 'float', ['batch', 32]);
    const first = operation('Gather', [table, constant(tensor('int64', [1], [3]))]);
    const y = operation('Add', [operation('MatMul', [x, table]), first]);
    const shared = model({ graph: { name: 'shared', inputs: [x], outputs: [{ name: 'y', value: y }] } });
    const feeds = { x: floats([2, 32], Float32Array.from({ length: 64 }, next)) };

    const { model: made } = blocks(8, 32).apply(shared);

    expect(operationsOf(made).some(({ op }) => op === 'MatMulNBits')).toBe(false);
    const [expected, found] = [
      await runModel(writeModel(shared), feeds),
      await runModel(writeModel(made), feeds),
    ];
    found.y?.data.forEach((value, at) => {
      expect(Math.abs(Number(value) - Number(expected.y?.data[at]))).toBeLessThan(0.05);
    });
  });

  it.each(Object.entries(passes))(
    '%s stores no tensor of a type below 8 bits, and no float weight',
    (_, [pass]) => {
      const { model: made } = pass.apply(exampleOf('Conv').model);

      const constants = everyValue(made.graph.outputs.map(({ value }) => value)).filter(
        (value) => value.kind === 'constant',
      );
      const types = constants.map(({ tensor: { elementType } }) => elementType);
      expect(types.filter((type) => /int[42]$/.test(type))).toEqual([]);
      const largest = constants.filter(({ tensor: { elementType } }) => elementType === 'float');
      expect(Math.max(...largest.map(({ tensor: { data } }) => data.length))).toBeLessThan(200);
    },
  );

  it('leaves weights beyond what float16 holds as they are, and says why', () => {
    const x = input('x', 'float', ['batch', 32]);
    const large = constant(floats([32, 32], new Float32Array(1024).fill(70_000)));
    const made = model({
      graph: { name: 'large', inputs: [x], outputs: [{ name: 'y', value: operation('MatMul', [x, large]) }] },
    });

    const { model: result, layers: decisions } = float16({ keep: [] }).apply(made);

    expect(result).toBe(made);
    expect(decisions.map(({ kept }) => kept)).toEqual([
      'it holds values beyond 65504, the largest of float16',
    ]);
  });

  it.each(Object.entries(passes))('%s leaves layers that are asked for', (_, [{ name }]) => {
    const { model: original } = exampleOf('MatMul');
    const pass =
      name === 'float16'
        ? float16({ keep: ['w'] })
        : weightOnly({ bits: 4, block: 32, symmetric: true, keep: ['w'] });

    const { model: result, layers: decisions } = pass.apply(original);

    expect(result).toBe(original);
    expect(decisions.map(({ kept }) => kept)).toEqual(['asked for']);
  });
});
