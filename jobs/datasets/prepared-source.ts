import type { ColumnType, DataFormat, DatasetColumn } from '../../shared/contracts/dataset';
import type { IssueList } from './issue-list';
import type { ReadWatch } from './read-chunks';
import type { Session } from './session';

/** What a reader of one format is given. */
export interface Upload {
  path: string;
  bytes: number;
  /** Its first bytes, with all of the header row. */
  head: Buffer;
  session: Session;
  issues: IssueList;
  watch: ReadWatch;
}

export interface PreparedColumn {
  name: string;
  type: ColumnType;
  /** SQL of the typed value, null where it is missing, over the relation. */
  sql: string;
  /** What its format's reader found out on the way. */
  profile?: Partial<DatasetColumn>;
}

/** An upload without errors, ready to be written in one pass. */
export interface PreparedSource {
  columns: readonly PreparedColumn[];
  /** What FROM takes. */
  relation: string;
  rows: number;
  /** About how many bytes the values of a row take in memory, where that is known better than from the file. */
  rowBytes?: number;
  delimiter?: string;
  /** Files of an archive that are no images. */
  passedOver?: number;
}

/** Validates the whole upload; where that finds errors they are in its list, and the answer is `undefined`. */
export type PrepareSource = (upload: Upload) => Promise<PreparedSource | undefined>;

export type SourceTable = Readonly<Record<DataFormat, PrepareSource>>;
