import { extname } from 'node:path/posix';
import type { ArchiveFile } from './archive';

const images: ReadonlySet<string> = new Set(['.png', '.jpg', '.jpeg', '.jpe', '.jfif', '.webp']);
/** A class that lost its images for a format that is not read would be a surprise: these are refused by name. */
const otherImages: ReadonlySet<string> = new Set([
  '.gif',
  '.bmp',
  '.tif',
  '.tiff',
  '.heic',
  '.heif',
  '.avif',
  '.svg',
  '.ico',
  '.jp2',
  '.jxl',
  '.psd',
  '.raw',
  '.dng',
]);

type Purpose = 'image' | 'other image' | 'other' | 'hidden';

/** macOS' resource forks, and what begins with a dot. */
const isHidden = (part: string): boolean => part === '__MACOSX' || part.startsWith('.');

/** What a file of an archive is there for, by its name. */
export function purposeOf({ parts }: Pick<ArchiveFile, 'parts'>): Purpose {
  if (parts.some(isHidden)) return 'hidden';
  const extension = extname(parts.at(-1) ?? '').toLowerCase();
  if (images.has(extension)) return 'image';
  return otherImages.has(extension) ? 'other image' : 'other';
}

/**
 * The folder that holds the file, wherever it lies: `cat/1.png`, `data/cat/1.png` and `train/cat/1.png` are all of class
 * `cat`. Composed (NFC), for macOS packs names decomposed and others do not. Empty where no folder holds it.
 */
export const labelOf = ({ parts }: Pick<ArchiveFile, 'parts'>): string =>
  (parts.at(-2) ?? '').normalize('NFC');
