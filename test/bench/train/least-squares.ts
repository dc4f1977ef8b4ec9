export interface Line {
  readonly slope: number;
  readonly intercept: number;
  /** The part of the variance that the line explains: 1 where all points lie on it. */
  readonly r2: number;
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** The line that is nearest to points by the squares of their distances along y. */
export function leastSquares(points: readonly (readonly [x: number, y: number])[]): Line {
  const centre = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))] as const;
  const sum = (of: (dx: number, dy: number) => number) =>
    points.reduce((total, [x, y]) => total + of(x - centre[0], y - centre[1]), 0);
  const [xx, xy, yy] = [sum((dx) => dx * dx), sum((dx, dy) => dx * dy), sum((_, dy) => dy * dy)];
  const slope = xy / xx;
  return { slope, intercept: centre[1] - slope * centre[0], r2: (xy * xy) / (xx * yy) };
}
