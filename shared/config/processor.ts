import { readFileSync } from 'node:fs';

/** What multiplies numbers of 8 bits, which decides what forms of a quantized model are exact and quick. */
export type ProcessorKind = 'avx512vnni' | 'avx2' | 'arm64' | 'other';

const kinds: readonly { readonly kind: ProcessorKind; readonly flags: RegExp }[] = [
  // sums of products of 8 bits in 32: nothing saturates
  { kind: 'avx512vnni', flags: /\b(?:avx512_vnni|avx_vnni)\b/ },
  { kind: 'avx2', flags: /\bavx2\b/ },
];

function flagsOfLinux(): string {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8');
  } catch {
    return '';
  }
}

let known: ProcessorKind | undefined;

/** The processor that this process runs on, by what Linux tells; elsewhere by its architecture alone. */
export function processorKind(): ProcessorKind {
  known ??= process.arch === 'arm64' ? 'arm64' : kindOf(flagsOfLinux());
  return known;
}

const kindOf = (told: string): ProcessorKind => kinds.find(({ flags }) => flags.test(told))?.kind ?? 'other';
