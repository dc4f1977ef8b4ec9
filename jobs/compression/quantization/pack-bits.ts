/** Unsigned numbers of a few bits, so many in each byte, the first one lowest; the last byte is filled up with zeros. */
export function packBits(values: ArrayLike<number>, bits: 8 | 4 | 2): Uint8Array {
  const each = 8 / bits;
  const packed = new Uint8Array(Math.ceil(values.length / each));
  for (let at = 0; at < values.length; at++) {
    const byte = Math.floor(at / each);
    packed[byte] = (packed[byte] ?? 0) | ((values[at] ?? 0) << (bits * (at % each)));
  }
  return packed;
}
