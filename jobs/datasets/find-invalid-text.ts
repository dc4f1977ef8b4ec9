import { isUtf8 } from 'node:buffer';

/**
 * The place of the first byte at or after `from` that text cannot hold: one outside UTF-8 (RFC 3629: no overlong forms, no
 * surrogates, nothing past U+10FFFF), or NUL. -1 where all is well.
 */
export function findInvalidText(bytes: Buffer, from: number): number {
  const nul = bytes.indexOf(0, from);
  const rest = bytes.subarray(from);
  if (isUtf8(rest)) return nul;
  const invalid = from + firstInvalid(rest);
  return nul < 0 ? invalid : Math.min(nul, invalid);
}

interface SequenceRule {
  first: readonly [number, number];
  second: readonly [number, number];
  length: number;
}

/** RFC 3629, section 4: the second byte's range depends on the first's, all later ones are 80 to BF. */
const rules: readonly SequenceRule[] = [
  { first: [0xc2, 0xdf], second: [0x80, 0xbf], length: 2 },
  { first: [0xe0, 0xe0], second: [0xa0, 0xbf], length: 3 },
  { first: [0xe1, 0xec], second: [0x80, 0xbf], length: 3 },
  { first: [0xed, 0xed], second: [0x80, 0x9f], length: 3 },
  { first: [0xee, 0xef], second: [0x80, 0xbf], length: 3 },
  { first: [0xf0, 0xf0], second: [0x90, 0xbf], length: 4 },
  { first: [0xf1, 0xf3], second: [0x80, 0xbf], length: 4 },
  { first: [0xf4, 0xf4], second: [0x80, 0x8f], length: 4 },
];

function firstInvalid(bytes: Uint8Array): number {
  for (let at = 0; at < bytes.length; ) {
    const length = (bytes[at] ?? 0) < 0x80 ? 1 : sequenceAt(bytes, at);
    if (length === 0) return at;
    at += length;
  }
  return bytes.length;
}

/** The length of the sequence that begins here; 0 where none does. */
function sequenceAt(bytes: Uint8Array, at: number): number {
  const rule = rules.find(({ first }) => within(bytes[at], first));
  if (!rule || !within(bytes[at + 1], rule.second)) return 0;
  const later = Array.from({ length: rule.length - 2 }, (_, index) => bytes[at + 2 + index]);
  return later.every((byte) => within(byte, [0x80, 0xbf])) ? rule.length : 0;
}

const within = (byte: number | undefined, [low, high]: readonly [number, number]): boolean =>
  byte !== undefined && byte >= low && byte <= high;
