import type { Dataset } from '../../shared/contracts/dataset';
import type { DatasetRecord } from '../../shared/stores/dataset-store';

/** What callers see of a data set's record; keys of objects are nobody's business. */
export function publicDataset(record: DatasetRecord): Dataset {
  const { id, name, state, format, declared, source, job, rows, errors, errors_truncated } = record;
  const size = source ?? declared;
  return {
    id,
    object: 'dataset',
    name,
    state,
    ...(format === undefined ? {} : { format }),
    ...(size.bytes === undefined ? {} : { bytes: size.bytes }),
    ...(size.sha256 === undefined ? {} : { sha256: size.sha256 }),
    created_at: record.created_at,
    updated_at: record.updated_at,
    ...(job === undefined ? {} : { job }),
    ...(rows === undefined ? {} : { rows }),
    ...(errors === undefined ? {} : { errors: [...errors] }),
    ...(errors_truncated === undefined ? {} : { errors_truncated }),
  };
}
