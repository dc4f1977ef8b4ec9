import { shortened } from './table';

/** Short names that still differ, in the same order: what two long names share may be all that would be left of them. */
export function labelsOf(names: readonly string[], most: number): readonly string[] {
  const seen = new Map<string, number>();
  return names.map((name) => {
    const short = shortened(name === '' ? '(empty)' : name, most);
    const before = seen.get(short) ?? 0;
    seen.set(short, before + 1);
    return before === 0 ? short : `${short} (${before + 1})`;
  });
}
