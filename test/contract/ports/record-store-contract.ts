import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { PayloadTooLargeError } from '../../../shared/errors/request-errors';
import { ConditionFailedError } from '../../../shared/errors/store-errors';
import type { Clock } from '../../../shared/ports/clock';
import type { RecordPage, RecordStore } from '../../../shared/ports/record-store';

const minute = 60_000;

/** The laws of the record store port. `make` is called once; every test keeps to partitions of its own. */
export const describeRecordStore = (name: string, make: (clock: Clock) => Promise<RecordStore>): void => {
  describe(`${name} is a record store`, () => {
    const time = { aheadMs: 0 };
    let store: RecordStore;
    beforeAll(async () => {
      store = await make({ now: () => new Date(Date.now() + time.aheadMs) });
    });
    afterEach(() => {
      time.aheadMs = 0;
    });
    const setup = () => {
      const key = { partition: `tenant#${randomUUID()}#job`, sort: 'job_1' };
      const fill = async (sorts: readonly string[]) => {
        for (const sort of sorts) await store.put({ ...key, sort, value: { sort }, expect: 'absent' });
      };
      const sortsOf = async (page: Omit<RecordPage, 'partition'>) => {
        const { records, hasMore } = await store.list<{ sort: string }>({
          partition: key.partition,
          ...page,
        });
        return { sorts: records.map((record) => record.sort), hasMore };
      };
      return { key, fill, sortsOf };
    };

    it('gives back what was put, with its version', async () => {
      const { key } = setup();
      const value = {
        name: 'ä€😀',
        n: 0.1,
        list: [1, null, { deep: [[]] }],
        yes: true,
        empty: '',
        nothing: null,
      };

      const version = await store.put({ ...key, value, expect: 'absent' });
      const record = await store.get(key);

      expect(version).toBe(1);
      expect(record).toEqual({ ...key, value, version: 1 });
    });

    it('keeps any JSON value and any keys', async () => {
      const text = fc.string({ minLength: 1, maxLength: 30, unit: 'grapheme' });
      const law = fc.asyncProperty(text, text, fc.jsonValue(), async (partition, sort, value) => {
        const key = { partition: `${randomUUID()}${partition}`, sort };
        const expected: unknown = JSON.parse(JSON.stringify(value));

        await store.put({ ...key, value, expect: 'absent' });

        expect(await store.get(key)).toEqual({ ...key, value: expected, version: 1 });
        expect((await store.list({ partition: key.partition, limit: 5 })).records).toHaveLength(1);
      });

      await fc.assert(law, {
        numRuns: 60,
        examples: [
          ['p', 's', 1e-320],
          ['p', 's', 1.7976931348623157e308],
          ['p', 's', ''],
        ],
      });
    });

    it('knows nothing of what was never put', async () => {
      const { key } = setup();

      const record = await store.get(key);

      expect(record).toBeUndefined();
    });

    it('removes a record, and takes a second removal as done', async () => {
      const { key } = setup();
      await store.put({ ...key, value: 1, expect: 'absent' });

      await store.remove(key);
      await store.remove(key);

      expect(await store.get(key)).toBeUndefined();
      expect(await store.put({ ...key, value: 2, expect: 'absent' })).toBe(1);
    });

    it('replaces the version that the writer has seen', async () => {
      const { key } = setup();
      await store.put({ ...key, value: 'a', expect: 'absent' });

      const second = await store.put({ ...key, value: 'b', expect: 1 });
      const third = await store.put({ ...key, value: 'c', expect: second });

      expect([second, third]).toEqual([2, 3]);
      expect(await store.get(key)).toEqual({ ...key, value: 'c', version: 3 });
    });

    it('writes regardless where that is asked for', async () => {
      const { key } = setup();

      const versions = [];
      for (const value of ['a', 'b', 'c']) versions.push(await store.put({ ...key, value, expect: 'any' }));

      expect(versions).toEqual([1, 2, 3]);
      expect((await store.get(key))?.value).toBe('c');
    });

    it.each([
      { what: 'a record that is there', before: 1, expect: 'absent' as const },
      { what: 'a version that is gone', before: 2, expect: 1 },
      { what: 'a version that is still to come', before: 1, expect: 2 },
      { what: 'a version of nothing', before: 0, expect: 1 },
    ])('refuses a write that expects otherwise: $what', async ({ before, expect: expected }) => {
      const { key } = setup();
      for (let written = 0; written < before; written += 1)
        await store.put({ ...key, value: 'old', expect: 'any' });

      const writing = store.put({ ...key, value: 'new', expect: expected });

      await expect(writing).rejects.toBeInstanceOf(ConditionFailedError);
      expect((await store.get(key))?.value).toBe(before === 0 ? undefined : 'old');
    });

    it.each([
      { expect: 'absent' as const, before: 0 },
      { expect: 1, before: 1 },
    ])(
      'lets exactly one of several writers win that expect $expect',
      async ({ expect: expected, before }) => {
        const { key } = setup();
        if (before > 0) await store.put({ ...key, value: 'old', expect: 'any' });
        const write = (writer: number) => store.put({ ...key, value: writer, expect: expected });

        const outcomes = await Promise.allSettled(Array.from({ length: 12 }, (_, writer) => write(writer)));

        const winners = outcomes.flatMap((outcome, writer) =>
          outcome.status === 'fulfilled' ? [writer] : [],
        );
        const losers = outcomes.filter(
          (o) => o.status === 'rejected' && o.reason instanceof ConditionFailedError,
        );
        expect([winners.length, losers.length]).toEqual([1, 11]);
        expect(await store.get(key)).toEqual({ ...key, value: winners[0], version: before + 1 });
      },
    );

    it('loses no write that writers repeat until it holds', async () => {
      const { key } = setup();
      await store.put({ ...key, value: 0, expect: 'absent' });
      const addOne = async (): Promise<unknown> => {
        const { value, version } = (await store.get<number>(key)) ?? { value: 0, version: 0 };
        return store.put({ ...key, value: value + 1, expect: version }).catch((error: unknown) => {
          if (error instanceof ConditionFailedError) return addOne();
          throw error;
        });
      };

      await Promise.all(Array.from({ length: 10 }, addOne));

      expect(await store.get(key)).toEqual({ ...key, value: 10, version: 11 });
    });

    it('forgets a record when its time is over', async () => {
      const { key, sortsOf } = setup();
      const expiresAt = new Date(Date.now() + minute);
      await store.put({ ...key, value: 'short', expect: 'absent', expiresAt });
      await store.put({ ...key, sort: 'job_2', value: 'long', expect: 'absent' });
      const before = await store.get(key);
      time.aheadMs = minute;

      const after = await store.get(key);

      expect([before?.value, after]).toEqual(['short', undefined]);
      expect(await sortsOf({ limit: 10 })).toEqual({ sorts: ['job_2'], hasMore: false });
      await expect(store.put({ ...key, value: 'x', expect: 1 })).rejects.toBeInstanceOf(ConditionFailedError);
      expect(await store.put({ ...key, value: 'new', expect: 'absent' })).toBe(1);
      expect((await store.get(key))?.value).toBe('new');
    });

    it('lets a later write lift the end of a record', async () => {
      const { key } = setup();
      await store.put({ ...key, value: 'short', expect: 'absent', expiresAt: new Date(Date.now() + minute) });
      await store.put({ ...key, value: 'for ever', expect: 1 });
      time.aheadMs = 2 * minute;

      const record = await store.get(key);

      expect(record?.value).toBe('for ever');
    });

    it.each([
      { order: 'asc' as const, first: ['a', 'b'], second: ['c', 'd'], third: ['e'] },
      { order: 'desc' as const, first: ['e', 'd'], second: ['c', 'b'], third: ['a'] },
    ])('lists in pages, $order', async ({ order, first, second, third }) => {
      const { fill, sortsOf } = setup();
      await fill(['c', 'a', 'e', 'b', 'd']);

      const pages = [
        await sortsOf({ limit: 2, order }),
        await sortsOf({ limit: 2, order, after: first[1] ?? '' }),
        await sortsOf({ limit: 2, order, after: second[1] ?? '' }),
        await sortsOf({ limit: 5, order }),
      ];

      expect(pages.map((page) => page.sorts)).toEqual([
        first,
        second,
        third,
        [...first, ...second, ...third],
      ]);
      expect(pages.map((page) => page.hasMore)).toEqual([true, true, false, false]);
    });

    it.each([
      { after: 'a', asc: ['x1', 'x2', 'x3'], desc: [] },
      { after: 'x', asc: ['x1', 'x2', 'x3'], desc: [] },
      { after: 'x1', asc: ['x2', 'x3'], desc: [] },
      { after: 'x1~', asc: ['x2', 'x3'], desc: ['x1'] },
      { after: 'x3', asc: [], desc: ['x2', 'x1'] },
      { after: 'z', asc: [], desc: ['x3', 'x2', 'x1'] },
    ])('lists a prefix behind $after, whether or not that is there', async ({ after, asc, desc }) => {
      const { fill, sortsOf } = setup();
      await fill(['a', 'x1', 'x2', 'x3', 'y', 'z']);

      const upwards = await sortsOf({ prefix: 'x', after, limit: 10, order: 'asc' });
      const downwards = await sortsOf({ prefix: 'x', after, limit: 10, order: 'desc' });

      expect(upwards).toEqual({ sorts: asc, hasMore: false });
      expect(downwards).toEqual({ sorts: desc, hasMore: false });
    });

    it('lists as a sorted array would be sliced, whatever has ended', async () => {
      const entry = fc.record({ sort: fc.stringMatching(/^[a-c]{1,3}$/), ended: fc.boolean() });
      const entries = fc.uniqueArray(entry, { maxLength: 12, selector: ({ sort }) => sort });
      const page = fc.record({
        prefix: fc.stringMatching(/^[a-c]{0,2}$/),
        after: fc.option(fc.stringMatching(/^[a-c]{1,3}$/)),
        limit: fc.integer({ min: 1, max: 6 }),
        order: fc.constantFrom('asc' as const, 'desc' as const),
      });
      const law = fc.asyncProperty(entries, page, async (all, { prefix, after, limit, order }) => {
        const { key, sortsOf } = setup();
        const put = ({ sort, ended }: { sort: string; ended: boolean }) =>
          store.put({
            ...key,
            sort,
            value: {},
            expect: 'absent',
            ...(ended ? { expiresAt: new Date(1) } : {}),
          });
        await Promise.all(all.map(put));
        const isBehind = (sort: string) => after === null || (order === 'asc' ? sort > after : sort < after);
        const sorts = all
          .filter(({ ended, sort }) => !ended && sort.startsWith(prefix) && isBehind(sort))
          .map(({ sort }) => sort)
          .sort();
        const wanted = order === 'asc' ? sorts : sorts.reverse();

        const found = await sortsOf({ prefix, limit, order, ...(after === null ? {} : { after }) });

        expect(found).toEqual({ sorts: wanted.slice(0, limit), hasMore: wanted.length > limit });
      });

      await fc.assert(law, { numRuns: 60 });
    });

    it('lists more than a megabyte, and only of the partition asked for', async () => {
      const { key, sortsOf } = setup();
      const other = setup();
      await other.fill(['s']);
      const sorts = Array.from({ length: 12 }, (_, index) => `s${String(index).padStart(2, '0')}`);
      for (const sort of sorts)
        await store.put({ ...key, sort, value: 'x'.repeat(200_000), expect: 'absent' });

      const all = await sortsOf({ limit: 12 });
      const most = await sortsOf({ limit: 11 });

      expect(all).toEqual({ sorts, hasMore: false });
      expect(most).toEqual({ sorts: sorts.slice(0, 11), hasMore: true });
    });

    it('keeps a value of 400,000 bytes, and refuses a larger one', async () => {
      const { key } = setup();
      await store.put({ ...key, value: 'x'.repeat(400_000), expect: 'absent' });

      const writing = store.put({ ...key, value: 'y'.repeat(410_000), expect: 1 });

      await expect(writing).rejects.toBeInstanceOf(PayloadTooLargeError);
      await expect(writing).rejects.toThrow('at most 409600 bytes are allowed');
      expect((await store.get<string>(key))?.value).toHaveLength(400_000);
    });
  });
};
