import { accuracy } from './accuracy';
import { compression } from './compression';
import { dataKinds } from './data-kinds';
import { ingest } from './ingest';
import type { Bench } from './row';
import { serving } from './serving';
import { startup } from './startup';
import { training } from './training';

/** Every bench by the name that `npm run bench -- <name>` takes, in the order in which they run. */
export const benches: Readonly<Record<string, Bench>> = {
  startup,
  training,
  accuracy,
  compression,
  serving,
  ingest,
  'data-kinds': dataKinds,
};
