/** Each part is looked for behind the one before it, at the first place: linear, whatever the pattern. */
function fits(name: string, pattern: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return name === pattern;
  const end = name.length - last.length;
  let at = first.length;
  if (!name.startsWith(first) || !name.endsWith(last) || end < at) return false;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}

/** Whether a name is one of those that the patterns mean; in a pattern `*` stands for any characters, or none. */
export const nameMatcher =
  (patterns: readonly string[]) =>
  (name: string): boolean =>
    patterns.some((pattern) => fits(name, pattern));
