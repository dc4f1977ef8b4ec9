import type { TrainSpec } from '../../shared/contracts/kinds/train';
import type { SplitSettings } from '../../shared/contracts/model';
import type { OrderModel } from '../../shared/contracts/run-order';
import type { JobContext } from '../kinds/job-kind';

type Told = Pick<JobContext, 'models' | 'log'>;

const asked = ({ seed, validation_fraction, test_fraction, test_dataset }: TrainSpec): SplitSettings => ({
  seed,
  validation_fraction,
  test_fraction: test_dataset === undefined ? test_fraction : 0,
});

const printed = ({ seed, validation_fraction, test_fraction }: SplitSettings): string =>
  `seed ${seed}, validation_fraction ${validation_fraction}, test_fraction ${test_fraction}`;

const mayHaveLearned =
  'rows to test on may be among those that it learned, and the metrics better than they should be';

/** The parent's split; a part that this training tests nothing on is learned from, which the parent's numbers never rest on. */
function likeParent(
  own: SplitSettings,
  { spec, parent }: { spec: TrainSpec; parent: SplitSettings },
): SplitSettings {
  return spec.test_dataset === undefined ? parent : { ...parent, test_fraction: own.test_fraction };
}

const isSame = (one: SplitSettings, other: SplitSettings): boolean => printed(one) === printed(other);

function ofSameData(spec: TrainSpec, { name, version, lineage, signature }: OrderModel, { log }: Told) {
  const own = asked(spec);
  const parent = `${name} version ${version}`;
  if (lineage.split === undefined) {
    log('warn', `how ${parent} split the data set is not known: ${mayHaveLearned}`);
    return own;
  }
  const split = likeParent(own, { spec, parent: lineage.split });
  if (!isSame(split, own))
    log(
      'warn',
      `the rows are split as for ${parent}, which learned from the same data set, by ${printed(split)} in place of ${printed(own)}: no row that it learned is tested on`,
    );
  if (signature?.target !== undefined && signature.target !== spec.target)
    log(
      'warn',
      `${parent} learned '${signature.target}' of the same data set, and rows are dealt out anew for '${spec.target}': ${mayHaveLearned}`,
    );
  return split;
}

/**
 * How a training splits its rows: as its spec says, but as its parent did where both learn from the same data set, since
 * rows that the parent learned say nothing about how the child does on new ones. Following the parent is kinder than to
 * refuse: nobody who leaves the seed out means to choose it.
 */
export function splitSettingsOf(spec: TrainSpec, told: Told): SplitSettings {
  const base = told.models?.base;
  if (base === undefined) return asked(spec);
  const { name, version, lineage } = base;
  if (lineage.dataset === spec.dataset) return ofSameData(spec, base, told);
  if (lineage.dataset === undefined)
    told.log('warn', `what ${name} version ${version} was trained on is not known: ${mayHaveLearned}`);
  return asked(spec);
}
