import { formatNumber } from './format-number';
import { type Fact, page } from './page';
import { metricTitle } from './sections/metric-title';
import { settingsSection } from './sections/settings-section';
import {
  bestSoFarSection,
  chosenTrial,
  type Search,
  searchedFieldSections,
  type Trial,
  trialsSection,
  trialsTableSection,
} from './sections/trial-sections';

/** A search over the fields of a train spec. */
export interface TuneReport extends Search {
  /** Of the model that the best trial became a version of. */
  readonly name: string;
  readonly spec?: unknown;
  readonly facts?: readonly Fact[];
}

const settingsOf = ({ settings }: Trial): string =>
  Object.entries(settings)
    .map(([name, value]) => `${name} = ${typeof value === 'number' ? formatNumber(value) : value}`)
    .join('; ');

function factsOf(report: TuneReport): Fact[] {
  const best = chosenTrial(report);
  return [
    {
      name: 'Searched for',
      value: `the ${report.goal === 'maximize' ? 'highest' : 'lowest'} ${metricTitle(report.metric)}`,
    },
    { name: 'Trials', value: formatNumber(report.trials.length) },
    ...(best?.result === undefined
      ? []
      : [
          { name: 'Best trial', value: `${best.number} (${formatNumber(best.result)})` },
          { name: 'Its settings', value: settingsOf(best) },
        ]),
    ...(report.facts ?? []),
  ];
}

/** The report of a search, as one HTML file that needs nothing else. */
export async function tuneReportPage(report: TuneReport): Promise<string> {
  const sections = await Promise.all([
    trialsSection(report),
    bestSoFarSection(report),
    searchedFieldSections(report),
    trialsTableSection(report),
    report.spec === undefined ? undefined : settingsSection(report.spec),
  ]);
  return page({
    kind: 'Tuning report',
    title: report.name,
    facts: factsOf(report),
    sections: sections.flat().filter((one) => one !== undefined),
    footnote: 'Every number of this page is in report.json, in full, beside it.',
  });
}
