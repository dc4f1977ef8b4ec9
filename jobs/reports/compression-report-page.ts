import type { CompressionReport } from '../compression/compression-report';
import { formatDuration, formatNumber } from './format-number';
import { type Fact, page } from './page';
import { candidatesSection, methodsSection } from './sections/candidates-section';
import { cleanupSection } from './sections/cleanup-section';
import { contractSection } from './sections/contract-section';
import { changedLayersSection, keptLayersSection } from './sections/layers-section';
import { chosenOf, listedCandidates } from './sections/listed-candidates';
import { capitalized, metricTitle } from './sections/metric-title';
import { notesSection } from './sections/notes-section';
import { tradeOffSections } from './sections/trade-off-sections';
import { verdictSection } from './sections/verdict-section';

function factsOf(report: CompressionReport): Fact[] {
  const { contract, original, candidates, machine, seconds } = report;
  const chosen = chosenOf(listedCandidates(report));
  const metric = capitalized(metricTitle(contract.metric));
  const { bytes, metric: quality } = chosen?.measured ?? original;
  return [
    { name: 'Chosen', value: chosen?.candidate.id ?? 'the original' },
    { name: 'Bytes', value: `${formatNumber(bytes)} of ${formatNumber(original.bytes)}` },
    {
      name: metric,
      value: `${formatNumber(quality.value)}, original ${formatNumber(original.metric.value)}`,
    },
    { name: 'Candidates', value: formatNumber(candidates.length) },
    { name: 'Took', value: formatDuration(seconds) },
    { name: 'Measured on', value: machine.cpu },
  ];
}

/** The report of a compression, as one HTML file that needs nothing else. */
export async function compressionReportPage(report: CompressionReport): Promise<string> {
  const listed = listedCandidates(report);
  const sections = await Promise.all([
    verdictSection(report, listed),
    contractSection(report, listed),
    tradeOffSections(report, listed),
    candidatesSection(report, listed),
    methodsSection(listed),
    cleanupSection(report.cleanup),
    changedLayersSection(report.layers),
    keptLayersSection(report.layers),
    notesSection(report.notes),
  ]);
  return page({
    kind: 'Compression report',
    title: `${report.model.name}, version ${report.model.version}`,
    facts: factsOf(report),
    sections: sections.flat().filter((one) => one !== undefined),
    footnote: 'Every number of this page is in report.json, in full, beside it.',
  });
}
