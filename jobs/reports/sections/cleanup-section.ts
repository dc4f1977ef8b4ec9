import type { CleanupReport } from '../../compression/compression-report';
import { formatNumber } from '../format-number';
import { type Section, section } from '../page';

/** What the clean-up alone did: it changes no answer, so it stands apart from what was chosen. */
export const cleanupSection = (cleanup: CleanupReport): Section => {
  const { bytes_before, bytes_after, latency_before, latency_after, passes } = cleanup;
  return section({
    title: 'Lossless clean-up',
    text: `Done first, whatever comes after, and changes no answer: ${formatNumber(bytes_before)} bytes became ${formatNumber(bytes_after)}, and the median prediction takes ${formatNumber(latency_after.p50)} ms instead of ${formatNumber(latency_before.p50)} ms (p95 ${formatNumber(latency_after.p95)} instead of ${formatNumber(latency_before.p95)}).`,
    table: {
      caption: 'What each pass changed',
      columns: ['Pass', 'Nodes, weights or channels'],
      rows: passes.map(({ name, changes }) => [name.replaceAll('_', ' '), { number: formatNumber(changes) }]),
    },
  });
};
