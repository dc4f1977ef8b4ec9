import { type Line, lineChart, type Point } from '../charts/line-chart';
import { formatNumber } from '../format-number';
import { type Section, section } from '../page';
import type { Cell } from '../table';
import { capitalized, metricTitle } from './metric-title';

type Setting = string | number | boolean;

/** One training of a search. */
export interface Trial {
  /** As the log numbers it. */
  readonly number: number;
  /** How it ended: succeeded, stopped early, failed. */
  readonly state: string;
  /** The searched fields of the train spec, by path, and what this trial has there. */
  readonly settings: Readonly<Record<string, Setting>>;
  /** The metric after each epoch, from epoch 0. */
  readonly history: readonly { readonly epoch: number; readonly value: number }[];
  /** What it is ranked by; absent where it came to none. */
  readonly result?: number;
}

export interface Search {
  readonly metric: string;
  readonly goal: 'minimize' | 'maximize';
  /** In the order in which they began. */
  readonly trials: readonly Trial[];
  /** The number of the trial that was chosen; the one of the best result where absent. */
  readonly best?: number;
}

const mostListedTrials = 200;
const mostChartedFields = 8;

const isBetter = (goal: Search['goal'], value: number, than: number): boolean =>
  goal === 'maximize' ? value > than : value < than;

const ranked = (trials: readonly Trial[]) =>
  trials.flatMap((trial) =>
    trial.result !== undefined && Number.isFinite(trial.result) ? [{ ...trial, result: trial.result }] : [],
  );

/** The trials that came to a result, the best one first. */
const bestFirst = ({ trials, goal }: Search): readonly Trial[] =>
  ranked(trials).sort((a, b) => (goal === 'maximize' ? b.result - a.result : a.result - b.result));

/** The trial that came of the search. */
export const chosenTrial = (search: Search): Trial | undefined =>
  search.best === undefined
    ? bestFirst(search)[0]
    : search.trials.find(({ number }) => number === search.best);

/** Every trial a line, the best one in colour. */
export async function trialsSection(search: Search): Promise<Section | undefined> {
  const best = chosenTrial(search);
  const title = 'Trials';
  const lineOf = (trial: Trial): Line => ({
    name: `trial ${trial.number}`,
    points: trial.history.map(({ epoch, value }) => ({ x: epoch + 1, y: value })),
  });
  const lines = search.trials.map(
    (trial): Line =>
      trial.number === best?.number
        ? { ...lineOf(trial), name: `best: trial ${trial.number}` }
        : { ...lineOf(trial), look: 'faint' },
  );
  const svg = await lineChart({
    title,
    x: { title: 'epoch', whole: true },
    y: { title: metricTitle(search.metric), scale: 'auto' },
    lines,
  });
  if (svg === undefined) return undefined;
  return section({
    title,
    text: 'Each line is a trial, after each of its epochs; one that ends early was stopped because others did better.',
    svg,
    table: {
      caption: 'The ten best trials',
      columns: ['Trial', 'Epochs', capitalized(metricTitle(search.metric))],
      rows: bestFirst(search)
        .slice(0, 10)
        .map(({ number, history, result = Number.NaN }) =>
          [number, history.length, result].map((value) => ({ number: formatNumber(value) })),
        ),
    },
  });
}

function bestSoFar({ trials, goal }: Search) {
  let best: number | undefined;
  return ranked(trials).map(({ number, result }) => {
    if (best === undefined || isBetter(goal, result, best)) best = result;
    return { number, result, best };
  });
}

/** Level until the next point, instead of straight to it. */
const stairs = (points: readonly Point[]): readonly Point[] =>
  points.flatMap((point, index) => {
    const before = points[index - 1];
    return before === undefined ? [point] : [{ x: point.x, y: before.y }, point];
  });

/** What the search had found after each trial: a line that has long been flat says that it searched enough. */
export async function bestSoFarSection(search: Search): Promise<Section | undefined> {
  const steps = bestSoFar(search);
  const title = 'Best so far';
  const svg = await lineChart({
    title,
    x: { title: 'trial', whole: true },
    y: { title: metricTitle(search.metric), scale: 'auto' },
    lines: [
      { name: 'trials', look: 'dots', points: steps.map(({ number, result }) => ({ x: number, y: result })) },
      { name: 'best so far', points: stairs(steps.map(({ number, best }) => ({ x: number, y: best }))) },
    ],
  });
  if (svg === undefined) return undefined;
  const gains = steps.filter(({ best }, index) => index === 0 || best !== steps[index - 1]?.best);
  return section({
    title,
    text: 'Each dot is a trial, the line the best result up to it.',
    svg,
    table: {
      caption: 'Trials that were better than all before',
      columns: ['Trial', capitalized(metricTitle(search.metric))],
      rows: gains.map(({ number, result }) =>
        [number, result].map((value) => ({ number: formatNumber(value) })),
      ),
    },
  });
}

const fieldsOf = (trials: readonly Trial[]): readonly string[] => [
  ...new Set(trials.flatMap(({ settings }) => Object.keys(settings))),
];

/** The result against each searched number: where the good values lie, and whether they lie at the edge. */
export async function searchedFieldSections(search: Search): Promise<readonly Section[]> {
  const sections = await Promise.all(
    fieldsOf(search.trials)
      .slice(0, mostChartedFields)
      .map((field) => searchedFieldSection(search, field)),
  );
  return sections.filter((one) => one !== undefined);
}

async function searchedFieldSection(search: Search, field: string): Promise<Section | undefined> {
  const points = ranked(search.trials).flatMap(({ settings, result }) => {
    const value = settings[field];
    return typeof value === 'number' ? [{ x: value, y: result }] : [];
  });
  const title = `Result by ${field}`;
  const svg = await lineChart({
    title,
    x: { title: field, scale: 'auto' },
    y: { title: metricTitle(search.metric), scale: 'auto' },
    lines: [{ name: 'trials', look: 'dots', points }],
  });
  return svg && section({ title, text: 'Each dot is a trial.', svg });
}

/** Every trial with its settings, the best first, then those that came to nothing. */
export function trialsTableSection(search: Search): Section {
  const { trials, metric } = search;
  const fields = fieldsOf(trials);
  const best = bestFirst(search);
  const places = new Set(best.map(({ number }) => number));
  const all = [...best, ...trials.filter(({ number }) => !places.has(number))];
  const cellOf = (value: Setting | undefined): Cell =>
    typeof value === 'number' ? { number: formatNumber(value) } : String(value ?? '–');
  const left = all.length - mostListedTrials;
  return section({
    title: 'All trials',
    table: {
      caption: 'Trials, the best first',
      columns: ['Trial', 'State', capitalized(metricTitle(metric)), ...fields],
      rows: all
        .slice(0, mostListedTrials)
        .map(({ number, state, result, settings }) => [
          { number: formatNumber(number) },
          state,
          { number: formatNumber(result ?? Number.NaN) },
          ...fields.map((field) => cellOf(settings[field])),
        ]),
      ...(left > 0 ? { note: `${left} more are in report.json.` } : {}),
    },
  });
}
