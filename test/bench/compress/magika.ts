import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import type { SampleBatch, Samples } from '../../../jobs/compression/samples';
import type { ModelSignature } from '../../../shared/contracts/model';
import { tensor } from '../../../shared/onnx/build';
import type { Tensor } from '../../../shared/onnx/ir';
import type { ModelSession } from '../../../shared/ports/model-runtime';
import type { Source } from './make';

export const magikaFolder = join(process.cwd(), '../shared/models/magika');

export const hasMagika = existsSync(magikaFolder);

const width = 2_048;
const classes = 214;

const published = z.object({ label_index: z.array(z.number()) });

export interface Magika {
  readonly bytes: Uint8Array;
  readonly signature: ModelSignature;
  readonly rows: number;
  readonly classes: number;
  /** `[rows, 2048]`, from one row to another. */
  readonly inputs: (from: number, to: number) => Tensor;
  /** The classes that its makers published. */
  readonly labels: readonly number[];
}

const signature: ModelSignature = {
  task: 'other',
  inputs: [{ name: 'bytes', type: 'integer', element_type: 'int32', shape: [width] }],
  outputs: [{ name: 'target_label', type: 'number', element_type: 'float', shape: [classes] }],
};

/** A classifier of files that others made and trained, with its published answers. */
export function readMagika(): Magika {
  const packed = gunzipSync(readFileSync(join(magikaFolder, 'reference-inputs.u16.gz')));
  const values = new Uint16Array(packed.buffer, packed.byteOffset, packed.byteLength / 2);
  const labels = published.parse(
    JSON.parse(readFileSync(join(magikaFolder, 'reference-labels.json'), 'utf8')),
  ).label_index;
  return {
    bytes: new Uint8Array(readFileSync(join(magikaFolder, 'model.onnx'))),
    signature,
    rows: labels.length,
    classes,
    inputs: (from, to) =>
      tensor('int32', [to - from, width], Int32Array.from(values.subarray(from * width, to * width))),
    labels,
  };
}

const batch = 16;

/** Every row in batches; there are no others. */
const magikaSamples = (magika: Magika): Samples =>
  async function* ({ mostRows = magika.rows } = {}): AsyncIterable<SampleBatch> {
    const rows = Math.min(mostRows, magika.rows);
    for (let from = 0; from < rows; from += batch) {
      const to = Math.min(rows, from + batch);
      yield { rows: to - from, feeds: { bytes: magika.inputs(from, to) } };
    }
  };

export const magikaSource = (magika: Magika): Source => ({
  bytes: magika.bytes,
  signature: magika.signature,
  samples: magikaSamples(magika),
  sampleRows: magika.rows,
});

/** The class of the largest score in each row. */
function bestClasses(scores: Tensor | undefined): readonly number[] {
  const [rows = 0, columns = 0] = scores?.dims ?? [];
  return Array.from({ length: rows }, (_, row) => {
    const own = Array.from({ length: columns }, (__, at) => Number(scores?.data[row * columns + at]));
    return own.indexOf(Math.max(...own));
  });
}

/** How many of the published classes a form of the model still gives, asked one file at a time, as it is used. */
export const keptLabels =
  (magika: Magika) =>
  async (session: ModelSession): Promise<number> => {
    let kept = 0;
    for (let row = 0; row < magika.rows; row++) {
      const { target_label } = await session.run({ bytes: magika.inputs(row, row + 1) });
      kept += Number(bestClasses(target_label)[0] === magika.labels[row]);
    }
    return kept;
  };
