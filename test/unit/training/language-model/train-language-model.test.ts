import { z } from 'zod';
import { train } from '../../../../jobs/kinds/train';
import { onnxModelRuntime } from '../../../../shared/adapters/onnxruntime/onnx-model-runtime';
import { trainSpec } from '../../../../shared/contracts/kinds/train';
import { modelSignature } from '../../../../shared/contracts/model';
import { InterruptedError } from '../../../../shared/errors/job-errors';
import { readModel } from '../../../../shared/onnx/read-model';
import { compileDecoder } from '../../../../shared/predictions/decode-predictions';
import { compileEncoder } from '../../../../shared/predictions/encode-instances';
import { type FolderJobContext, folderJobContext } from '../../../support/folder-job-context';
import { ingestRows } from '../../../support/penguins';

/** After each letter, exactly one other can follow, but for what stands behind the end of the alphabet. */
const alphabet = 'abcdefghijklmnop';
const lines = (count: number) => Array.from({ length: count }, () => ({ text: alphabet, number: 1 }));

const specOf = ({ model, ...given }: Record<string, unknown>) =>
  trainSpec.parse({
    dataset: 'ds_01J00000000000000000000000',
    target: 'text',
    model: {
      family: 'transformer',
      form: 'decoder',
      layers: 1,
      heads: 2,
      width: 16,
      maximum_length: 8,
      ...(typeof model === 'object' ? model : {}),
    },
    optimizer: { name: 'adamw', learning_rate: 0.01 },
    epochs: 20,
    batch_size: 16,
    validation_fraction: 0.1,
    test_fraction: 0.1,
    seed: 5,
    register: { name: 'writer' },
    ...given,
  });

interface Given {
  rows?: readonly Record<string, string | number>[];
  spec?: Record<string, unknown>;
  onCheckpoint?: () => void;
}

async function setup({ rows = lines(150), spec = {}, onCheckpoint = () => undefined }: Given = {}) {
  const files = await folderJobContext();
  const data = await ingestRows(rows, files.folder);
  const context = await folderJobContext({ inputs: { data }, onCheckpoint });
  const run = (at: FolderJobContext = context) => train.run(specOf(spec), at);
  const remove = async () => {
    await files.remove();
    await context.remove();
  };
  return { context, run, remove };
}

const loss = z.object({ loss: z.number(), perplexity: z.number(), accuracy: z.number(), tokens: z.number() });
const outcome = z.object({
  signature: modelSignature,
  metrics: z.object({ validation: loss, test: loss.extend({ bits_per_character: z.number() }) }),
});
const report = z.object({
  tokens: z.object({ vocabulary: z.array(z.string()), context: z.number() }),
  sample: z.object({ prompt: z.string(), text: z.string() }),
});

const reportOf = async (context: FolderJobContext) =>
  report.parse(JSON.parse(new TextDecoder().decode(await context.output('report.json'))));

/** What the predict API answers. */
async function predicted(
  context: FolderJobContext,
  result: unknown,
  instances: readonly Readonly<Record<string, unknown>>[],
) {
  const { signature } = outcome.parse(result);
  const session = await onnxModelRuntime().load(await context.output('model.onnx'), { threads: 1 });
  const encode = compileEncoder(signature, session.inputs);
  const decode = compileDecoder(signature);
  const answers: unknown[] = [];
  for (const call of encode(instances))
    answers.push(...decode(await session.run(call.feeds), call.instances));
  await session.dispose();
  return z.array(z.object({ token: z.number(), probabilities: z.array(z.number()) })).parse(answers);
}

/** The part of a text's steps from one character to the next that the alphabet has too. */
function ruleKept(text: string): number {
  const pairs = Array.from(text.slice(1), (character, place) => `${text[place]}${character}`);
  return pairs.filter((pair) => `${alphabet}\n${alphabet}`.includes(pair)).length / pairs.length;
}

