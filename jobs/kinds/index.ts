import type { JobKind } from '../../shared/contracts/job';
import { compress } from './compress';
import { evaluate } from './evaluate';
import { importModel } from './import';
import { ingest } from './ingest';
import type { JobKindDefinition } from './job-kind';
import { train } from './train';
import { tune } from './tune';

/** Every job kind by its name; to add one is a spec schema in the contracts, a file here and a row below. */
export const jobKinds: { readonly [K in JobKind]: JobKindDefinition<K> } = {
  ingest,
  train,
  compress,
  evaluate,
  tune,
  import: importModel,
};
