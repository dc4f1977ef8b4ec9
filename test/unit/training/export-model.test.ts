import type { ColumnStatistics } from '../../../jobs/datasets/fit-statistics';
import { exportModel, signatureOf, type TrainedModel } from '../../../jobs/training/export-model';
import { linearNetwork } from '../../../jobs/training/families/tabular';
import { preprocessing } from '../../../jobs/training/preprocessing';
import { outputCount, type TargetEncoding } from '../../../jobs/training/target-encoding';
import { onnxModelRuntime } from '../../../shared/adapters/onnxruntime/onnx-model-runtime';
import { floats, tensor } from '../../../shared/onnx/build';
import type { Tensor } from '../../../shared/onnx/ir';
import { writeModel } from '../../../shared/onnx/write-model';

const number = (name: string): ColumnStatistics => ({
  name,
  kind: 'number',
  missing: 0,
  median: 0,
  mean: 0,
  standardDeviation: 1,
});

/** One feature x; output k is k * x, so that the last class wins for x > 0 and the first for x < 0. */
function setup(encoding: TargetEncoding, column = 'x') {
  const outputs = outputCount(encoding);
  const trained: TrainedModel = {
    preprocessing: preprocessing([number(column)], 4),
    network: linearNetwork({ inputs: 1, outputs }),
    weights: {
      statistics: [],
      parameters: [
        floats(
          [1, outputs],
          Float32Array.from(
            { length: outputs },
            (_, index) => Math.max(1, outputs - 1) * (index + Number(outputs === 1)),
          ),
        ),
        floats([outputs], new Float32Array(outputs)),
      ],
    },
    encoding,
    target: 'y',
    columnTypes: { [column]: 'integer' },
  };
  const run = async (values: number[]): Promise<Record<string, Tensor>> => {
    const session = await onnxModelRuntime().load(writeModel(exportModel(trained)), { threads: 1 });
    return session.run({ [column]: floats([values.length], values) });
  };
  return { trained, signature: signatureOf(trained), run };
}

describe('exportModel', () => {
  it.each<[string, TargetEncoding & { task: 'classification' }, Tensor, string]>([
    [
      'texts',
      { task: 'classification', classes: ['Adelie', 'Gentoo'] },
      tensor('string', [2], ['Gentoo', 'Adelie']),
      'string',
    ],
    [
      'whole numbers',
      { task: 'classification', classes: [-3, 0, 7] },
      tensor('int64', [2], [7, -3]),
      'integer',
    ],
    [
      'other numbers',
      { task: 'classification', classes: [0.1, 0.5] },
      tensor('double', [2], [0.5, 0.1]),
      'number',
    ],
    [
      'booleans',
      { task: 'classification', classes: [false, true] },
      tensor('bool', [2], [true, false]),
      'boolean',
    ],
  ])('answers with labels as the data have them: %s', async (_, encoding, labels, type) => {
    const { signature, run } = setup(encoding);

    const answer = await run([1, -1]);

    expect(answer.label).toEqual(labels);
    expect(signature.outputs[0]).toEqual({
      name: 'label',
      type,
      element_type: labels.elementType,
      shape: [],
    });
    expect(signature.classes).toEqual(encoding.classes);
  });

  it('answers with probabilities in the order of the classes', async () => {
    const { run, signature } = setup({ task: 'classification', classes: ['no', 'yes'] });

    const { probabilities } = await run([Math.log(3)]);

    expect(probabilities?.dims).toEqual([1, 2]);
    expect(probabilities?.data[1]).toBeCloseTo(0.75, 6);
    expect(signature.outputs[1]).toEqual({
      name: 'probabilities',
      type: 'number',
      element_type: 'float',
      shape: [2],
    });
  });

  it("answers with numbers in the target's own unit", async () => {
    const { run, signature } = setup({ task: 'regression', mean: 4000, standardDeviation: 800 });

    const { prediction } = await run([0, 1.5]);

    expect(prediction).toEqual(floats([2], [4000, 5200]));
    expect(signature).toMatchObject({ task: 'regression', outputs: [{ name: 'prediction', shape: [] }] });
    expect(signature).not.toHaveProperty('classes');
  });

  it('tells each column as callers send it, and that any may be missing', () => {
    const { signature } = setup({ task: 'regression', mean: 0, standardDeviation: 1 });

    expect(signature.inputs).toEqual([
      { name: 'x', type: 'number', element_type: 'float', shape: [], nullable: true },
    ]);
    expect(signature.target).toBe('y');
  });

  it.each(['label', 'probabilities'])(
    'gives an output another name where a column is called %s',
    async (column) => {
      const { signature, run } = setup({ task: 'classification', classes: ['a', 'b'] }, column);

      const answer = await run([1]);

      expect(signature.outputs.map(({ name }) => name)).toContain(`${column}_`);
      expect(Object.keys(answer).sort()).toEqual(signature.outputs.map(({ name }) => name).sort());
    },
  );
});
