import { execFile, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Tensor } from '../../../shared/onnx/ir';
import { fashionImages, hasFashion, withoutFashion } from '../../support/fashion-images';
import { type Bench, type Row, withGoal } from '../row';
import { fashionBatch, fashionSource } from './fashion';
import { made } from './make';
import { fashionCnn } from './own-models';

const run = promisify(execFile);

const emulator = 'qemu-x86_64-static';
/** It has AVX2, and no VNNI: the product of an unsigned and a signed byte saturates there. */
const cpu = 'Haswell';
const script = join(import.meta.dirname, 'qemu', 'answer.mjs');

const images = 200;
const classes = 10;
const calibrationImages = 512;

/** A form, and whether the runtime is asked for products that do not saturate, as our own runtime is. */
interface Asked {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly quantizedPrecisely: boolean;
  /** Whether its answers have to be those of a processor with VNNI. */
  readonly promised: boolean;
}

async function askedForms(): Promise<readonly Asked[]> {
  const source = fashionSource(await fashionCnn(), fashionImages('train', calibrationImages));
  const forms: Asked[] = [];
  for (const name of ['int8_static', 'int8_dynamic']) {
    const whole = await made({ ...source, reduceRange: false }, [{ name }]);
    const reduced = await made({ ...source, reduceRange: true }, [{ name }]);
    forms.push(
      { name: `${name}, 7 bits`, bytes: reduced, quantizedPrecisely: false, promised: true },
      { name: `${name}, 8 bits in our runtime`, bytes: whole, quantizedPrecisely: true, promised: true },
      {
        name: `${name}, 8 bits in a runtime left as it is`,
        bytes: whole,
        quantizedPrecisely: false,
        promised: false,
      },
    );
  }
  return forms;
}

interface Order {
  readonly path: string;
  readonly answers: string;
}

async function writeOrder(folder: string, forms: readonly Asked[], pixels: Tensor): Promise<Order> {
  await mkdir(folder, { recursive: true });
  const at = (name: string) => join(folder, name);
  if (!(pixels.data instanceof Uint8Array)) throw new Error('pixels are bytes');
  await writeFile(at('pixels'), pixels.data);
  for (const [index, { bytes }] of forms.entries()) await writeFile(at(`${index}.onnx`), bytes);
  const order = {
    models: forms.map(({ quantizedPrecisely }, index) => ({ path: at(`${index}.onnx`), quantizedPrecisely })),
    input: { name: 'pixels', type: 'uint8', dims: pixels.dims, path: at('pixels') },
    output: 'probabilities',
    answers: at('answers'),
  };
  await writeFile(at('order.json'), JSON.stringify(order));
  return { path: at('order.json'), answers: order.answers };
}

/** The probabilities of all images, form by form. */
async function answersOf({ path, answers }: Order, command: readonly [string, ...string[]]) {
  const [program, ...before] = command;
  await run(program, [...before, script, path], { maxBuffer: 2 ** 26 });
  const bytes = await readFile(answers);
  const scores = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  const size = images * classes;
  return Array.from({ length: scores.length / size }, (_, form) =>
    scores.subarray(form * size, (form + 1) * size),
  );
}

/** The most probable class of every image. */
const labelsOf = (scores: Float32Array): readonly number[] =>
  Array.from({ length: images }, (_, image) => {
    const own = scores.subarray(image * classes, (image + 1) * classes);
    return own.indexOf(Math.max(...own));
  });

const share = (pairs: readonly (readonly [unknown, unknown])[]): number =>
  (100 * pairs.filter(([a, b]) => a === b).length) / pairs.length;

interface Answered {
  readonly native: Float32Array;
  readonly emulated: Float32Array;
  readonly truth: readonly number[];
}

function rowsOf({ name, promised }: Asked, { native, emulated, truth }: Answered): Row[] {
  const [here, there] = [labelsOf(native), labelsOf(emulated)];
  const accuracy = (given: readonly number[]) => share(given.map((label, index) => [label, truth[index]]));
  const same: Row = {
    name: `CNN, ${name}: labels as on this machine`,
    unit: `% of ${images}`,
    value: share(there.map((label, index) => [label, here[index]])),
  };
  const own: Row = {
    name: `CNN, ${name}: accuracy on ${cpu}`,
    unit: '%',
    value: accuracy(there),
    peer: 'this machine',
    peer_value: accuracy(here),
  };
  const apart: Row = {
    name: `CNN, ${name}: largest difference of a probability`,
    unit: '',
    value: native.reduce(
      (most, value, at) => Math.max(most, Math.abs(value - (emulated[at] ?? Number.NaN))),
      0,
    ),
  };
  return [promised ? withGoal(same, '>=', 99.5) : same, own, apart];
}

/** What quantized models answer on a processor without VNNI, which is emulated. */
export const qemuBench: Bench = async () => {
  if (spawnSync(emulator, ['--version']).status !== 0) {
    console.log(
      `processors without VNNI are left out: ${emulator} is not there (Debian's qemu-user-static has it)`,
    );
    return [];
  }
  if (!hasFashion) {
    console.log(`processors without VNNI are left out: ${withoutFashion}`);
    return [];
  }
  const forms = await askedForms();
  const { feeds, labels } = fashionBatch(fashionImages('t10k', images));
  const folder = await mkdtemp(join(tmpdir(), 'ingot-bench-qemu-'));
  try {
    if (feeds.pixels === undefined) throw new Error('the model reads pixels');
    const order = await writeOrder(folder, forms, feeds.pixels);
    const native = await answersOf(order, [process.execPath]);
    const emulated = await answersOf(order, [emulator, '-cpu', cpu, process.execPath, '--jitless']);
    const truth = Array.from(labels.data, Number);
    const none = new Float32Array();
    return forms.flatMap((form, index) =>
      rowsOf(form, { native: native[index] ?? none, emulated: emulated[index] ?? none, truth }),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
