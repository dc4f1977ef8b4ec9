const escaped = (text: string): string => text.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&');

/** Whether a name is one of those that the patterns mean; in a pattern `*` stands for any characters, or none. */
export function nameMatcher(patterns: readonly string[]): (name: string) => boolean {
  const expressions = patterns.map(
    (pattern) => new RegExp(`^${pattern.split('*').map(escaped).join('.*')}$`, 's'),
  );
  return (name) => expressions.some((expression) => expression.test(name));
}
