export interface CurvePoint {
  readonly x: number;
  readonly y: number;
  /** Rows that score at least this are taken for positive; null where no row is. */
  readonly threshold: number | null;
}

/** What the slow part of thinning is given at most. */
const mostCandidates = 1_500;
const finestGrid = 512;

/**
 * At most `most` of a curve's points, its ends among them, with nearly its area. First, of many points only those that
 * moved a grid step along either axis since the last one that was kept; then, one at a time, the point goes whose
 * triangle with its neighbours is the smallest, which is what the area changes by (Visvalingam and Whyatt, 1993).
 */
export function thinCurve(points: Iterable<CurvePoint>, most: number): CurvePoint[] {
  let kept = onGrid(points, finestGrid);
  for (let grid = finestGrid / 2; kept.length > mostCandidates && grid >= 1; grid /= 2)
    kept = onGrid(kept, grid);
  while (kept.length > 2) {
    const { index, area } = smallestTriangle(kept);
    if (area > 0 && kept.length <= most) break;
    kept.splice(index, 1);
  }
  return kept;
}

/** The corner before a step that is long enough is kept as well: the curve turns there. */
function onGrid(points: Iterable<CurvePoint>, grid: number): CurvePoint[] {
  const step = 1 / grid;
  const kept: CurvePoint[] = [];
  let last: CurvePoint | undefined;
  let previous: CurvePoint | undefined;
  for (const point of points) {
    const far =
      last === undefined || Math.abs(point.x - last.x) >= step || Math.abs(point.y - last.y) >= step;
    if (far) {
      if (previous !== undefined && previous !== last) kept.push(previous);
      kept.push(point);
      last = point;
    }
    previous = point;
  }
  if (previous !== undefined && previous !== last) kept.push(previous);
  return kept;
}

function smallestTriangle(points: readonly CurvePoint[]): { index: number; area: number } {
  let smallest = { index: 1, area: Number.POSITIVE_INFINITY };
  for (let index = 1; index < points.length - 1; index++) {
    const area = triangle(points[index - 1], points[index], points[index + 1]);
    if (area < smallest.area) smallest = { index, area };
  }
  return smallest;
}

function triangle(a?: CurvePoint, b?: CurvePoint, c?: CurvePoint): number {
  if (a === undefined || b === undefined || c === undefined) return 0;
  return Math.abs((b.x - a.x) * (c.y - a.y) - (c.x - a.x) * (b.y - a.y)) / 2;
}