describe('train, a language model', () => {
  it('learns a text that is all rules, and writes it', async () => {
    const { context, run, remove } = await setup();

    const { metrics } = outcome.parse(await run());

    const { sample, tokens } = await reportOf(context);
    expect(metrics.test.loss).toBeLessThan(0.1);
    expect(metrics.test.accuracy).toBeGreaterThan(0.95);
    expect(metrics.test.perplexity).toBeCloseTo(Math.exp(metrics.test.loss), 6);
    expect(metrics.test.bits_per_character).toBeCloseTo(metrics.test.loss / Math.LN2, 6);
    expect(tokens.vocabulary).toEqual(['\n', ...alphabet, '\ufffd']);
    expect(ruleKept(sample.text)).toBeGreaterThan(0.9);
    expect(context.published).toEqual(['model.onnx', 'report.json', 'report.html']);
    await remove();
  });

  it('measures the plain cross entropy where it learns from smoothed labels', async () => {
    const { context, run, remove } = await setup({
      spec: { loss: { name: 'cross_entropy', label_smoothing: 0.5 } },
    });

    const { metrics } = outcome.parse(await run());

    // 18 tokens: the one that follows gets 1/2 + 1/36 of the probability; smoothed, no model comes below 2.03 nats
    for (const { loss: nats } of [metrics.test, metrics.validation])
      expect(nats).toBeCloseTo(-Math.log(1 / 2 + 1 / 36), 0);
    expect(context.progress.at(-1)?.metrics.validation_loss).toBeLessThan(1);
    await remove();
  });

  it('answers texts of any length side by side, each as if it were alone', async () => {
    const { context, run, remove } = await setup();
    const result = await run();
    const texts = [[1], [1, 2, 3], [], [14, 15, 16, 0, 1, 2, 3, 4, 5, 6, 7]].map((tokens) => ({ tokens }));

    const together = await predicted(context, result, texts);
    const alone: typeof together = [];
    for (const text of texts) alone.push(...(await predicted(context, result, [text])));

    expect([together[0], together[1], together[3]].map((answer) => answer?.token)).toEqual([2, 4, 8]);
    for (const [row, { probabilities }] of together.entries()) {
      expect(probabilities.reduce((sum, part) => sum + part, 0)).toBeCloseTo(1, 5);
      for (const [id, probability] of probabilities.entries())
        expect(probability).toBeCloseTo(alone[row]?.probabilities[id] ?? Number.NaN, 5);
    }
    await remove();
  });

  it('reads a text as it reads its ids, and every unknown character alike', async () => {
    const { context, run, remove } = await setup({ spec: { steps: 20 } });
    const result = await run();

    const [text, ids, unknown, other] = await predicted(context, result, [
      { text: 'abc' },
      { tokens: [1, 2, 3] },
      { text: 'aé' },
      { text: 'a🙂' },
    ]);

    expect(text).toEqual(ids);
    expect(unknown).toEqual(other);
    await remove();
  });

  it('refuses a text beside its ids, and what is no text', async () => {
    const { context, run, remove } = await setup({ spec: { steps: 1 } });
    const result = await run();

    const both = predicted(context, result, [{ text: 'abc', tokens: [1] }]);
    const number = predicted(context, result, [{ text: 5 }]);

    await expect(both).rejects.toThrow("'/instances/0/text' stands beside 'tokens', which says the same");
    await expect(number).rejects.toThrow("'/instances/0/text' must be a text");
    await remove();
  });

  it('carries its vocabulary in signature and metadata', async () => {
    const { context, run, remove } = await setup({ spec: { steps: 1 } });

    const { signature } = outcome.parse(await run());

    const { metadata } = readModel(await context.output('model.onnx'));
    const symbols = ['\n', ...alphabet, '\ufffd'];
    expect(signature.classes).toEqual(symbols);
    expect(JSON.parse(metadata?.vocabulary ?? '')).toEqual(symbols);
    await remove();
  });

  it('learns from bytes too', async () => {
    const rows = Array.from({ length: 150 }, () => ({ text: 'äöü€', number: 1 }));
    const { run, remove } = await setup({ rows, spec: { model: { tokens: 'bytes' } } });

    const { metrics } = z
      .object({ metrics: z.object({ test: z.object({ loss: z.number(), bits_per_byte: z.number() }) }) })
      .parse(await run());

    expect(metrics.test.bits_per_byte).toBeLessThan(0.3);
    await remove();
  });

  it('comes to the same bytes when it is stopped in the middle and goes on', async () => {
    let saved = 0;
    const spec = { epochs: 6, model: { dropout: 0.1 } };
    const whole = await setup({ spec });
    const stopped = await setup({
      spec,
      onCheckpoint: () => {
        if (++saved === 2) stopped.context.stop();
      },
    });

    await whole.run();
    await expect(stopped.run()).rejects.toThrow(InterruptedError);
    const resumed = await stopped.context.nextAttempt();
    await stopped.run(resumed);

    expect(await resumed.output('model.onnx')).toEqual(await whole.context.output('model.onnx'));
    await whole.remove();
    await stopped.remove();
  });

  it.each([
    [
      'a column of numbers',
      { target: 'number' },
      "the target 'number' is of type integer, and a language model learns from text",
    ],
    [
      'a context longer than the text',
      { model: { maximum_length: 4000 } },
      'the training part of the text has 2039 tokens, and a window of 4000 tokens',
    ],
  ])('refuses %s', async (_, spec, message) => {
    const { run, remove } = await setup({ spec });

    await expect(run()).rejects.toThrow(message);

    await remove();
  });
});
