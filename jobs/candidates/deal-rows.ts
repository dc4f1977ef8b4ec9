import type { ModelSignature, SplitSettings } from '../../shared/contracts/model';
import { isLabelled } from '../../shared/datasets/check-compression';
import { halveTable } from '../datasets/halve-table';
import type { Table } from '../datasets/open-table';
import { type Part, type SplitTable, splitTable, unsplitTable } from '../datasets/split-table';

export interface Dealing {
  /** Of the model; its target is the column with the truth. */
  readonly signature: ModelSignature;
  /** The data set; absent: there are the held-out rows alone. */
  readonly data?: Table;
  /** Rows that the model's training held out. */
  readonly heldOut?: Table;
  /** How the model's training dealt out these data; absent where it learned from others. */
  readonly split?: SplitSettings | undefined;
  readonly seed: number;
}

/** Where rows come from: a split, and which part of it. */
export interface Dealt {
  readonly rows: SplitTable;
  readonly part: Part;
  /** For people. */
  readonly told: string;
  /** Nothing was learned from them. */
  readonly isHeldOut?: boolean;
}

/** Rows to judge by, and rows to calibrate on and learn from; no row is in both. */
export interface DealtRows {
  readonly judged: Dealt;
  /** Always a split's `train` part. */
  readonly samples: Dealt;
  readonly labelled: boolean;
}

/** What the model learned from is what to calibrate on, and what it never saw is what to judge by; of other data, each half. */
export async function dealRows(dealing: Dealing): Promise<DealtRows> {
  const { signature, data, heldOut, seed } = dealing;
  const table = data ?? heldOut;
  if (table === undefined) throw new Error('there is neither a data set nor held-out rows');
  const labelled = isLabelled(signature, table.columns);
  const task = signature.task === 'regression' ? 'regression' : 'classification';
  const dealt = labelled ? await asTrained(dealing, task) : undefined;
  if (dealt !== undefined) return { ...dealt, labelled };
  const halves = await halveTable(table, { task, seed, target: labelled ? signature.target : undefined });
  const told = data === undefined ? 'half of the rows that the training held out' : 'half of the data set';
  return {
    labelled,
    judged: { rows: halves, part: 'test', told },
    samples: { rows: halves, part: 'train', told: 'the other half' },
  };
}

/** The parts that the model's own training made; undefined where they are not known, or nothing was held out. */
async function asTrained(
  { signature: { target }, data, heldOut, split }: Dealing,
  task: SplitTable['task'],
): Promise<Omit<DealtRows, 'labelled'> | undefined> {
  if (data === undefined || split === undefined || target === undefined) return undefined;
  const fractions = { validationFraction: split.validation_fraction, testFraction: split.test_fraction };
  const parts = await splitTable(data, { target, task, seed: split.seed, ...fractions });
  const samples: Dealt = { rows: parts, part: 'train', told: 'rows that the model was trained on' };
  if (heldOut !== undefined) {
    const rows = await unsplitTable(heldOut, { target, task });
    return {
      samples,
      judged: { rows, part: 'test', told: 'rows that the training held out', isHeldOut: true },
    };
  }
  const part = (['test', 'validation'] as const).find((each) => parts.counts[each] > 0);
  return (
    part && { samples, judged: { rows: parts, part, told: `the training's ${part} rows`, isHeldOut: true } }
  );
}
