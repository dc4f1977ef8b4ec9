import { BatchFiles } from './batch-files';
import { ingestLimits } from './ingest-limits';
import type { PreparedSource, Upload } from './prepared-source';
import { readChunks } from './read-chunks';
import { scanText, type TextScanner } from './scan-text';
import { byteOrderMark } from './sniff-format';
import { TextLines } from './text-lines';

const column = 'text';
const batchBytes = 16 * 1024 * 1024;

/**
 * Plain text, as the one column `text`: a row for each line, with its line end, so that the rows joined are the file (without
 * its byte order mark). It is read twice: nothing is written before all of it is known to be text.
 */
export async function prepareText(upload: Upload): Promise<PreparedSource | undefined> {
  const { path, issues, watch, session } = upload;
  await scanText(path, new LineCount(), issues, watch);
  const start = upload.head.subarray(0, 3).equals(byteOrderMark) ? byteOrderMark.length : 0;
  if (upload.bytes === start)
    issues.add({ code: 'empty_file', detail: 'the file has a byte order mark and no text; upload text' });
  if (issues.any) return undefined;
  const files = new BatchFiles(session);
  for await (const values of batchesOf(upload, start))
    await files.add([{ name: column, type: 'VARCHAR', values }]);
  return {
    columns: [{ name: column, type: 'text', sql: column }],
    relation: files.relation,
    rows: files.rows,
  };
}

/** Knows the line that it is in. */
class LineCount implements TextScanner {
  line = 1;

  push(bytes: Buffer): void {
    for (let at = bytes.indexOf('\n'); at >= 0; at = bytes.indexOf('\n', at + 1)) this.line++;
  }

  end(): void {}
}

async function* batchesOf({ path, watch }: Upload, start: number): AsyncIterable<string[]> {
  const lines = new TextLines(ingestLimits.fieldBytes);
  let batch: string[] = [];
  let bytes = 0;
  let skip = start;
  for await (const chunk of readChunks(path, { ...watch, onRead: () => undefined })) {
    for (const piece of lines.push(chunk.subarray(skip))) batch.push(piece);
    skip = 0;
    bytes += chunk.length;
    if (bytes < batchBytes || batch.length === 0) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  const last = [...batch, ...lines.end()];
  if (last.length > 0) yield last;
}
