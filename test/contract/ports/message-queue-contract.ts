import { PayloadTooLargeError } from '../../../shared/errors/request-errors';
import type { MessageQueue, ReceivedMessage } from '../../../shared/ports/message-queue';

export interface QueueSettings {
  visibilityTimeoutSeconds: number;
  maxReceives: number;
}

export interface QueueUnderTest {
  queue: MessageQueue;
  deadLetters: MessageQueue;
}

const bodiesOf = (messages: readonly ReceivedMessage[]) => messages.map(({ body }) => body);
const message = (body: string, group = 'g') => ({ body, group });

/** Receives and acknowledges until nothing comes any more. */
const drain = async (queue: MessageQueue): Promise<string[]> => {
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

type Setup = (settings?: Partial<QueueSettings>) => Promise<QueueUnderTest>;

const describeOrder = (setup: Setup): void => {
  describe('and keeps the order of a group', () => {
    it('hands out a group in order', async () => {
      const { queue } = await setup();
      const bodies = Array.from({ length: 25 }, (_, index) => `${index}`);
      await queue.send(bodies.map((body) => message(body)));

      const received = await drain(queue);

      expect(received).toEqual(bodies);
    });

    it('holds back the next of a group while one is in flight, but no other group', async () => {
      const { queue } = await setup();
      await queue.send([message('a1', 'a'), message('a2', 'a'), message('b1', 'b')]);
      const [first] = await queue.receive({ limit: 1, waitSeconds: 5 });

      const meanwhile = await queue.receive({ limit: 10, waitSeconds: 0 });
      await queue.acknowledge(first?.receipt ?? '');
      const then = await queue.receive({ limit: 10, waitSeconds: 5 });

      expect([first?.body, bodiesOf(meanwhile), bodiesOf(then)]).toEqual(['a1', ['b1'], ['a2']]);
    });

    it('hands out again the first, not the second, when the first was released', async () => {
      const { queue } = await setup();
      await queue.send([message('1'), message('2')]);
      const [first] = await queue.receive({ limit: 1, waitSeconds: 5 });
      await queue.release(first?.receipt ?? '', 0);

      const order = await drain(queue);

      expect(order).toEqual(['1', '2']);
    });

    it('delivers once what was sent twice under one id', async () => {
      const { queue } = await setup();
      const twice = { ...message('once'), deduplicationId: 'the-same' };

      await queue.send([twice, twice, { ...twice, body: 'other', deduplicationId: 'another' }]);

      expect(await drain(queue)).toEqual(['once', 'other']);
    });
  });
};

const describeConcurrency = (setup: Setup): void => {
  describe('and lets the messages of a group run side by side', () => {
    it('hands out the next of a group while one is in flight', async () => {
      const { queue } = await setup();
      await queue.send([message('1'), message('2')]);
      const [first] = await queue.receive({ limit: 1, waitSeconds: 5 });

      const [second] = await queue.receive({ limit: 1, waitSeconds: 5 });

      expect([first?.body, second?.body].sort()).toEqual(['1', '2']);
    });
  });
};

/** The laws of the message queue port, for a queue that keeps the order of a group, or one that does not. */
export const describeMessageQueue = (
  name: string,
  { ordered }: { ordered: boolean },
  make: (settings: QueueSettings) => Promise<QueueUnderTest>,
): void => {
  describe(`${name} is a message queue`, () => {
    const setup = (settings: Partial<QueueSettings> = {}) =>
      make({ visibilityTimeoutSeconds: 30, maxReceives: 5, ...settings });

    it('hands out what was sent', async () => {
      const { queue } = await setup();
      await queue.send([message('{"type":"dispatch","ä":"€😀"}', 'tenant-1')]);

      const [received, ...more] = await queue.receive({ limit: 10, waitSeconds: 5 });

      expect(received).toMatchObject({
        body: '{"type":"dispatch","ä":"€😀"}',
        group: 'tenant-1',
        receiveCount: 1,
      });
      expect(more).toEqual([]);
    });

    it('has nothing when nothing was sent', async () => {
      const { queue } = await setup();

      const messages = await queue.receive({ limit: 10, waitSeconds: 0 });

      expect(messages).toEqual([]);
    });

    it('takes an empty batch', async () => {
      const { queue } = await setup();

      await queue.send([]);

      expect(await queue.receive({ limit: 1, waitSeconds: 0 })).toEqual([]);
    });

    it('does not hand out what is in flight, and again what nobody acknowledged', async () => {
      const { queue } = await setup({ visibilityTimeoutSeconds: 1 });
      await queue.send([message('again')]);
      const first = await queue.receive({ limit: 1, waitSeconds: 5 });

      const inFlight = await queue.receive({ limit: 1, waitSeconds: 0 });
      const second = await queue.receive({ limit: 1, waitSeconds: 10 });

      expect(inFlight).toEqual([]);
      expect(second).toMatchObject([{ id: first[0]?.id, body: 'again', receiveCount: 2 }]);
    });

    it('never hands out again what was acknowledged', async () => {
      const { queue } = await setup({ visibilityTimeoutSeconds: 1 });
      await queue.send([message('done')]);
      const [received] = await queue.receive({ limit: 1, waitSeconds: 5 });

      await queue.acknowledge(received?.receipt ?? '');

      expect(await queue.receive({ limit: 1, waitSeconds: 2 })).toEqual([]);
    });

    it('hands out at once what was released without delay', async () => {
      const { queue } = await setup();
      await queue.send([message('released')]);
      const [received] = await queue.receive({ limit: 1, waitSeconds: 5 });

      await queue.release(received?.receipt ?? '', 0);

      expect(await queue.receive({ limit: 1, waitSeconds: 5 })).toMatchObject([
        { body: 'released', receiveCount: 2 },
      ]);
    });

    it('hands out later what was released with a delay', async () => {
      const { queue } = await setup();
      await queue.send([message('later')]);
      const [received] = await queue.receive({ limit: 1, waitSeconds: 5 });
      await queue.release(received?.receipt ?? '', 2);

      const atOnce = await queue.receive({ limit: 1, waitSeconds: 0 });
      const later = await queue.receive({ limit: 1, waitSeconds: 10 });

      expect(bodiesOf(atOnce)).toEqual([]);
      expect(bodiesOf(later)).toEqual(['later']);
    });

    it('wakes a receiver that waits', async () => {
      const { queue } = await setup();
      const waiting = queue.receive({ limit: 1, waitSeconds: 20 });

      await queue.send([message('wake up')]);

      expect(bodiesOf(await waiting)).toEqual(['wake up']);
    });

    it('sends more messages at once than SQS takes in a batch', async () => {
      const { queue } = await setup();
      const bodies = Array.from({ length: 23 }, (_, index) => `message ${index}`);

      await queue.send(bodies.map((body, index) => message(body, `group-${index}`)));

      expect((await drain(queue)).sort()).toEqual([...bodies].sort());
    });

    it('gives a message up after so many receives, to its dead-letter queue', async () => {
      const { queue, deadLetters } = await setup({ maxReceives: 2 });
      await queue.send([message('poison', 'p'), message('healthy', 'h')]);
      const counts: number[] = [];
      for (let round = 0; round < 4; round += 1) {
        const received = await queue.receive({ limit: 10, waitSeconds: 0 });
        for (const { body, receipt, receiveCount } of received) {
          if (body === 'poison') counts.push(receiveCount);
          await (body === 'poison' ? queue.release(receipt, 0) : queue.acknowledge(receipt));
        }
      }

      const dead = await deadLetters.receive({ limit: 10, waitSeconds: 2 });

      expect(counts).toEqual([1, 2]);
      expect(dead).toMatchObject([{ body: 'poison', group: 'p' }]);
    });

    it('keeps a message of 200 KB', async () => {
      const { queue } = await setup();

      await queue.send([message('x'.repeat(200_000))]);

      expect((await queue.receive({ limit: 1, waitSeconds: 5 }))[0]?.body).toHaveLength(200_000);
    });

    it('refuses a message of more than a mebibyte, and sends nothing of its batch', async () => {
      const { queue } = await setup();

      const sending = queue.send([message('small'), message('x'.repeat(1024 * 1024 + 1))]);

      await expect(sending).rejects.toBeInstanceOf(PayloadTooLargeError);
      expect(await queue.receive({ limit: 10, waitSeconds: 0 })).toEqual([]);
    });

    if (ordered) describeOrder(setup);
    else describeConcurrency(setup);
  });
};
