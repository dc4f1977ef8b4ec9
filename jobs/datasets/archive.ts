import { isUtf8 } from 'node:buffer';
import { type FileHandle, open } from 'node:fs/promises';
import { types } from 'node:util';
import { crc32, inflateRawSync } from 'node:zlib';
import { type Entry, getFileNameLowLevel, openPromise, type ZipFile } from 'yauzl';
import { BrokenArchiveError, DamagedFileError } from '../../shared/errors/archive-errors';

/** A file of an archive, by what its central directory says of it. */
export interface ArchiveFile {
  /** As the archive has it; never used as a path of ours. */
  readonly path: string;
  /** The folders that it is in, outermost first, and its own name last; what leads out of the archive is left out. */
  readonly parts: readonly string[];
  /** Packed, and as it will be. */
  readonly packedBytes: number;
  readonly bytes: number;
  /** Why its bytes cannot be had; absent where they can. */
  readonly unreadable?: string;
  readonly entry: Entry;
}

/** A ZIP archive, ZIP64 too (APPNOTE 6.3). Nothing of it is ever written under a name that it gives. */
export interface Archive {
  /** How many entries it says that it has, folders too. */
  readonly entries: number;
  /** Its files, without folders, in the order of its directory; once. */
  files(): AsyncIterable<ArchiveFile>;
  /** The bytes of a file, proven by their checksum. `DamagedFileError` where they are not what the archive says. */
  read(file: ArchiveFile): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** `BrokenArchiveError` where it is none. */
export async function openArchive(path: string): Promise<Archive> {
  const zip = await openPromise(path, { autoClose: false, decodeStrings: false }).catch(asBroken);
  const file = await open(path);
  return {
    entries: zip.entryCount,
    files: () => filesOf(zip),
    read: (asked) => readFile(zip, file, asked),
    async close() {
      zip.close();
      await file.close();
    },
  };
}

/** The reader's own errors are plain ones; those of the file system have a code. */
function asBroken(error: unknown): never {
  const isPlain = types.isNativeError(error) && !('code' in error);
  throw isPlain ? new BrokenArchiveError(error.message.toLowerCase(), error) : error;
}

async function* entriesOf(zip: ZipFile): AsyncIterable<Entry> {
  try {
    yield* zip.eachEntry();
  } catch (error) {
    asBroken(error);
  }
}

async function* filesOf(zip: ZipFile): AsyncIterable<ArchiveFile> {
  for await (const entry of entriesOf(zip)) {
    const path = pathOf(entry);
    if (path.endsWith('/')) continue;
    const parts = path.split('/').filter((part) => part !== '' && part !== '.' && part !== '..');
    const unreadable = whyUnreadable(entry);
    yield {
      path,
      parts,
      packedBytes: entry.compressedSize,
      bytes: entry.uncompressedSize,
      entry,
      ...(unreadable === undefined ? {} : { unreadable }),
    };
  }
}

/** Names are UTF-8 wherever they can be, whether or not the archive says so; else what it says, or code page 437. */
function pathOf({ fileNameRaw, generalPurposeBitFlag, extraFields }: Entry): string {
  const path = isUtf8(fileNameRaw)
    ? fileNameRaw.toString('utf8')
    : getFileNameLowLevel(generalPurposeBitFlag, fileNameRaw, extraFields, true);
  return path.replaceAll('\\', '/');
}

const methods = { stored: 0, deflated: 8 } as const;

/** Deflate adds 5 bytes for every 64 KiB that it cannot pack; what is longer was made to be unpacked for long. */
const mostPacked = (bytes: number): number => bytes * 1.01 + 65_536;

function whyUnreadable(entry: Entry): string | undefined {
  if (entry.isEncrypted()) return 'it is encrypted; make the archive without a password';
  const { compressedSize: packed, uncompressedSize: bytes } = entry;
  if (packed > mostPacked(bytes))
    return `it has ${packed} bytes packed and ${bytes} unpacked, more than packing ever adds; make the archive again`;
  const { compressionMethod: method } = entry;
  if (method === methods.stored || method === methods.deflated) return undefined;
  return `it is packed by method ${method}, and 0 (stored) and 8 (deflate) are read; make the archive with deflate, as zip does`;
}

async function readFile(zip: ZipFile, file: FileHandle, { entry }: ArchiveFile): Promise<Uint8Array> {
  const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true }).catch(asBroken);
  const packed = Buffer.alloc(entry.compressedSize);
  for (let filled = 0; filled < packed.length; ) {
    const { bytesRead } = await file.read(packed, filled, packed.length - filled, fileDataStart + filled);
    if (bytesRead === 0) throw new DamagedFileError('the archive ends inside it');
    filled += bytesRead;
  }
  const bytes = entry.compressionMethod === methods.stored ? packed : inflate(packed, entry.uncompressedSize);
  if (bytes.length === entry.uncompressedSize && crc32(bytes) === entry.crc32) return bytes;
  throw new DamagedFileError('its bytes do not have the length and the checksum that the archive says');
}

/** Never more bytes than the archive says there are. */
function inflate(packed: Buffer, length: number): Buffer {
  try {
    return inflateRawSync(packed, { maxOutputLength: Math.max(1, length) });
  } catch (error) {
    throw new DamagedFileError('it cannot be unpacked', error);
  }
}
