export interface Stratum {
  rows: number;
}

export interface Fractions {
  validationFraction: number;
  testFraction: number;
}

export interface Allocation {
  test: number;
  validation: number;
}

/**
 * How many rows of each class go to the test and the validation part. What rounding takes from one class it gives to the
 * next, so each class is within one row of its share and so are the totals; a class's last row always stays to train on.
 */
export function allocateRows(strata: readonly Stratum[], fractions: Fractions): Allocation[] {
  const owed = { test: 0, validation: 0 };
  return strata.map(({ rows }) => {
    const test = take(owed, 'test', rows * fractions.testFraction, rows - 1);
    const validation = take(owed, 'validation', rows * fractions.validationFraction, rows - 1 - test);
    return { test, validation };
  });
}

function take(owed: Allocation, part: keyof Allocation, share: number, most: number): number {
  owed[part] += share;
  const taken = Math.max(0, Math.min(Math.round(owed[part]), most));
  owed[part] -= taken;
  return taken;
}
