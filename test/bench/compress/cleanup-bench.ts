import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { onnxModelRuntime } from '../../../shared/adapters/onnxruntime/onnx-model-runtime';
import { tensor } from '../../../shared/onnx/build';
import { elementCount } from '../../../shared/onnx/element-types';
import type { Tensor } from '../../../shared/onnx/ir';
import { randomNumbers } from '../../support/check-gradient';
import { type Bench, type Row, withGoal } from '../row';
import { compared } from '../train/race';
import { type Feeds, raceModels } from './contest';
import { made } from './make';

const folder = join(process.cwd(), '../shared/models');

type Random = () => number;

/** From -1 to 1. */
const floatsOf = (dims: readonly number[], next: Random): Tensor =>
  tensor(
    'float',
    dims,
    Float32Array.from({ length: elementCount(dims) }, () => 2 * next() - 1),
  );

const idsOf = (dims: readonly number[], below: number, next: Random): Tensor =>
  tensor(
    'int32',
    dims,
    Int32Array.from({ length: elementCount(dims) }, () => Math.floor(next() * below)),
  );

const words = 5;
const pasts = ['past_0', 'past_1', 'past_2', 'past_3', 'past_4'];
const picture = [1, 3, 224, 224] as const;

const ones = tensor('int32', [1, words], new Int32Array(words).fill(1));
const positions = tensor(
  'int32',
  [1, words],
  Int32Array.from({ length: words }, (_, at) => at),
);

/** Every published model at hand, and inputs that it takes. */
const models: Readonly<Record<string, (next: Random) => Feeds>> = {
  'magika/model.onnx': (next) => ({ bytes: idsOf([1, 2_048], 257, next) }),
  'mnist-cntk.onnx': (next) => ({ Input3: floatsOf([1, 1, 28, 28], next) }),
  'tiny-random-gpt2/past.onnx': (next) => ({
    input_ids: idsOf([1, words], 1_000, next),
    position_ids: positions,
    attention_mask: ones,
    ...Object.fromEntries(pasts.map((name) => [name, tensor('float', [2, 1, 4, 0, 8], new Float32Array(0))])),
  }),
  'light/light_squeezenet.onnx': (next) => ({ data_0: floatsOf(picture, next) }),
  'light/light_shufflenet.onnx': (next) => ({ 'gpu_0/data_0': floatsOf(picture, next) }),
  'light/light_resnet50.onnx': (next) => ({ 'gpu_0/data_0': floatsOf(picture, next) }),
  'light/light_densenet121.onnx': (next) => ({ data_0: floatsOf(picture, next) }),
};

/** The largest difference over the largest number of the output that it is in. */
function relativeDifference(before: Feeds, after: Feeds): number {
  const worst = Object.entries(before).map(([name, { data }]) => {
    const own = Float64Array.from(data, Number);
    const other = Float64Array.from(after[name]?.data ?? [], Number);
    if (other.length !== own.length) return Number.POSITIVE_INFINITY;
    const size = own.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const difference = own.reduce((most, value, at) => Math.max(most, Math.abs(value - (other[at] ?? 0))), 0);
    return difference === 0 ? 0 : difference / (size || 1);
  });
  return Math.max(0, ...worst);
}

const draws = 20;

async function worstDifference(forms: readonly [Uint8Array, Uint8Array], feedsOf: (next: Random) => Feeds) {
  const runtime = onnxModelRuntime();
  const [before, after] = [
    await runtime.load(forms[0], { threads: 2 }),
    await runtime.load(forms[1], { threads: 2 }),
  ];
  const next = randomNumbers(11);
  let worst = 0;
  for (let draw = 0; draw < draws; draw++) {
    const feeds = feedsOf(next);
    worst = Math.max(worst, relativeDifference(await before.run(feeds), await after.run(feeds)));
  }
  await Promise.all([before.dispose(), after.dispose()]);
  return worst;
}

/** What a busy machine makes of two runs of the same model. */
const noise = 1.05;

async function cleanupRows(name: string, feedsOf: (next: Random) => Feeds): Promise<Row[]> {
  const original = new Uint8Array(readFileSync(join(folder, name)));
  const signature = { task: 'other' as const, inputs: [], outputs: [] };
  const cleaned = await made({ bytes: original, signature }, []);
  const difference: Row = {
    name: `${name}: largest relative difference of ${draws} random inputs`,
    unit: '',
    value: await worstDifference([original, cleaned], feedsOf),
  };
  const forms = [
    { name: 'cleaned', bytes: cleaned },
    { name: 'as published', bytes: original },
  ];
  const time = compared(await raceModels(forms, feedsOf(randomNumbers(3))), 'cleaned', 'as published');
  const peer = 'as published';
  const bytes = { value: cleaned.byteLength, peer_value: original.byteLength };
  return [
    withGoal(difference, '<=', 1e-5),
    { name: `${name}: file`, unit: 'bytes', peer, ...bytes, ratio: bytes.value / bytes.peer_value },
    ...(time === undefined
      ? []
      : [
          withGoal(
            {
              name: `${name}: one prediction`,
              unit: 'ms',
              value: time.value,
              peer,
              peer_value: time.peerValue,
              ratio: time.ratio,
            },
            '<=',
            noise,
          ),
        ]),
  ];
}

/** The clean-up over models that others published: the same answers, and no slower. */
export const cleanupBench: Bench = async () => {
  if (!existsSync(folder)) {
    console.log('the clean-up is left out: ../shared/models is absent');
    return [];
  }
  const rows: Row[] = [];
  for (const [name, feedsOf] of Object.entries(models)) rows.push(...(await cleanupRows(name, feedsOf)));
  return rows;
};
