import { BrokenArchiveError, DamagedFileError } from '../../shared/errors/archive-errors';
import { type Archive, type ArchiveFile, openArchive } from './archive';
import { BatchFiles } from './batch-files';
import { checkArchive } from './check-archive';
import { eachInFlight } from './each-in-flight';
import { ImageCounts } from './image-profile';
import { imagesInFlight } from './image-reader';
import { ingestLimits } from './ingest-limits';
import { type ImageFacts, inspectImage } from './inspect-image';
import { labelOf, purposeOf } from './labelled-files';
import type { PreparedSource, Upload } from './prepared-source';

/**
 * A ZIP archive of images, whose folders are their classes: columns `image`, `label` and `file`, in the archive's order. Each
 * image is decoded once, whole, so that one that cannot be is told by its name, and none fails a training later.
 */
export async function prepareImages(upload: Upload): Promise<PreparedSource | undefined> {
  const { issues, path } = upload;
  try {
    const checked = await withArchive(path, (archive) => checkArchive(archive, upload));
    if (!checked.readOn) return undefined;
    const { files, counts } = await withArchive(path, (archive) => readImages(archive, upload));
    if (issues.any) return undefined;
    return {
      columns: [
        { name: 'image', type: 'image', sql: 'image', profile: { image: counts.profile() } },
        { name: 'label', type: 'text', sql: 'label' },
        { name: 'file', type: 'text', sql: 'file' },
      ],
      relation: files.relation,
      rows: files.rows,
      passedOver: checked.passedOver,
    };
  } catch (error) {
    if (!(error instanceof BrokenArchiveError)) throw error;
    const detail = `the archive cannot be read: ${error.message}; make it again as ZIP`;
    issues.add({ code: 'invalid_archive', detail });
    return undefined;
  }
}

async function withArchive<T>(path: string, work: (archive: Archive) => Promise<T>): Promise<T> {
  const archive = await openArchive(path);
  try {
    return await work(archive);
  } finally {
    await archive.close();
  }
}

interface Loaded {
  file: ArchiveFile;
  encoded: Uint8Array;
}

async function readImages(archive: Archive, { session, issues, watch }: Upload) {
  const files = new BatchFiles(session);
  const counts = new ImageCounts();
  for await (const batch of batchesOf(archive, { issues, watch })) {
    const found: (ImageFacts | string)[] = [];
    await eachInFlight(batch, imagesInFlight, async ({ encoded }, index) => {
      found[index] = await inspectImage(encoded);
    });
    for (const [index, { file }] of batch.entries()) {
      const facts = found[index] ?? '';
      if (typeof facts === 'string') issues.add({ file: file.path, code: 'invalid_image', detail: facts });
      else counts.add(facts);
    }
    if (issues.truncated) break;
    if (!issues.any) await files.add(columnsOf(batch));
  }
  return { files, counts };
}

const columnsOf = (batch: readonly Loaded[]) => [
  { name: 'image', type: 'BLOB' as const, values: batch.map(({ encoded }) => encoded) },
  { name: 'label', type: 'VARCHAR' as const, values: batch.map(({ file }) => labelOf(file)) },
  { name: 'file', type: 'VARCHAR' as const, values: batch.map(({ file }) => file.path) },
];

/** Memory holds so many bytes of encoded images, or one that is larger; DuckDB takes a batch in one piece. */
const batchBytes = 16 * 1024 * 1024;
const batchRows = 2048;

async function* batchesOf(
  archive: Archive,
  { issues, watch }: Pick<Upload, 'issues' | 'watch'>,
): AsyncIterable<Loaded[]> {
  let batch: Loaded[] = [];
  let bytes = 0;
  for await (const file of archive.files()) {
    watch.signal.throwIfAborted();
    watch.onRead(file.packedBytes);
    if (purposeOf(file) !== 'image' || !isReadable(file)) continue;
    const encoded = await bytesOf(archive, file, issues);
    if (!encoded) continue;
    if (batch.length === batchRows || (batch.length > 0 && bytes + encoded.length > batchBytes)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push({ file, encoded });
    bytes += encoded.length;
  }
  if (batch.length > 0) yield batch;
}

const isReadable = ({ unreadable, bytes }: ArchiveFile): boolean =>
  unreadable === undefined && bytes <= ingestLimits.imageBytes;

async function bytesOf(
  archive: Archive,
  file: ArchiveFile,
  issues: Upload['issues'],
): Promise<Uint8Array | undefined> {
  try {
    return await archive.read(file);
  } catch (error) {
    if (!(error instanceof DamagedFileError)) throw error;
    const detail = `the file is damaged: ${error.message}; make the archive again`;
    issues.add({ file: file.path, code: 'invalid_archive', detail });
    return undefined;
  }
}
