import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeBatch } from '../../../jobs/candidates/batch-folder';
import { openJudge } from '../../../jobs/candidates/judge';
import type { ContractMetricName } from '../../../shared/contracts/compression/contract-metrics';
import type { ModelSignature } from '../../../shared/contracts/model';
import { BadSpecError, UnusableDataError } from '../../../shared/errors/job-errors';
import { floats, int64s } from '../../../shared/onnx/build';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ingot-judge-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const signature: ModelSignature = {
  task: 'classification',
  inputs: [{ name: 'x', type: 'number', element_type: 'float', shape: [] }],
  outputs: [{ name: 'probabilities', type: 'number', element_type: 'float', shape: [2] }],
  target: 'side',
  classes: ['left', 'right'],
};

const certain = (classes: number[]) =>
  floats(
    [classes.length, 2],
    Float32Array.from(classes.flatMap((index) => (index === 0 ? [0.9, 0.1] : [0.1, 0.9]))),
  );

interface Given {
  metric: ContractMetricName;
  /** Two rows a batch. */
  labels?: number[][];
  original: number[][];
  task?: ModelSignature;
}

async function setup({ metric, labels, original, task = signature }: Given) {
  for (const [index, answers] of original.entries()) {
    const rows = answers.length;
    const truth = labels ? { labels: int64s(labels[index] ?? []) } : {};
    await writeBatch(join(folder, 'judged'), index, {
      rows,
      feeds: { x: floats([rows], new Float32Array(rows)) },
      ...truth,
    });
    await writeBatch(join(folder, 'original'), index, { probabilities: certain(answers) });
  }
  const { signal } = new AbortController();
  const [judged, first] = [join(folder, 'judged'), join(folder, 'original')];
  const opening = openJudge({ signature: task, metric, judged, original: first, seed: 1, signal });
  return {
    opening,
    async judge(answers: number[][]) {
      const other = join(folder, 'candidate');
      for (const [index, each] of answers.entries())
        await writeBatch(other, index, { probabilities: certain(each) });
      return (await opening).judge(other);
    },
  };
}

describe('a judge', () => {
  it('holds answers against the truth, batch by batch', async () => {
    const { judge } = await setup({
      metric: 'accuracy',
      labels: [
        [0, 1],
        [1, 1],
      ],
      original: [
        [0, 1],
        [1, 1],
      ],
    });

    const { metric, drop } = await judge([
      [0, 0],
      [1, 1],
    ]);

    expect(metric.value).toBe(0.75);
    expect(drop.value).toBe(0.25);
  });

  it('counts a lower loss as better', async () => {
    const { judge } = await setup({ metric: 'log_loss', labels: [[0, 1]], original: [[1, 1]] });

    const { drop } = await judge([[0, 1]]);

    expect(drop.value).toBeLessThan(0);
  });

  it('leaves rows out whose label the model does not know', async () => {
    const { opening } = await setup({ metric: 'accuracy', labels: [[0, -1, 1]], original: [[0, 0, 0]] });

    const { rows, original } = await opening;

    expect(rows).toEqual({ searched: 2, confirmed: 0, leftOut: 1 });
    expect(original.value).toBe(0.5);
  });

  it('takes what the original says for the truth where nobody knows better', async () => {
    const { judge, opening } = await setup({ metric: 'agreement', original: [[0, 1, 1, 0]] });

    const { metric } = await judge([[0, 1, 0, 0]]);

    expect((await opening).original.value).toBe(1);
    expect(metric.value).toBe(0.75);
  });

  it('compares numbers where there are no classes', async () => {
    const { judge } = await setup({ metric: 'fidelity', original: [[0, 1, 1, 0]] });

    expect((await judge([[0, 1, 1, 0]])).metric.value).toBe(1);
    expect((await judge([[1, 1, 1, 0]])).metric.value).toBeLessThan(1);
  });

  it('refuses answers that are no numbers, which would count as the first class', async () => {
    const { opening } = await setup({ metric: 'accuracy', labels: [[0, 0, 1]], original: [[0, 0, 1]] });
    const other = join(folder, 'broken');
    await writeBatch(other, 0, { probabilities: floats([3, 2], new Float32Array(6).fill(Number.NaN)) });

    const judged = (await opening).judge(other);

    await expect(judged).rejects.toThrow(
      /answers 3 rows with NaN or infinity, where the original gives numbers/,
    );
  });

  it('holds each output for itself where outputs are compared', async () => {
    const boxes = floats([2, 2], [0, 640, 320, 100]);
    await writeBatch(join(folder, 'judged'), 0, { rows: 2, feeds: {} });
    await writeBatch(join(folder, 'original'), 0, { boxes, scores: floats([2], [0.9, 0.1]) });
    await writeBatch(join(folder, 'spoilt'), 0, { boxes, scores: floats([2], [0, 0]) });
    const { signal } = new AbortController();
    const [judged, original] = [join(folder, 'judged'), join(folder, 'original')];

    const judge = await openJudge({ signature, metric: 'fidelity', judged, original, seed: 1, signal });

    expect((await judge.judge(original)).metric.value).toBe(1);
    expect((await judge.judge(join(folder, 'spoilt'))).metric.value).toBeLessThan(0);
  });

  it('confirms on rows that the search was not told by, where there are enough', async () => {
    const labels = Array.from({ length: 1_000 }, (_, row) => row % 2);
    const { opening, judge } = await setup({ metric: 'accuracy', labels: [labels], original: [labels] });
    const wrongInTheOther = labels.map((label, row) => (row % 2 === 1 ? 0 : label));

    const { drop } = await judge([wrongInTheOther]);
    const confirmed = await (await opening).confirm(join(folder, 'candidate'));

    expect((await opening).rows).toEqual({ searched: 500, confirmed: 500, leftOut: 0 });
    expect(drop.value).toBe(0);
    expect(confirmed?.drop.value).toBe(1);
  });

  it('refuses a metric that the rows do not define', async () => {
    const { opening } = await setup({ metric: 'roc_auc', labels: [[0, 0]], original: [[0, 1]] });

    await expect(opening).rejects.toBeInstanceOf(BadSpecError);
    await expect(opening).rejects.toThrow(/cannot give the metric roc_auc.*all of one class/);
  });

  it('refuses rows none of which has a label of the model', async () => {
    const { opening } = await setup({ metric: 'accuracy', labels: [[-1, -1]], original: [[0, 1]] });

    await expect(opening).rejects.toBeInstanceOf(UnusableDataError);
  });
});
