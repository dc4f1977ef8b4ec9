export interface RecordKey {
  /** What is read together, e.g. `tenant#t1#job`. */
  partition: string;
  /** Sortable within the partition, e.g. `job_01J…`. */
  sort: string;
}

/** A JSON value and the version that its next conditional write must name; versions start at 1. */
export interface StoredRecord<T = unknown> extends RecordKey {
  value: T;
  version: number;
}

export interface RecordWrite<T = unknown> extends RecordKey {
  value: T;
  /** `absent`: create; a number: replace that version; otherwise `ConditionFailedError`. `any`: write regardless. */
  expect: 'absent' | 'any' | number;
  /** When the store may forget it; a reader never sees it after that. */
  expiresAt?: Date;
}

export interface RecordPage {
  partition: string;
  /** Only sort keys that begin so. */
  prefix?: string;
  /** Exclusive: the page starts behind this sort key, in the given order. */
  after?: string;
  limit: number;
  order?: 'asc' | 'desc';
}

/** Single-record atomicity and read-your-writes are all that it promises: no transactions. */
export interface RecordStore {
  get<T>(key: RecordKey): Promise<StoredRecord<T> | undefined>;
  /** Returns the version written. */
  put<T>(write: RecordWrite<T>): Promise<number>;
  remove(key: RecordKey): Promise<void>;
  list<T>(page: RecordPage): Promise<{ records: StoredRecord<T>[]; hasMore: boolean }>;
}
