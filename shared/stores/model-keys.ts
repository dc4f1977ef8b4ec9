import type { RecordKey } from '../ports/record-store';
import type { ModelAddress, VersionAddress } from './model-record';

const versionDigits = 9;
const versionsOf = ({ tenant, name }: ModelAddress) => `tenant#${tenant}#model-versions#${name}`;

/** Where the records of a model lie; names hold no '#', so no two addresses meet. */
export const modelKeys = {
  model: ({ tenant, name }: ModelAddress): RecordKey => ({ partition: `tenant#${tenant}#model`, sort: name }),
  version: (address: VersionAddress): RecordKey => ({
    partition: versionsOf(address),
    sort: `version#${String(address.version).padStart(versionDigits, '0')}`,
  }),
  /** Which version a job made. */
  job: (address: ModelAddress, job: string): RecordKey => ({
    partition: versionsOf(address),
    sort: `job#${job}`,
  }),
};
