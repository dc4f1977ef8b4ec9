import { readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import type { TargetCpu } from '../../shared/contracts/compression/contract-spec';

/** The processor that the job runs on. */
export interface Machine {
  readonly name: string;
  readonly kind: Exclude<TargetCpu, 'any'> | 'other';
}

/** What the kernel calls instructions that multiply 8-bit numbers without saturating. */
const vnni = /\bavx512_vnni\b/;
const avx2 = /\bavx2\b/;

/** By the flags that Linux tells; elsewhere by the architecture alone. */
export async function machineOf(): Promise<Machine> {
  const name = cpus()[0]?.model.trim() || process.arch;
  if (process.arch === 'arm64') return { name, kind: 'arm64' };
  const flags = await readFile('/proc/cpuinfo', 'utf8').catch(() => '');
  if (vnni.test(flags)) return { name, kind: 'avx512vnni' };
  return { name, kind: avx2.test(flags) ? 'avx2' : 'other' };
}

/** What people should know of latencies that were taken on another machine than the target. */
export const machineNotes = ({ name, kind }: Machine, target: TargetCpu): string[] =>
  target === 'any' || target === kind
    ? []
    : [
        `latencies were measured on ${name} (${kind}), and the contract is for ${target}: measure there before you rely on them`,
      ];

/** Without VNNI, x86 adds pairs of products of 8 bits in 16, which saturates: weights of 7 bits cannot. */
export const needsReducedRange = (target: TargetCpu): boolean => target === 'any' || target === 'avx2';
