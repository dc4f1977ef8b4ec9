import type { DataFormat } from '../../shared/contracts/dataset';
import { openArchive } from './archive';
import { purposeOf } from './labelled-files';
import { type Sniffed, sniffFormat } from './sniff-format';

const archiveMagics = [Buffer.from('PK\u0003\u0004'), Buffer.from('PK\u0005\u0006')];

/** Archives that are documents or programs, though images may be among their files. */
const notOfImages: ReadonlySet<string> = new Set([
  '[Content_Types].xml',
  'mimetype',
  'META-INF/MANIFEST.MF',
  'AndroidManifest.xml',
]);

export interface UploadToSniff {
  path: string;
  /** Its first bytes. */
  head: Buffer;
  declared?: DataFormat | undefined;
}

/** Tells the format of an upload, or refuses it; an archive of images is told by the names in it. */
export async function sniffUpload({ path, head, declared }: UploadToSniff): Promise<Sniffed> {
  const isArchive = archiveMagics.some((magic) => head.subarray(0, magic.length).equals(magic));
  if (!isArchive && declared === 'images' && head.length > 0) return notAnArchive;
  if (isArchive && (declared === 'images' || (declared === undefined && (await holdsImages(path)))))
    return { format: 'images' };
  return sniffFormat(head, declared);
}

const notAnArchive: Sniffed = {
  issue: {
    code: 'unknown_format',
    detail:
      'the file was declared as images, and is no ZIP archive by its first bytes (PK); pack folders of images, named as their classes, into a ZIP archive',
  },
};

/** One that cannot be read holds none. */
async function holdsImages(path: string): Promise<boolean> {
  const archive = await openArchive(path).catch(() => undefined);
  if (!archive) return false;
  try {
    let found = false;
    for await (const file of archive.files()) {
      if (notOfImages.has(file.path)) return false;
      found ||= purposeOf(file) === 'image';
    }
    return found;
  } catch {
    return false;
  } finally {
    await archive.close();
  }
}
