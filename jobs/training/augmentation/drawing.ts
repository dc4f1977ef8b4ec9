import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { floats } from '../../../shared/onnx/build';
import type { Tensor } from '../../../shared/onnx/ir';
import { type RowType, rowLength, rowOfFloats } from '../row-type';
import type { Augmentation } from './augmentation';

/** Uniform from 0 up to 1, without 1. */
export type Uniform = () => number;

/** A generator of this batch and purpose alone. */
function uniformOf(seed: number, purpose: number, batch: number): Uniform {
  const generator = xoroshiro128plus(
    (Math.imul(seed, 0x9e37_79b1) ^ Math.imul(purpose, 0x85eb_ca6b)) + Math.imul(batch, 0xc2b2_ae35),
  );
  // nearby seeds begin alike
  for (let skipped = 0; skipped < 4; skipped++) uniformFloat64(generator);
  return () => uniformFloat64(generator);
}

export interface Drawing {
  readonly name: string;
  /** Tells drawings of the same seed apart. */
  readonly purpose: number;
  readonly seed: number;
  /** What is drawn: `[batch, …dims]`, or for the batch as a whole `[…dims]`. */
  readonly dims: readonly number[];
  readonly perRow: boolean;
  /** The numbers of one row, or of the batch. */
  readonly draw: (uniform: Uniform) => readonly number[];
}

/** What an augmentation draws, by batch number. */
export function drawingOf({
  name,
  purpose,
  seed,
  dims,
  perRow,
  draw,
}: Drawing): Pick<Augmentation, 'draws' | 'draw'> {
  const typeFor = (batchSize: number): RowType => rowOfFloats(...(perRow ? [batchSize] : []), ...dims);
  return {
    draws: (batchSize) => ({ [name]: typeFor(batchSize) }),
    draw(firstBatch, batches, batchSize) {
      const type = typeFor(batchSize);
      const values = new Float32Array(batches * rowLength(type));
      for (let batch = 0; batch < batches; batch++) {
        const uniform = uniformOf(seed, purpose, firstBatch + batch);
        const rows = Array.from({ length: perRow ? batchSize : 1 }, () => draw(uniform));
        values.set(rows.flat(), batch * rowLength(type));
      }
      const drawn: Tensor = floats([batches, ...type.dims], values);
      return { [name]: drawn };
    },
  };
}
