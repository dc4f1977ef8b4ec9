import { z } from 'zod';
import { train } from '../../../../jobs/kinds/train';
import { onnxModelRuntime } from '../../../../shared/adapters/onnxruntime/onnx-model-runtime';
import { trainSpec } from '../../../../shared/contracts/kinds/train';
import { modelSignature } from '../../../../shared/contracts/model';
import { compileDecoder } from '../../../../shared/predictions/decode-predictions';
import { compileEncoder } from '../../../../shared/predictions/encode-instances';
import { randomNumbers } from '../../../support/check-gradient';
import { folderJobContext } from '../../../support/folder-job-context';
import { ingestRows } from '../../../support/penguins';

type Row = Record<'tokens' | 'order' | 'place', string | number | readonly number[]>;

/** Whether 1 stands before 2: the tokens of both classes are the same, in another order. */
function orderedRows(count: number): Row[] {
  const random = randomNumbers(3);
  return Array.from({ length: count }, () => {
    const filler = () => Array.from({ length: Math.floor(random() * 3) }, () => 3 + Math.floor(random() * 4));
    const rising = random() < 0.5;
    const [first, second] = rising ? [1, 2] : [2, 1];
    const tokens = [...filler(), first, ...filler(), second, ...filler()];
    return { tokens, order: rising ? 'rising' : 'falling', place: tokens.indexOf(1) };
  });
}

const specOf = ({ model, ...given }: Record<string, unknown>) =>
  trainSpec.parse({
    dataset: 'ds_01J00000000000000000000000',
    target: 'order',
    features: { include: ['tokens'] },
    model: {
      family: 'transformer',
      form: 'encoder',
      layers: 2,
      heads: 2,
      width: 16,
      ...(typeof model === 'object' ? model : {}),
    },
    optimizer: { name: 'adamw', learning_rate: 0.005 },
    epochs: 15,
    batch_size: 32,
    seed: 2,
    register: { name: 'orders' },
    ...given,
  });

async function setup(rows: readonly Row[], spec: Record<string, unknown> = {}) {
  const files = await folderJobContext();
  const context = await folderJobContext({ inputs: { data: await ingestRows(rows, files.folder) } });
  const run = () => train.run(specOf(spec), context);
  const remove = async () => {
    await files.remove();
    await context.remove();
  };
  return { context, run, remove };
}

const outcome = z.object({
  signature: modelSignature,
  metrics: z.object({ test: z.object({ accuracy: z.number().optional(), r2: z.number().optional() }) }),
});

describe('train, a transformer over token ids', () => {
  it('learns what only the order of the tokens tells', async () => {
    const { run, remove } = await setup(orderedRows(600));

    const { metrics, signature } = outcome.parse(await run());

    expect(metrics.test.accuracy).toBeGreaterThan(0.85);
    expect(signature.inputs).toEqual([
      { name: 'tokens', type: 'number', element_type: 'int64', shape: [8], padding: -1 },
    ]);
    await remove();
  });

  it('learns a number, and cuts what is longer than maximum_length', async () => {
    const { context, run, remove } = await setup(orderedRows(600), {
      target: 'place',
      task: 'regression',
      model: { maximum_length: 6 },
    });

    const { metrics, signature } = outcome.parse(await run());

    expect(metrics.test.r2).toBeGreaterThan(0.8);
    expect(signature.inputs[0]?.shape).toEqual([6]);
    expect(context.logs.map(({ message }) => message)).toContain(
      "sequences of 'tokens' are cut to their first 6 tokens; the longest has 8",
    );
    await remove();
  });

  it('answers lists of any length beside each other, and ids that it never saw', async () => {
    const { context, run, remove } = await setup(orderedRows(600), { seed: 3 });
    const { signature } = outcome.parse(await run());
    const session = await onnxModelRuntime().load(await context.output('model.onnx'), { threads: 1 });
    const encode = compileEncoder(signature, session.inputs);
    const instances = [{ tokens: [1, 2] }, { tokens: [3, 4, 2, 3, 4, 1] }, { tokens: [900, 1, 2] }];

    const answers: unknown[] = [];
    for (const call of encode(instances))
      answers.push(...compileDecoder(signature)(await session.run(call.feeds), call.instances));

    expect(answers).toMatchObject([{ label: 'rising' }, { label: 'falling' }, { label: 'rising' }]);
    await session.dispose();
    await remove();
  });

  it.each([
    ['a number that is not whole', 1.5],
    ['a negative number', -3],
  ])('refuses %s, by row and value', async (_, value) => {
    const rows = orderedRows(60);
    const { run, remove } = await setup([
      ...rows.slice(0, 40),
      { order: 'rising', place: 0, tokens: [1, value] },
      ...rows.slice(41),
    ]);

    await expect(run()).rejects.toThrow(
      `the column 'tokens' has ${value} in row 41, and a transformer reads token ids`,
    );

    await remove();
  });

  it('refuses columns that are no lists', async () => {
    const { run, remove } = await setup(orderedRows(60), { features: { include: ['place'] } });

    await expect(run()).rejects.toThrow('the family transformer reads a column of lists of numbers');

    await remove();
  });
});
