import { createHash } from 'node:crypto';
import { decodeTime } from 'ulid';

/** What a queue knows of a message by its file's name alone: nothing of it can be read back, and ids sort by time. */
export interface MessageName {
  id: string;
  /** Digest of the group. */
  group: string;
  /** Digest of the deduplication id, or 'none'. */
  deduplication: string;
  /** How often it was handed out. */
  receives: number;
}

const pattern = /^([0-9A-HJKMNP-TV-Z]{26})\.([0-9a-f]{32})\.([0-9a-f]{32}|none)\.(\d+)$/;
const digest = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 32);

export const nameMessage = (id: string, group: string, deduplicationId?: string): MessageName => ({
  id,
  group: digest(group),
  deduplication: deduplicationId === undefined ? 'none' : digest(deduplicationId),
  receives: 0,
});

export const fileNameOf = ({ id, group, deduplication, receives }: MessageName): string =>
  [id, group, deduplication, receives].join('.');

/** Undefined for a file that is no message. */
export const parseFileName = (fileName: string): MessageName | undefined => {
  const [, id, group, deduplication, receives] = pattern.exec(fileName) ?? [];
  if (id === undefined || group === undefined || deduplication === undefined) return undefined;
  return { id, group, deduplication, receives: Number(receives) };
};

export const sentAt = ({ id }: MessageName): number => decodeTime(id);
export const byId = (a: MessageName, b: MessageName): number => (a.id < b.id ? -1 : 1);
