import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { floats } from '../../../shared/onnx/build';
import type { Tensor } from '../../../shared/onnx/ir';
import { type RowType, rowLength, rowOfFloats } from '../row-type';
import { generatorOf, type Purpose } from '../seeded-generator';
import type { Augmentation } from './augmentation';

/** Uniform from 0 up to 1, without 1. */
export type Uniform = () => number;

export interface Drawing {
  /** Of what is drawn, and what tells drawings of the same seed apart. */
  readonly name: Extract<Purpose, 'affine' | 'cutout' | 'mixup'>;
  readonly seed: number;
  /** What is drawn: `[batch, …dims]`, or for the batch as a whole `[…dims]`. */
  readonly dims: readonly number[];
  readonly perRow: boolean;
  /** The numbers of one row, or of the batch. */
  readonly draw: (uniform: Uniform) => readonly number[];
}

/** What an augmentation draws, by batch number. */
export function drawingOf({ name, seed, dims, perRow, draw }: Drawing): Pick<Augmentation, 'draws' | 'draw'> {
  const typeFor = (batchSize: number): RowType => rowOfFloats(...(perRow ? [batchSize] : []), ...dims);
  return {
    draws: (batchSize) => ({ [name]: typeFor(batchSize) }),
    draw(firstBatch, batches, batchSize) {
      const type = typeFor(batchSize);
      const values = new Float32Array(batches * rowLength(type));
      for (let batch = 0; batch < batches; batch++) {
        const generator = generatorOf(seed, name, firstBatch + batch);
        const uniform = () => uniformFloat64(generator);
        const rows = Array.from({ length: perRow ? batchSize : 1 }, () => draw(uniform));
        values.set(rows.flat(), batch * rowLength(type));
      }
      const drawn: Tensor = floats([batches, ...type.dims], values);
      return { [name]: drawn };
    },
  };
}
