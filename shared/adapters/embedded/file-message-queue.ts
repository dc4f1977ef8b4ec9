import { createHash } from 'node:crypto';
import { watch } from 'node:fs';
import { mkdir, readdir, readFile, rename, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ulid } from 'ulid';
import { z } from 'zod';
import { type Clock, systemClock } from '../../ports/clock';
import type { MessageQueue, OutgoingMessage, ReceivedMessage } from '../../ports/message-queue';
import type { RecordCipher } from '../aws/record-item';
import { syncFolder, writeDurably } from './durable-file';
import { errnoOf, explainFileError } from './file-errors';
import { sweepTemporary, temporaryPath } from './temporary-files';

export interface FileMessageQueueOptions {
  /** One folder a queue: `messages/`, `dead/` and `recent/` are made in it. */
  folder: string;
  cipher?: RecordCipher;
  clock?: Clock;
  /** How long a message that was handed out stays with its receiver. */
  visibilitySeconds?: number;
  /** A message that was handed out so often and comes back goes to `dead/`. */
  maximumReceives?: number;
}

const storedMessage = z.object({ body: z.string(), group: z.string() });

interface Queue extends Required<Omit<FileMessageQueueOptions, 'cipher'>> {
  cipher: RecordCipher | undefined;
  messages: string;
  dead: string;
  recent: string;
  /** Message id -> when its lease ends, in milliseconds since 1970; of this process, which alone receives. */
  leases: Map<string, number>;
  /** What was read of messages that wait, by id. */
  bodies: Map<string, z.infer<typeof storedMessage>>;
  lastSentAt: number;
}

/** `<ulid>~<times handed out>`: a rename counts, so that the count outlives the process. */
interface MessageFile {
  id: string;
  receiveCount: number;
  name: string;
}

const nameOf = (id: string, receiveCount: number) => `${id}~${receiveCount}`;
const fileNamed = /^([0-9A-HJKMNP-TV-Z]{26})~(\d+)$/;
const deduplicationMilliseconds = 5 * 60_000;
const pollMilliseconds = 250;

async function listMessages(queue: Queue): Promise<MessageFile[]> {
  const names = await readdir(queue.messages);
  return names
    .flatMap((name) => {
      const [, id, count] = fileNamed.exec(name) ?? [];
      return id === undefined ? [] : [{ id, receiveCount: Number(count), name }];
    })
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

const markerOf = (queue: Queue, deduplicationId: string) =>
  join(queue.recent, createHash('sha256').update(deduplicationId).digest('hex'));

async function isRepeated(queue: Queue, { deduplicationId }: OutgoingMessage): Promise<boolean> {
  if (deduplicationId === undefined) return false;
  const marker = await stat(markerOf(queue, deduplicationId)).catch(() => undefined);
  return marker !== undefined && marker.mtimeMs > queue.clock.now().getTime() - deduplicationMilliseconds;
}

/** Forgets the deduplication ids whose five minutes are over. */
async function sweepRecent(queue: Queue): Promise<void> {
  const before = queue.clock.now().getTime() - deduplicationMilliseconds;
  for (const name of await readdir(queue.recent)) {
    const marker = await stat(join(queue.recent, name)).catch(() => undefined);
    if (marker !== undefined && marker.mtimeMs < before)
      await unlink(join(queue.recent, name)).catch(() => undefined);
  }
}

async function send(queue: Queue, message: OutgoingMessage): Promise<void> {
  if (await isRepeated(queue, message)) return;
  // within a process, ids rise even when the clock does not
  queue.lastSentAt = Math.max(queue.lastSentAt + 1, Date.now());
  const id = ulid(queue.lastSentAt);
  const plain = Buffer.from(JSON.stringify({ body: message.body, group: message.group }));
  const temporary = temporaryPath(queue.messages);
  await writeDurably(temporary, queue.cipher?.seal(plain, id) ?? plain);
  await rename(temporary, join(queue.messages, nameOf(id, 0)));
  await syncFolder(queue.messages);
  // after the message: a crash in between sends it twice rather than never
  if (message.deduplicationId !== undefined) await writeFile(markerOf(queue, message.deduplicationId), '');
}

async function readStored(queue: Queue, { id, name }: MessageFile) {
  const known = queue.bodies.get(id);
  if (known) return known;
  const bytes = await readFile(join(queue.messages, name));
  const plain = queue.cipher?.open(bytes, id) ?? bytes;
  const stored = storedMessage.parse(JSON.parse(Buffer.from(plain).toString('utf8')));
  queue.bodies.set(id, stored);
  return stored;
}

/** Out of the way, where nobody receives it: it was handed out too often, or cannot be read. */
async function bury(queue: Queue, file: MessageFile): Promise<void> {
  queue.bodies.delete(file.id);
  await rename(join(queue.messages, file.name), join(queue.dead, file.name));
}

async function handOut(queue: Queue, file: MessageFile): Promise<ReceivedMessage> {
  const { body, group } = await readStored(queue, file);
  const receiveCount = file.receiveCount + 1;
  await rename(join(queue.messages, file.name), join(queue.messages, nameOf(file.id, receiveCount)));
  queue.leases.set(file.id, queue.clock.now().getTime() + queue.visibilitySeconds * 1_000);
  return { id: file.id, body, group, receiveCount, receipt: nameOf(file.id, receiveCount) };
}

/** The oldest of each group, as long as none of its group is in somebody's hands. */
async function receiveNow(queue: Queue, limit: number): Promise<ReceivedMessage[]> {
  const now = queue.clock.now().getTime();
  const busyGroups = new Set<string>();
  const received: ReceivedMessage[] = [];
  for (const file of await listMessages(queue)) {
    if (received.length >= limit) break;
    const stored = await readStored(queue, file).catch((error: unknown) => {
      if (errnoOf(error) !== undefined) throw error;
    });
    const isLeased = (queue.leases.get(file.id) ?? 0) > now;
    if (stored === undefined || (!isLeased && file.receiveCount >= queue.maximumReceives)) {
      await bury(queue, file);
      continue;
    }
    if (!isLeased && !busyGroups.has(stored.group)) received.push(await handOut(queue, file));
    else busyGroups.add(stored.group);
  }
  return received;
}

/** Until a name changes in the folder, or a poll is due anyway: not every file system tells of changes. */
function waitForChange(folder: string, milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const watcher = watch(folder, { persistent: false }, done).on('error', done);
    const timer = setTimeout(done, milliseconds);
    function done() {
      clearTimeout(timer);
      watcher.close();
      resolve();
    }
  });
}

