/** A matrix as 8-bit integers with one scale per column: `values[i, j] * scales[j]` is the weight again, to half a step. */
export interface QuantizedColumns {
  /** Row-major, from -127 to 127. */
  readonly values: Int8Array;
  readonly scales: Float32Array;
}

/** Symmetric, so that a zero weight stays exactly zero and the product needs no zero point for the weights. */
const largest = 127;

/** `weights` is row-major `[rows, columns]` and finite. */
export function quantizeColumns(weights: Float32Array, columns: number): QuantizedColumns {
  const scales = new Float32Array(columns);
  weights.forEach((weight, at) => {
    const column = at % columns;
    scales[column] = Math.max(scales[column] ?? 0, Math.abs(weight));
  });
  for (let column = 0; column < columns; column++)
    // The quotient of a denormal can be zero, and then any scale decodes the zeros.
    scales[column] = Math.fround((scales[column] ?? 0) / largest) || 1;
  const values = Int8Array.from(weights, (weight, at) => {
    const step = Math.round(weight / (scales[at % columns] ?? 1));
    return Math.max(-largest, Math.min(largest, step));
  });
  return { values, scales };
}

/** Row-major `[rows, columns]` of a row-major `[columns, rows]`. */
export function transpose(weights: Float32Array, rows: number, columns: number): Float32Array {
  const transposed = new Float32Array(weights.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      transposed[row * columns + column] = weights[column * rows + row] ?? 0;
  return transposed;
}
