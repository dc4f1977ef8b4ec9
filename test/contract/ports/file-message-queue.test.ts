import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { openFileKeyService } from '../../../shared/adapters/embedded/file-key-service';
import {
  type FileMessageQueue,
  openFileMessageQueue,
} from '../../../shared/adapters/embedded/file-message-queue';
import { openRecordCipher } from '../../../shared/adapters/embedded/record-cipher';
import type { MessageQueue } from '../../../shared/ports/message-queue';
import { describeMessageQueue, type QueueSettings } from './message-queue-contract';

const closing: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

const aFolder = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ingot-test-'));
  closing.push(() => rm(folder, { recursive: true, force: true }));
  return folder;
};

type Options = Partial<QueueSettings> & { ordered?: boolean; now?: () => Date };

const openIn = async (folder: string, { now, ...options }: Options = {}): Promise<FileMessageQueue> => {
  const keys = await openFileKeyService(join(folder, 'key'));
  const cipher = await openRecordCipher({ keys, file: join(folder, 'messages.key'), purpose: 'messages' });
  const clock = now === undefined ? {} : { clock: { now } };
  const queue = await openFileMessageQueue({ folder: join(folder, 'queue'), cipher, ...options, ...clock });
  closing.push(() => queue.close());
  return queue;
};

const openDeadLetters = async (folder: string): Promise<FileMessageQueue> => {
  const keys = await openFileKeyService(join(folder, 'key'));
  const cipher = await openRecordCipher({ keys, file: join(folder, 'messages.key'), purpose: 'messages' });
  return openFileMessageQueue({ folder: join(folder, 'queue', 'dead'), cipher });
};

const setup = async (options?: Options) => {
  const folder = await aFolder();
  const queue = await openIn(folder, options);
  const restart = async () => {
    queue.close();
    return openIn(folder, options);
  };
  return { folder, queue, restart, ready: join(folder, 'queue', 'ready') };
};

for (const ordered of [true, false]) {
  const name = `the file message queue, ${ordered ? 'ordered' : 'not ordered'},`;
  describeMessageQueue(name, { ordered }, async (settings) => {
    const { folder, queue } = await setup({ ...settings, ordered });
    const deadLetters = await openDeadLetters(folder);
    closing.push(() => deadLetters.close());
    return { queue, deadLetters };
  });
}

const receiveAll = async (queue: MessageQueue): Promise<string[]> => {
  const bodies: string[] = [];
  for (;;) {
    const messages = await queue.receive({ limit: 10, waitSeconds: 0 });
    if (messages.length === 0) return bodies;
    for (const { body, receipt } of messages) {
      bodies.push(body);
      await queue.acknowledge(receipt);
    }
  }
};

