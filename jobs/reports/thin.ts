/** What of a long list is shown: everything, or first, last and the extremes of equal stretches between, in order. */
export function thin<T>(items: readonly T[], most: number, heightOf: (item: T) => number): readonly T[] {
  if (items.length <= most) return items;
  const stretches = Math.max(1, Math.floor((most - 2) / 2));
  const kept = new Set([0, items.length - 1]);
  for (let stretch = 0; stretch < stretches; stretch++) {
    const from = Math.floor((stretch * items.length) / stretches);
    const to = Math.floor(((stretch + 1) * items.length) / stretches);
    for (const index of extremes(items.slice(from, to).map(heightOf))) kept.add(from + index);
  }
  return items.filter((_, index) => kept.has(index));
}

function extremes(values: readonly number[]): readonly number[] {
  let [least, most] = [0, 0];
  values.forEach((value, index) => {
    if (value < (values[least] ?? value)) least = index;
    if (value > (values[most] ?? value)) most = index;
  });
  return [least, most];
}

/** Evenly spaced items of a long list, first and last among them: rows that people read one by one. */
export function sample<T>(items: readonly T[], most: number): readonly T[] {
  if (items.length <= most) return items;
  const step = (items.length - 1) / (most - 1);
  const kept = new Set(Array.from({ length: most }, (_, index) => Math.round(index * step)));
  return items.filter((_, index) => kept.has(index));
}
