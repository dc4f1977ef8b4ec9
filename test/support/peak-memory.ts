import { readFileSync } from 'node:fs';

const kibibytesOfStatus = /^VmHWM:\s+(\d+) kB$/m;

/**
 * The most bytes of memory that this process has had at once. Not `resourceUsage().maxRSS` where Linux tells better: that
 * one begins with what the parent held when it started this process (`exec` carries it over).
 */
export function peakBytes(): number {
  const kibibytes = linuxPeak() ?? process.resourceUsage().maxRSS;
  return kibibytes * 1_024;
}

function linuxPeak(): number | undefined {
  if (process.platform !== 'linux') return undefined;
  const found = kibibytesOfStatus.exec(readFileSync('/proc/self/status', 'utf8'));
  return found === null ? undefined : Number(found[1]);
}
