import type { DatasetIssue } from '../../shared/contracts/dataset';
import type { Archive, ArchiveFile } from './archive';
import { ingestLimits } from './ingest-limits';
import type { IssueList } from './issue-list';
import { labelOf, purposeOf } from './labelled-files';
import type { Upload } from './prepared-source';

type FileIssue = Pick<DatasetIssue, 'code' | 'detail'>;

export interface CheckedArchive {
  /** Its images are worth a look; what is wrong already is in the list. */
  readOn: boolean;
  /** Files that are no images. */
  passedOver: number;
}

/** Reads the directory of an archive before anything is unpacked, and notes all that it tells. */
export async function checkArchive(
  archive: Archive,
  { issues, bytes: archiveBytes }: Pick<Upload, 'issues' | 'bytes'>,
): Promise<CheckedArchive> {
  if (archive.entries > ingestLimits.archiveEntries) return refuse(issues, tooManyFiles(archive.entries));
  const seen = new Set<string>();
  const found = { images: 0, others: 0, passedOver: 0, bytes: 0, packed: 0 };
  for await (const file of archive.files()) {
    const purpose = purposeOf(file);
    if (purpose === 'other') found.passedOver++;
    if (purpose === 'other image') found.others++;
    if (purpose === 'image') {
      found.images++;
      found.bytes += file.bytes;
      found.packed += file.packedBytes;
    }
    for (const issue of issuesOf(file, purpose, seen)) issues.add({ file: file.path, ...issue });
  }
  const most = Math.min(ingestLimits.unpackedBytes, ingestLimits.unpackedRatio * archiveBytes);
  if (found.bytes > most) return refuse(issues, tooLarge(found.bytes, most));
  if (found.packed > archiveBytes) return refuse(issues, overlapping(found.packed, archiveBytes));
  if (found.images + found.others === 0) return refuse(issues, noImages);
  return { readOn: !issues.truncated, passedOver: found.passedOver };
}

function refuse(issues: IssueList, issue: FileIssue): CheckedArchive {
  issues.add(issue);
  return { readOn: false, passedOver: 0 };
}

function issuesOf(file: ArchiveFile, purpose: ReturnType<typeof purposeOf>, seen: Set<string>): FileIssue[] {
  if (purpose === 'other image') return [otherImage];
  if (purpose !== 'image') return [];
  const found = [
    seen.has(file.path) ? duplicate : undefined,
    labelOf(file) === '' ? unlabelled : undefined,
    unwritable.test(file.path) ? strangeName : undefined,
    file.unreadable === undefined ? undefined : unreadable(file.unreadable),
    file.bytes > ingestLimits.imageBytes ? tooLong(file.bytes) : undefined,
  ];
  seen.add(file.path);
  return found.filter((issue) => issue !== undefined);
}

/** What no text of a table holds. */
const unwritable = /[\p{Cs}\0]/u;

const duplicate: FileIssue = {
  code: 'duplicate_file',
  detail: 'the archive has a file of this name twice; make it again with each file once',
};
const unlabelled: FileIssue = {
  code: 'unlabelled_image',
  detail: 'the image is in no folder, so it has no class; put it into a folder that is named as its class',
};
const strangeName: FileIssue = {
  code: 'invalid_archive',
  detail: 'the name of the file holds the character U+0000; rename it',
};
const otherImage: FileIssue = {
  code: 'invalid_image',
  detail: 'the image is neither PNG, JPEG nor WebP by its name; convert it, or leave it out',
};
const noImages: FileIssue = {
  code: 'no_rows',
  detail:
    'the archive holds no image; put PNG, JPEG or WebP files into folders that are named as their classes, such as cat/1.png',
};
const unreadable = (why: string): FileIssue => ({
  code: 'invalid_archive',
  detail: `the file cannot be read: ${why}`,
});
const tooLong = (bytes: number): FileIssue => ({
  code: 'field_too_large',
  detail: `the image has ${bytes} bytes and at most ${ingestLimits.imageBytes} are allowed; scale it down`,
});
const tooManyFiles = (entries: number): FileIssue => ({
  code: 'too_large_archive',
  detail: `the archive has ${entries} entries and at most ${ingestLimits.archiveEntries} are allowed; split it`,
});
const overlapping = (packed: number, bytes: number): FileIssue => ({
  code: 'invalid_archive',
  detail: `the images have ${packed} bytes packed and the whole archive has ${bytes}, so several lie at one place; make the archive again`,
});
const tooLarge = (bytes: number, most: number): FileIssue => ({
  code: 'too_large_archive',
  detail: `the images have ${bytes} bytes unpacked and at most ${most} are allowed for an archive of this size; scale them down, or split the archive`,
});
