import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { SampleBatch } from '../../../jobs/compression/samples';
import type { Tensor } from '../../../shared/onnx/ir';
import { type PythonPeers, type PythonWishes, pythonPeers } from '../python';
import type { Contestant } from './contest';
import type { Source } from './make';
import { cacheFolder, digestOf } from './own-model';

const run = promisify(execFile);

type Quantizer = 'ort' | 'olive';

const wishes: PythonWishes<Quantizer> = {
  ort: { install: ['onnx', 'onnxruntime'], modules: ['onnx', 'onnxruntime.quantization'] },
  olive: {
    install: ['olive-ai', 'onnxruntime', 'requests'],
    modules: ['olive.passes.onnx.quantization', 'torch'],
  },
};

const titles: Readonly<Record<Quantizer, string>> = { ort: "ONNX Runtime's quantizer", olive: 'Olive' };

const methods = { dynamic: 'int8 dynamic', static: 'int8 static', int4: 'int4 weights, block 32' } as const;
export type PeerMethod = keyof typeof methods;

const script = join(import.meta.dirname, 'peers', 'quantize.py');

let found: Promise<PythonPeers<Quantizer>> | undefined;

/** Looked for once in a run; what is missing is told once. */
function quantizers(): Promise<PythonPeers<Quantizer>> {
  found ??= pythonPeers(wishes).then((peers) => {
    for (const reason of peers.missing) console.log(`missing: ${reason}`);
    return peers;
  });
  return found;
}

/** What numpy calls them. */
const types: Readonly<Record<string, string>> = {
  float: 'float32',
  uint8: 'uint8',
  int32: 'int32',
  int64: 'int64',
};

const bytesOf = ({ data }: Tensor): Uint8Array =>
  ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array();

async function batchesOf({ samples }: Source, rows: number): Promise<readonly SampleBatch[]> {
  const batches: SampleBatch[] = [];
  for await (const batch of samples?.({ mostRows: rows }) ?? []) batches.push(batch);
  return batches;
}

/** The rows that our own calibration has, where Python can read them. */
async function writeCalibration(folder: string, source: Source, rows: number): Promise<string> {
  const batches = await batchesOf(source, rows);
  const inputs = Object.entries(batches[0]?.feeds ?? {}).map(async ([name, { elementType, dims }]) => {
    const path = join(folder, `${name}.rows`);
    const own = batches.flatMap(({ feeds }) => (feeds[name] === undefined ? [] : [bytesOf(feeds[name])]));
    await writeFile(path, Buffer.concat(own));
    const count = batches.reduce((sum, batch) => sum + batch.rows, 0);
    return { name, type: types[elementType] ?? elementType, dims: [count, ...dims.slice(1)], path };
  });
  const path = join(folder, 'calibration.json');
  await writeFile(path, JSON.stringify(await Promise.all(inputs)));
  return path;
}

const calibrationRows = 512;

interface Wanted {
  readonly folder: string;
  readonly python: string;
  readonly quantizer: Quantizer;
  readonly method: PeerMethod;
}

async function made({ folder, python, quantizer, method }: Wanted): Promise<Uint8Array> {
  const path = join(folder, `${quantizer}_${method}.onnx`);
  if (!existsSync(path)) {
    const given = [join(folder, 'model.onnx'), `${path}.making`, join(folder, 'calibration.json')];
    await run(python, [script, `${quantizer}_${method}`, ...given], { maxBuffer: 2 ** 26, cwd: folder });
    await rename(`${path}.making`, path);
  }
  return new Uint8Array(await readFile(path));
}

const lastLine = (error: unknown): string => `${error}`.trim().split('\n').at(-1) ?? '';

/**
 * The same model by ONNX Runtime's own quantizer and by Olive, calibrated on the same rows; kept between runs. What is not
 * there, or cannot do it, is told in a line and left out.
 */
export async function pythonForms(source: Source, wanted: readonly PeerMethod[]): Promise<Contestant[]> {
  const peers = await quantizers();
  if (peers.found.length === 0) return [];
  const folder = join(cacheFolder, `peers-${digestOf(source.bytes, await readFile(script))}`);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'model.onnx'), source.bytes);
  await writeCalibration(folder, source, calibrationRows);
  const forms: Contestant[] = [];
  for (const method of wanted)
    for (const quantizer of peers.found) {
      const name = `${titles[quantizer]}, ${methods[method]}`;
      try {
        forms.push({ name, bytes: await made({ folder, python: peers.python, quantizer, method }) });
      } catch (error) {
        console.log(`  ${name} is left out: ${lastLine(error)}`);
      }
    }
  return forms;
}
