import { cpus } from 'node:os';
import { type ProcessorKind, processorKind } from '../../shared/config/processor';
import type { TargetCpu } from '../../shared/contracts/compression/contract-spec';

/** The processor that the job runs on. */
export interface Machine {
  readonly name: string;
  readonly kind: ProcessorKind;
}

export const machineOf = (): Machine => ({
  name: cpus()[0]?.model.trim() || process.arch,
  kind: processorKind(),
});

/** What people should know of latencies that were taken on another machine than the target. */
export const machineNotes = ({ name, kind }: Machine, target: TargetCpu): string[] =>
  target === 'any' || target === kind
    ? []
    : [
        `latencies were measured on ${name} (${kind}), and the contract is for ${target}: measure there before you rely on them`,
      ];

/** Without VNNI, x86 adds pairs of products of 8 bits in 16, which saturates: weights of 7 bits cannot. */
export const needsReducedRange = (target: TargetCpu): boolean => target === 'any' || target === 'avx2';
