import { stat } from 'node:fs/promises';
import type { DataFormat, DatasetIssue, DatasetProfile } from '../../shared/contracts/dataset';
import { ingestLimits } from './ingest-limits';
import { interruptible } from './interruptible';
import { IssueList } from './issue-list';
import { openTable } from './open-table';
import { prepareCsv } from './prepare-csv';
import { prepareImages } from './prepare-images';
import { prepareJsonl } from './prepare-jsonl';
import { prepareParquet } from './prepare-parquet';
import { prepareText } from './prepare-text';
import type { PreparedSource, SourceTable } from './prepared-source';
import { profileTable } from './profile-table';
import { readHead } from './read-chunks';
import { openSession, type Session, type SessionOptions } from './session';
import { sniffUpload } from './sniff-upload';
import { writeTable } from './write-table';

export interface IngestOptions extends SessionOptions {
  /** The upload. */
  source: string;
  /** Sniffed where absent. */
  format?: DataFormat | undefined;
  /** Where the Parquet file goes. */
  data: string;
  signal: AbortSignal;
  onProgress: (fraction: number) => void;
}

export type IngestOutcome =
  | { type: 'ready'; profile: DatasetProfile }
  | { type: 'rejected'; errors: DatasetIssue[]; truncated: boolean };

const sources: SourceTable = {
  csv: prepareCsv,
  jsonl: prepareJsonl,
  parquet: prepareParquet,
  images: prepareImages,
  text: prepareText,
};

/** Shares of the time that the steps take, by what a large CSV showed. */
const progress = { scanned: 0.15, typed: 0.4, written: 0.7 } as const;

/** Reads an upload whole: it is either stored as typed Parquet with its profile, or refused with every error's place. */
export async function ingestFile(options: IngestOptions): Promise<IngestOutcome> {
  const { size: bytes } = await stat(options.source);
  const head = await readHead(options.source, ingestLimits.rowBytes + 1);
  const sniffed = await sniffUpload({ path: options.source, head, declared: options.format });
  if ('issue' in sniffed) return { type: 'rejected', errors: [sniffed.issue], truncated: false };
  const session = await openSession(options);
  try {
    return await interruptible(session, options.signal, () =>
      ingest({ ...options, session, head, bytes, format: sniffed.format }),
    );
  } finally {
    await session.close();
  }
}

interface OpenIngest extends IngestOptions {
  session: Session;
  head: Buffer;
  bytes: number;
  format: DataFormat;
}

async function ingest(upload: OpenIngest): Promise<IngestOutcome> {
  const { session, head, bytes, format, signal, onProgress } = upload;
  const issues = new IssueList();
  let read = 0;
  const onRead = (more: number) => {
    read += more;
    onProgress((progress.scanned * read) / bytes);
  };
  const prepared = await sources[format]({
    path: upload.source,
    bytes,
    head,
    session,
    issues,
    watch: { signal, onRead },
  });
  if (!prepared) return { type: 'rejected', errors: issues.issues, truncated: issues.truncated };
  onProgress(progress.typed);
  await session.fitTo(prepared);
  await writeTable(session, prepared, { path: upload.data, sourceBytes: bytes });
  onProgress(progress.written);
  return { type: 'ready', profile: await profile(upload, prepared) };
}

async function profile(
  { data, bytes, format, onProgress, scratch, signal }: OpenIngest,
  source: PreparedSource,
): Promise<DatasetProfile> {
  const table = await openTable({ data, scratch });
  const onColumn = (done: number) => {
    signal.throwIfAborted();
    onProgress(progress.written + (1 - progress.written) * (done / table.columns.length));
  };
  try {
    const found = await interruptible(table.session, signal, () => profileTable(table, onColumn));
    const columns = found.map((column, index) => ({ ...column, ...source.columns[index]?.profile }));
    const { delimiter, passedOver } = source;
    return {
      rows: table.rows,
      bytes,
      format,
      ...(delimiter === undefined ? {} : { delimiter }),
      ...(passedOver === undefined ? {} : { passed_over: passedOver }),
      columns,
    };
  } finally {
    await table.close();
  }
}