describe('the file message queue', () => {
  const secret = 'a-secret-that-nobody-may-find';

  it('cannot be read on the disk', async () => {
    const { queue, ready } = await setup();
    await queue.send([{ body: secret, group: secret, deduplicationId: secret }]);

    const [file = ''] = await readdir(ready);

    expect(file).not.toContain(secret);
    expect((await readFile(join(ready, file))).includes(secret)).toBe(false);
  });

  it('hands out again, and counts on, what was in flight when its receiver died', async () => {
    const { queue, restart } = await setup();
    await queue.send([{ body: 'x', group: 'g' }]);
    await queue.receive({ limit: 1, waitSeconds: 0 });

    const restarted = await restart();

    expect(await restarted.receive({ limit: 1, waitSeconds: 0 })).toMatchObject([
      { body: 'x', receiveCount: 2 },
    ]);
  });

  it('delivers once what is sent again under its id after it was done', async () => {
    const { queue } = await setup();
    const message = { body: 'once', group: 'g', deduplicationId: 'one' };
    await queue.send([message]);
    const before = await receiveAll(queue);

    await queue.send([message, { ...message, body: 'other', deduplicationId: 'another' }]);

    expect([before, await receiveAll(queue)]).toEqual([['once'], ['other']]);
  });

  it('still knows after a restart what it delivered under an id, for five minutes', async () => {
    const time = { aheadMs: 0 };
    const now = () => new Date(Date.now() + time.aheadMs);
    const { queue, restart, folder } = await setup({ now });
    const message = { body: 'x', group: 'g', deduplicationId: 'one' };
    await queue.send([message]);
    await receiveAll(queue);

    const restarted = await restart();
    await restarted.send([message]);

    expect(await receiveAll(restarted)).toEqual([]);
    time.aheadMs = 6 * 60_000;
    await receiveAll(restarted);
    expect(await readdir(join(folder, 'queue', 'settled'))).toEqual([]);
  });

  it('ignores the receipt of a lease that has ended', async () => {
    const time = { aheadMs: 0 };
    const { queue } = await setup({
      visibilityTimeoutSeconds: 10,
      now: () => new Date(Date.now() + time.aheadMs),
    });
    await queue.send([{ body: 'x', group: 'g' }]);
    const [first] = await queue.receive({ limit: 1, waitSeconds: 0 });
    time.aheadMs = 11_000;
    const [second] = await queue.receive({ limit: 1, waitSeconds: 0 });

    await queue.acknowledge(first?.receipt ?? '');
    await queue.release(first?.receipt ?? '', 0);
    await queue.acknowledge('no receipt at all');

    expect(second?.receiveCount).toBe(2);
    expect(await queue.receive({ limit: 1, waitSeconds: 0 })).toEqual([]);
    time.aheadMs = 22_000;
    expect(await queue.receive({ limit: 1, waitSeconds: 0 })).toMatchObject([{ receiveCount: 3 }]);
  });

  it('buries messages that were tampered with or exchanged', async () => {
    const { queue, ready, folder } = await setup();
    await queue.send([
      { body: 'one', group: 'a' },
      { body: 'two', group: 'b' },
      { body: 'three', group: 'c' },
    ]);
    const [one = '', two = '', three = ''] = (await readdir(ready)).sort();
    await rename(join(ready, one), join(ready, 'spare'));
    await rename(join(ready, two), join(ready, one));
    await rename(join(ready, 'spare'), join(ready, two));
    await writeFile(join(ready, three), '');
    await queue.send([{ body: 'sound', group: 'a' }]);

    const received = await receiveAll(queue);

    expect(received).toEqual(['sound']);
    expect(await readdir(join(folder, 'queue', 'dead', 'ready'))).toHaveLength(3);
  });

  it('shares turns between groups where it keeps no order', async () => {
    const { queue } = await setup({ ordered: false });
    const many = Array.from({ length: 6 }, (_, index) => ({ body: `a${index}`, group: 'a' }));
    await queue.send([...many, { body: 'b0', group: 'b' }, { body: 'c0', group: 'c' }]);

    const messages = await queue.receive({ limit: 4, waitSeconds: 0 });

    expect(messages.map(({ body }) => body)).toEqual(['a0', 'b0', 'c0', 'a1']);
  });

  it('gives nothing to those who wait when it is closed', async () => {
    const { queue } = await setup();
    const waiting = queue.receive({ limit: 1, waitSeconds: 50 });

    queue.close();

    expect(await waiting).toEqual([]);
  });

  it('is woken by another process', async () => {
    const { queue, folder } = await setup();
    const waiting = queue.receive({ limit: 1, waitSeconds: 50 });
    const sender = spawn(process.execPath, [
      '--import',
      'tsx',
      join('test', 'support', 'send-messages-until-killed.ts'),
      folder,
      'far',
    ]);

    const [message] = await waiting;
    sender.kill('SIGKILL');

    expect(message).toMatchObject({ group: 'far', body: '{"lane":"far","number":0}' });
    await new Promise((resolve) => sender.once('close', resolve));
  });

  it('loses nothing that senders had sent when they were killed, and keeps the order of each', async () => {
    const { queue, folder } = await setup();
    const script = join('test', 'support', 'send-messages-until-killed.ts');
    const runLane = (lane: string) =>
      new Promise<number>((resolve) => {
        let acknowledged = -1;
        const child = spawn(process.execPath, ['--import', 'tsx', script, folder, lane]);
        child.stdout.on('data', (text: Buffer) => {
          acknowledged = Math.max(acknowledged, ...text.toString().split('\n').filter(Boolean).map(Number));
          if (acknowledged >= 60) child.kill('SIGKILL');
        });
        child.once('close', () => resolve(acknowledged));
      });

    const acknowledged = await Promise.all([runLane('one'), runLane('two')]);

    const received = (await receiveAll(queue)).map(
      (body) => JSON.parse(body) as { lane: string; number: number },
    );
    for (const [index, lane] of ['one', 'two'].entries()) {
      const numbers = received.filter((message) => message.lane === lane).map(({ number }) => number);
      expect(numbers).toEqual(numbers.map((_, position) => position));
      expect(numbers.length).toBeGreaterThan(acknowledged[index] ?? Infinity);
    }
  });

  it('delivers every message at least once and each group in order, whatever its receiver does', async () => {
    const action = fc.constantFrom('acknowledge' as const, 'release' as const, 'forget' as const);
    const law = fc.asyncProperty(
      fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 12 }),
      fc.array(action, { maxLength: 30 }),
      fc.integer({ min: 1, max: 4 }),
      async (groups, actions, limit) => {
        const time = { aheadMs: 0 };
        const { queue } = await setup({
          visibilityTimeoutSeconds: 10,
          maxReceives: 99,
          now: () => new Date(Date.now() + time.aheadMs),
        });
        await queue.send(groups.map((group, index) => ({ body: String(index), group })));
        const firstSeen: { group: string; body: string }[] = [];
        const done = new Set<string>();

        while (done.size < groups.length) {
          const messages = await queue.receive({ limit, waitSeconds: 0 });
          if (messages.length === 0) time.aheadMs += 11_000;
          for (const { group, body, receipt } of messages) {
            if (!firstSeen.some((seen) => seen.body === body)) firstSeen.push({ group, body });
            const act = actions.shift() ?? 'acknowledge';
            if (act === 'acknowledge') done.add(body);
            if (act === 'acknowledge') await queue.acknowledge(receipt);
            if (act === 'release') await queue.release(receipt, 5);
          }
        }

        for (const group of ['a', 'b', 'c']) {
          const sent = groups.flatMap((name, index) => (name === group ? [String(index)] : []));
          expect(firstSeen.filter((seen) => seen.group === group).map(({ body }) => body)).toEqual(sent);
        }
      },
    );

    await fc.assert(law, { numRuns: 30 });
  });
});
