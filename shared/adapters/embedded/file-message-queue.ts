import { PayloadTooLargeError } from '../../errors/request-errors';
import { IntegrityError } from '../../errors/store-errors';
import { type Clock, systemClock } from '../../ports/clock';
import type { MessageQueue, OutgoingMessage, ReceivedMessage } from '../../ports/message-queue';
import type { RecordCipher } from '../aws/record-item';
import { Doorbell } from './doorbell';
import { explainFileError } from './file-errors';
import { deduplicationMs, LeaseBook } from './lease-book';
import { type MessageName, sentAt } from './message-name';
import { QueueFolder } from './queue-folder';

export interface FileMessageQueueOptions {
  folder: string;
  cipher: RecordCipher;
  /** How long a receiver has before its message comes again; 60 s unless told. */
  visibilityTimeoutSeconds?: number;
  /** How often a message is handed out before it goes to the dead-letter queue; 5 unless told. */
  maxReceives?: number;
  /** True unless told: a group's messages one at a time, in order. False: side by side, groups sharing fairly. */
  ordered?: boolean;
  clock?: Clock;
}

/** As SQS has it. */
const largestMessageBytes = 1024 * 1024;

const receiptOf = ({ id, receives }: MessageName) => `${id}.${receives}`;

const refuseTooLarge = ({ body }: OutgoingMessage): void => {
  const bytes = Buffer.byteLength(body);
  if (bytes > largestMessageBytes)
    throw new PayloadTooLargeError(
      `a message of ${bytes} bytes is too large: at most ${largestMessageBytes} are allowed`,
    );
};

/**
 * A queue in a folder. Any number of processes send; one instance receives. What was sent survives `kill -9` and a
 * power cut; leases end with the receiver's process. Dead letters are a queue of their own, in the folder `dead`.
 */
export class FileMessageQueue implements MessageQueue {
  readonly #folder: QueueFolder;
  readonly #book: LeaseBook;
  readonly #maxReceives: number;
  readonly #clock: Clock;
  #settled: MessageName[] = [];
  #bell: Doorbell | undefined;
  #sending: Promise<unknown> = Promise.resolve();
  #deciding: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  private constructor(folder: QueueFolder, options: FileMessageQueueOptions) {
    const { visibilityTimeoutSeconds = 60, maxReceives = 5, ordered = true, clock = systemClock } = options;
    this.#folder = folder;
    this.#book = new LeaseBook({ ordered, visibilityMs: visibilityTimeoutSeconds * 1000 });
    this.#maxReceives = maxReceives;
    this.#clock = clock;
  }

  static async open(options: FileMessageQueueOptions): Promise<FileMessageQueue> {
    const queue = new FileMessageQueue(await QueueFolder.open(options.folder, options.cipher), options);
    queue.#settled = await queue.#folder.settled();
    for (const name of queue.#settled) queue.#book.remember(name);
    return queue;
  }

  /** One batch after the other, so that messages keep the order in which this process sent them. */
  send(messages: readonly OutgoingMessage[]): Promise<void> {
    const sent = this.#sending.then(async () => {
      messages.forEach(refuseTooLarge);
      for (const message of messages) await this.#folder.place(message);
    });
    this.#sending = sent.catch(() => undefined);
    return sent.catch((error: unknown) => {
      throw explainFileError('send a message', error);
    });
  }

  async receive(options: { limit: number; waitSeconds: number }): Promise<ReceivedMessage[]> {
    const deadline = this.#now() + options.waitSeconds * 1000;
    this.#bell ??= new Doorbell(this.#folder.ready);
    for (;;) {
      if (this.#isClosed) return [];
      const messages = await this.#inTurn(() => this.#take(options.limit));
      const now = this.#now();
      if (messages.length > 0 || now >= deadline) return messages;
      await this.#bell.wait(Math.min(deadline, this.#book.nextVisibleAt(now)) - now);
    }
  }

  acknowledge(receipt: string): Promise<void> {
    return this.#withMessage(receipt, async (name) => {
      await this.#folder.settle(name);
      this.#book.forget(name.id);
      if (name.deduplication !== 'none') this.#settled.push(name);
    });
  }

  release(receipt: string, delaySeconds: number): Promise<void> {
    return this.#withMessage(receipt, async (name) =>
      this.#book.postpone(name.id, this.#now() + delaySeconds * 1000),
    );
  }

  /** Lets go of the folder; whoever waits for messages gets none. */
  close(): void {
    this.#isClosed = true;
    this.#bell?.close();
  }

  #now(): number {
    return this.#clock.now().getTime();
  }

  /** Folder and book change together: one decision at a time. */
  #inTurn<T>(decide: () => Promise<T>): Promise<T> {
    const decided = this.#deciding.then(decide);
    this.#deciding = decided.catch(() => undefined);
    return decided.catch((error: unknown) => {
      throw explainFileError('use a message queue', error);
    });
  }

  /** A receipt whose message went to another receiver since, or is gone, is no error and does nothing. */
  #withMessage(receipt: string, act: (name: MessageName) => Promise<void>): Promise<void> {
    const [id = '', receives] = receipt.split('.');
    return this.#inTurn(async () => {
      const name = this.#book.find(id, Number(receives));
      if (name !== undefined) await act(name);
      this.#bell?.ring();
    });
  }

  /** Asks the book again where a message turned out to be a dead letter: the next of its group may go instead. */
  async #take(limit: number): Promise<ReceivedMessage[]> {
    await this.#lookAround();
    const messages: ReceivedMessage[] = [];
    while (messages.length < limit) {
      const names = this.#book.take(limit - messages.length, this.#now());
      if (names.length === 0) break;
      for (const name of names) messages.push(...(await this.#handOut(name)));
    }
    return messages;
  }

  async #lookAround(): Promise<void> {
    const now = this.#now();
    for (const duplicate of this.#book.observe(await this.#folder.waiting(), now))
      await this.#folder.drop(duplicate);
    const isOver = (name: MessageName) => now - sentAt(name) > deduplicationMs;
    for (const name of this.#settled.filter(isOver)) await this.#folder.forgetSettled(name);
    this.#settled = this.#settled.filter((name) => !isOver(name));
    this.#book.expire(now);
  }

  async #handOut(name: MessageName): Promise<ReceivedMessage[]> {
    if (name.receives >= this.#maxReceives) return this.#bury(name);
    const claimed = await this.#folder.claim(name);
    if (claimed === undefined) {
      this.#book.forget(name.id);
      return [];
    }
    this.#book.renamed(claimed);
    try {
      const { body, group } = await this.#folder.read(claimed);
      return [{ id: claimed.id, body, group, receiveCount: claimed.receives, receipt: receiptOf(claimed) }];
    } catch (error) {
      if (error instanceof IntegrityError) return this.#bury(claimed);
      throw error;
    }
  }

  async #bury(name: MessageName): Promise<[]> {
    await this.#folder.bury(name);
    this.#book.forget(name.id);
    return [];
  }
}

/** The queue that the folder holds, or a new one. */
export const openFileMessageQueue = (options: FileMessageQueueOptions): Promise<FileMessageQueue> =>
  FileMessageQueue.open(options);
