/** A text literal of SQL: the value stands for itself, whatever quotes, newlines or keywords it holds. SQL ends at a NUL, so `chr(0)` stands in. */
export function quoteText(value: string): string {
  const quoted = value.split('\0').map((piece) => `'${piece.replaceAll("'", "''")}'`);
  return quoted.length === 1 ? quoted.join('') : `(${quoted.join(' || chr(0) || ')})`;
}

/** An identifier of SQL that means exactly this name. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