async function receive(queue: Queue, limit: number, waitSeconds: number): Promise<ReceivedMessage[]> {
  const deadline = Date.now() + waitSeconds * 1_000;
  for (;;) {
    const received = await receiveNow(queue, limit);
    const left = deadline - Date.now();
    if (received.length > 0 || left <= 0) return received;
    await waitForChange(queue.messages, Math.min(left, pollMilliseconds));
  }
}

/** A receipt counts only while nobody else was handed the message since. */
const isCurrent = async (queue: Queue, receipt: string): Promise<boolean> =>
  (await stat(join(queue.messages, receipt)).catch(() => undefined)) !== undefined;

const idOf = (receipt: string) => receipt.slice(0, receipt.indexOf('~'));

/**
 * A queue in a folder, a file a message: any process may send, one receives. Messages of a group are handed out one after
 * the other; a crash of the receiver gives back what it had not acknowledged.
 */
export async function openFileMessageQueue(options: FileMessageQueueOptions): Promise<MessageQueue> {
  const folderOf = (name: string) => join(options.folder, name);
  const queue: Queue = {
    clock: systemClock,
    visibilitySeconds: 30,
    maximumReceives: 5,
    cipher: undefined,
    ...options,
    messages: folderOf('messages'),
    dead: folderOf('dead'),
    recent: folderOf('recent'),
    leases: new Map(),
    bodies: new Map(),
    lastSentAt: 0,
  };
  for (const folder of [queue.messages, queue.dead, queue.recent])
    await mkdir(folder, { recursive: true, mode: 0o700 });
  await sweepTemporary(queue.messages);
  await sweepRecent(queue);
  const explained = async <T>(doing: string, work: Promise<T>): Promise<T> =>
    work.catch((error: unknown) => {
      throw explainFileError(`${doing} the queue in '${options.folder}'`, error);
    });
  return {
    async send(messages) {
      for (const message of messages) await explained('send to', send(queue, message));
    },
    receive: ({ limit, waitSeconds }) => explained('receive from', receive(queue, limit, waitSeconds)),
    async acknowledge(receipt) {
      await unlink(join(queue.messages, receipt)).catch(() => undefined);
      queue.leases.delete(idOf(receipt));
      queue.bodies.delete(idOf(receipt));
    },
    async release(receipt, delaySeconds) {
      if (!(await isCurrent(queue, receipt))) return;
      queue.leases.set(idOf(receipt), queue.clock.now().getTime() + delaySeconds * 1_000);
    },
  };
}
