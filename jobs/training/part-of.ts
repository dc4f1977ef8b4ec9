import type { Part, SplitTable } from '../datasets/split-table';

/** One part of a split as a table of its own, whole. */
export const partOf = (split: SplitTable, part: Part): SplitTable => ({
  ...split,
  counts: { train: 0, validation: 0, test: split.counts[part], dropped: 0 },
  relation: () => split.relation(part),
});
