/** One measured number; `ratio` is value / peer_value, and `goal` what an issue asks of the row's `ratio` or `value`. */
export interface Row {
  name: string;
  unit: string;
  value: number;
  peer?: string;
  peer_value?: number;
  ratio?: number;
  goal?: string;
  met?: boolean;
}

export type Bench = () => Promise<Row[]>;

/** The middle value; of an even count, the mean of the two middle ones. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2;
}

type Comparison = '<=' | '>=' | '<' | '>';
const comparisons: Record<Comparison, (a: number, b: number) => boolean> = {
  '<=': (a, b) => a <= b,
  '>=': (a, b) => a >= b,
  '<': (a, b) => a < b,
  '>': (a, b) => a > b,
};

/** States a row's goal, and whether the ratio (where there is a peer) or else the value meets it. */
export function withGoal(row: Row, comparison: Comparison, bound: number): Row {
  const measured = row.ratio ?? row.value;
  return {
    ...row,
    goal: `${row.ratio === undefined ? '' : 'ratio '}${comparison} ${bound}`,
    met: comparisons[comparison](measured, bound),
  };
}
