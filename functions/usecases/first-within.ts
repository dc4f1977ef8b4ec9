/** The first items, as many as fit into so many bytes as JSON. */
export function firstWithin<T>(items: readonly T[], bytes: number): T[] {
  let left = bytes;
  const end = items.findIndex((item) => {
    left -= Buffer.byteLength(JSON.stringify(item)) + 1;
    return left < 0;
  });
  return end === -1 ? [...items] : items.slice(0, end);
}
