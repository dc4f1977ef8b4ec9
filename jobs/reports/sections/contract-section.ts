import type { CompressionReport, Measured } from '../../compression/compression-report';
import { formatNumber } from '../format-number';
import { type Section, section } from '../page';
import type { Cell } from '../table';
import { chosenOf, type ListedCandidate } from './listed-candidates';
import { metricTitle } from './metric-title';

interface Clause {
  readonly name: string;
  /** Absent: the contract does not limit it. */
  readonly most?: number;
  readonly of: (measured: Measured) => number;
}

const clausesOf = ({ contract }: CompressionReport): readonly Clause[] => [
  { name: `Drop of ${metricTitle(contract.metric)}`, most: contract.max_drop, of: ({ drop }) => drop.value },
  {
    name: 'Bytes of the file',
    ...(contract.max_bytes === undefined ? {} : { most: contract.max_bytes }),
    of: ({ bytes }) => bytes,
  },
  {
    name: 'Latency p95, ms',
    ...(contract.max_latency_ms === undefined ? {} : { most: contract.max_latency_ms }),
    of: ({ latency_milliseconds }) => latency_milliseconds.p95,
  },
  {
    name: 'Memory on Lambda, MB',
    ...(contract.target.memory_mb === undefined ? {} : { most: contract.target.memory_mb }),
    of: ({ lambda }) => lambda.memory_mb,
  },
];

const numberCell = (value: number | undefined): Cell => ({ number: formatNumber(value ?? Number.NaN) });

/** What was promised, and on what it was measured. */
export function contractSection(report: CompressionReport, listed: readonly ListedCandidate[]): Section {
  const { contract, data, machine, original } = report;
  const chosen = chosenOf(listed)?.measured;
  const better = contract.higher_is_better ? 'higher' : 'lower';
  return section({
    title: 'Contract',
    text: `Candidates were judged by ${metricTitle(contract.metric)} (${better} is better) on ${formatNumber(data.judged_rows)} rows: ${data.judged_on}. ${learnedFrom(data.sample_rows)} Latency is of one prediction at a time, warm, on ${threadsText(machine.threads)} of ${machine.cpu} (${machine.provider}), by turns with the original. The model is for ${cpuText(contract.target.cpu)}.`,
    table: {
      caption: 'What the contract allows',
      columns: ['', 'At most', 'Original', ...(chosen ? ['Chosen'] : [])],
      rows: clausesOf(report).map(({ name, most, of }) => [
        name,
        most === undefined ? { number: 'no limit' } : numberCell(most),
        numberCell(of(original)),
        ...(chosen ? [numberCell(of(chosen))] : []),
      ]),
    },
  });
}

const threadsText = (threads: number): string => (threads === 1 ? 'one thread' : `${threads} threads`);

const cpuText = (cpu: string): string => (cpu === 'any' ? 'any processor' : `processors with ${cpu}`);

const learnedFrom = (rows: number): string =>
  rows === 0
    ? 'No rows were calibrated on or learned from.'
    : `${formatNumber(rows)} other rows were there to calibrate on and to learn from.`;
