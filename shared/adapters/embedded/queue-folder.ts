import { mkdir, readdir, readFile, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { monotonicFactory } from 'ulid';
import { IntegrityError } from '../../errors/store-errors';
import type { OutgoingMessage } from '../../ports/message-queue';
import type { RecordCipher } from '../aws/record-item';
import { writeDurably } from './durable-file';
import { errnoOf } from './file-errors';
import { byId, fileNameOf, type MessageName, nameMessage, parseFileName } from './message-name';
import { sweepTemporary, temporaryPath } from './temporary-files';

const nextId = monotonicFactory();

/** Done, or undefined when the file is not there any more. */
const unlessGone = async <T>(work: Promise<T>): Promise<T | undefined> => {
  try {
    return await work;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
};

/**
 * A queue's messages as files, each sealed and bound to its name: `ready/` waits or is in flight, `settled/` was
 * acknowledged and is kept as long as deduplication needs it, `dead/` is the dead-letter queue, itself such a folder.
 */
export class QueueFolder {
  readonly ready: string;
  readonly #settled: string;
  readonly #dead: string;
  readonly #temporary: string;
  readonly #cipher: RecordCipher;

  private constructor(folder: string, cipher: RecordCipher) {
    this.ready = join(folder, 'ready');
    this.#settled = join(folder, 'settled');
    this.#dead = join(folder, 'dead', 'ready');
    this.#temporary = join(folder, 'temporary');
    this.#cipher = cipher;
  }

  static async open(folder: string, cipher: RecordCipher): Promise<QueueFolder> {
    const opened = new QueueFolder(folder, cipher);
    for (const path of [opened.ready, opened.#settled, opened.#dead, opened.#temporary])
      await mkdir(path, { recursive: true, mode: 0o700 });
    await sweepTemporary(opened.#temporary);
    return opened;
  }

  /** The message is in the queue, and on the disk, when this returns. */
  async place({ body, group, deduplicationId }: OutgoingMessage): Promise<void> {
    const name = nameMessage(nextId(), group, deduplicationId);
    const sealed = this.#cipher.seal(Buffer.from(JSON.stringify({ body, group })), name.id);
    const temporary = temporaryPath(this.#temporary);
    await writeDurably(temporary, sealed);
    await rename(temporary, join(this.ready, fileNameOf(name)));
  }

  /** What waits or is in flight, oldest first. */
  async waiting(): Promise<MessageName[]> {
    const names = (await readdir(this.ready)).map(parseFileName);
    return names.filter((name) => name !== undefined).sort(byId);
  }

  async settled(): Promise<MessageName[]> {
    return (await readdir(this.#settled)).map(parseFileName).filter((name) => name !== undefined);
  }

  /** Counts one more receive in the file's name, so that a crash does not lose the count; undefined when it is gone. */
  async claim(name: MessageName): Promise<MessageName | undefined> {
    const claimed = { ...name, receives: name.receives + 1 };
    const from = join(this.ready, fileNameOf(name));
    const isThere = await unlessGone(rename(from, join(this.ready, fileNameOf(claimed))).then(() => true));
    return isThere === undefined ? undefined : claimed;
  }

  /** `IntegrityError` when the file was changed, or is another message's. */
  async read(name: MessageName): Promise<{ body: string; group: string }> {
    const sealed = await readFile(join(this.ready, fileNameOf(name)));
    const content: unknown = JSON.parse(Buffer.from(this.#cipher.open(sealed, name.id)).toString());
    const { body, group } = Object(content);
    if (typeof body !== 'string' || typeof group !== 'string')
      throw new IntegrityError(`the message '${name.id}' has no body`);
    return { body, group };
  }

  async settle(name: MessageName): Promise<void> {
    const path = join(this.ready, fileNameOf(name));
    await unlessGone(
      name.deduplication === 'none' ? unlink(path) : rename(path, join(this.#settled, fileNameOf(name))),
    );
  }

  async bury(name: MessageName): Promise<void> {
    const buried = fileNameOf({ ...name, receives: 0 });
    await unlessGone(rename(join(this.ready, fileNameOf(name)), join(this.#dead, buried)));
  }

  async drop(name: MessageName): Promise<void> {
    await unlessGone(unlink(join(this.ready, fileNameOf(name))));
  }

  async forgetSettled(name: MessageName): Promise<void> {
    await unlessGone(unlink(join(this.#settled, fileNameOf(name))));
  }
}
