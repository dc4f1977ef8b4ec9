import { createHash, randomBytes, randomUUID } from 'node:crypto';
import fc from 'fast-check';
import {
  ConditionFailedError,
  IntegrityError,
  InvalidObjectKeyError,
  ObjectNotFoundError,
} from '../../../shared/errors/store-errors';
import type { ObjectStore } from '../../../shared/ports/object-store';

const chunk = 64 * 1024;
const mebibyte = 1024 * 1024;
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

const collect = async (body: AsyncIterable<Uint8Array>): Promise<Buffer> => {
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  return Buffer.concat(pieces);
};

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.byteLength; from += size) yield bytes.subarray(from, from + size);
}

const keysOf = async (store: ObjectStore, prefix: string): Promise<string[]> => {
  const keys: string[] = [];
  for await (const info of store.list(prefix)) keys.push(info.key);
  return keys;
};

const wonBy = (outcomes: readonly PromiseSettledResult<unknown>[]) => ({
  won: outcomes.filter((outcome) => outcome.status === 'fulfilled').length,
  lost: outcomes.filter(
    (outcome) => outcome.status === 'rejected' && outcome.reason instanceof ConditionFailedError,
  ).length,
});

/** The laws of the object store port. `make` is called once; every test keeps to keys of its own. */
export const describeObjectStore = (name: string, make: () => Promise<ObjectStore>): void => {
  describe(`${name} is an object store`, () => {
    let store: ObjectStore;
    beforeAll(async () => {
      store = await make();
    });
    const setup = () => {
      const folder = `test/${randomUUID()}`;
      return { folder, key: `${folder}/object` };
    };

    it.each([0, 1, chunk - 1, chunk, chunk + 1, 3 * chunk, 5 * mebibyte + 17])(
      'keeps a body of %d bytes',
      async (size) => {
        const { key } = setup();
        const body = randomBytes(size);

        const written = await store.put(key, body);
        const read = await collect(await store.get(key));

        expect(read.equals(body)).toBe(true);
        expect(written).toMatchObject({ key, bytes: size, sha256: sha256(body) });
        expect(await store.head(key)).toMatchObject({ key, bytes: size, sha256: sha256(body) });
      },
    );

    it('keeps a stream of 20 MiB, in pieces of any size', async () => {
      const { key } = setup();
      const body = randomBytes(20 * mebibyte);

      const written = await store.put(key, inPieces(body, 777_777));
      const read = await collect(await store.get(key));

      expect(sha256(read)).toBe(sha256(body));
      expect(written).toMatchObject({ bytes: body.byteLength, sha256: sha256(body) });
      expect(await store.head(key)).toMatchObject({ bytes: body.byteLength, sha256: sha256(body) });
    });

    it('gives back what was put, for any body in any pieces', async () => {
      const sizes = fc.oneof(
        fc.integer({ min: 0, max: 300 }),
        fc.integer({ min: chunk - 2, max: chunk + 2 }),
        fc.integer({ min: 2 * chunk - 2, max: 2 * chunk + 2 }),
      );
      const law = fc.asyncProperty(sizes, fc.integer({ min: 1, max: 70_000 }), async (size, piece) => {
        const { key } = setup();
        const body = randomBytes(size);

        const { sha256: digest } = await store.put(key, inPieces(body, Math.max(piece, size >> 5)));

        expect((await collect(await store.get(key))).equals(body)).toBe(true);
        expect(digest).toBe(sha256(body));
      });

      await fc.assert(law, { numRuns: 25 });
    });

    it('replaces an object whole', async () => {
      const { key } = setup();
      await store.put(key, randomBytes(chunk * 2));

      await store.put(key, Buffer.from('second'));

      expect((await collect(await store.get(key))).toString()).toBe('second');
      expect((await store.head(key))?.bytes).toBe(6);
    });

    it('tells when an object was written', async () => {
      const { key } = setup();
      const before = Date.now();

      await store.put(key, Buffer.from('x'));

      const modified = (await store.head(key))?.modifiedAt.getTime() ?? 0;
      expect(Math.abs(modified - before)).toBeLessThan(60_000);
    });

    it('knows nothing of what was never put', async () => {
      const { key, folder } = setup();

      const info = await store.head(key);

      expect(info).toBeUndefined();
      await expect(store.get(key)).rejects.toBeInstanceOf(ObjectNotFoundError);
      expect(await keysOf(store, `${folder}/`)).toEqual([]);
    });

    it('removes an object, and takes a second removal as done', async () => {
      const { key } = setup();
      await store.put(key, Buffer.from('x'));

      await store.remove(key);
      await store.remove(key);

      expect(await store.head(key)).toBeUndefined();
    });

    it('takes a digest that holds', async () => {
      const { key } = setup();
      const body = randomBytes(1000);

      const info = await store.put(key, body, { sha256: sha256(body), ifAbsent: true });

      expect(info.sha256).toBe(sha256(body));
    });

    it.each([
      ['bytes', (body: Buffer) => body],
      ['a stream', (body: Buffer) => inPieces(body, 5000)],
    ])('refuses %s with another digest than declared, and keeps what was there', async (_kind, bodyOf) => {
      const { key } = setup();
      await store.put(key, Buffer.from('before'));

      const putting = store.put(key, bodyOf(randomBytes(chunk + 5)), { sha256: '0'.repeat(64) });

      await expect(putting).rejects.toBeInstanceOf(IntegrityError);
      expect((await collect(await store.get(key))).toString()).toBe('before');
    });

    it('refuses a long stream with another digest than declared, and stores nothing', async () => {
      const { key } = setup();

      const putting = store.put(key, inPieces(randomBytes(18 * mebibyte), mebibyte), {
        sha256: '0'.repeat(64),
      });

      await expect(putting).rejects.toBeInstanceOf(IntegrityError);
      expect(await store.head(key)).toBeUndefined();
    });

    it('stores nothing of a stream that fails half-way', async () => {
      const { key } = setup();
      async function* failing() {
        yield randomBytes(3 * chunk);
        throw new Error('the sender went away');
      }

      const putting = store.put(key, failing());

      await expect(putting).rejects.toThrow('the sender went away');
      expect(await store.head(key)).toBeUndefined();
    });

    it('refuses a second object where the first must stay', async () => {
      const { key } = setup();
      await store.put(key, Buffer.from('first'), { ifAbsent: true });

      const second = store.put(key, Buffer.from('second'), { ifAbsent: true });

      await expect(second).rejects.toBeInstanceOf(ConditionFailedError);
      expect((await collect(await store.get(key))).toString()).toBe('first');
    });

    it('lets exactly one of several writers create an object', async () => {
      const { key } = setup();
      const bodies = Array.from({ length: 8 }, (_, index) => Buffer.from(`writer ${index}`));

      const outcomes = await Promise.allSettled(
        bodies.map((body) => store.put(key, body, { ifAbsent: true })),
      );

      expect(wonBy(outcomes)).toEqual({ won: 1, lost: 7 });
      const winner = outcomes.findIndex((outcome) => outcome.status === 'fulfilled');
      expect((await collect(await store.get(key))).toString()).toBe(`writer ${winner}`);
    });

    it('keeps an object beside the objects below its name', async () => {
      const { folder } = setup();
      await store.put(`${folder}/a`, Buffer.from('object'));
      await store.put(`${folder}/a/b`, Buffer.from('below'));

      await store.remove(`${folder}/a`);

      expect(await store.head(`${folder}/a`)).toBeUndefined();
      expect((await collect(await store.get(`${folder}/a/b`))).toString()).toBe('below');
    });

    it('lists in key order, by any prefix', async () => {
      const { folder } = setup();
      const names = ['a', 'a-b', 'a.b', 'a/b', 'a/b/c', 'a/c', 'a0', 'aa/b', 'b', 'B', '_', 'a/b.c'];
      for (const name of names) await store.put(`${folder}/${name}`, Buffer.from(name));
      const sorted = names.map((name) => `${folder}/${name}`).sort();

      const all = await keysOf(store, `${folder}/`);
      const byFolder = await keysOf(store, `${folder}/a/`);
      const byHalfAName = await keysOf(store, `${folder}/a`);

      expect(all).toEqual(sorted);
      expect(byFolder).toEqual(sorted.filter((key) => key.startsWith(`${folder}/a/`)));
      expect(byHalfAName).toEqual(sorted.filter((key) => key.startsWith(`${folder}/a`)));
    });

    it('tells of listed objects what it tells of single ones', async () => {
      const { folder, key } = setup();
      await store.put(key, Buffer.from('listed'));

      const listed = [];
      for await (const info of store.list(folder)) listed.push(info);

      expect(listed).toEqual([await store.head(key)]);
    });

    it.each([
      { why: 'is empty', key: '' },
      { why: 'begins with a slash', key: '/a' },
      { why: 'ends with a slash', key: 'a/' },
      { why: 'has an empty segment', key: 'a//b' },
      { why: 'climbs out at once', key: '../a' },
      { why: 'climbs out later', key: 'a/../b' },
      { why: 'has a dot for a segment', key: 'a/./b' },
      { why: 'has a space', key: 'a b' },
      { why: 'has a letter that is not ASCII', key: 'ä' },
      { why: 'has a zero byte', key: 'a\0b' },
      { why: 'has an @', key: 'a@' },
      { why: 'has a question mark', key: 'a?b' },
      { why: 'has a percent sign', key: 'a%2fb' },
      { why: 'has a backslash', key: 'a\\b' },
      { why: 'has a star', key: 'a*' },
      { why: 'has a long segment', key: 'x'.repeat(201) },
      { why: 'is long', key: `${'y/'.repeat(512)}y` },
    ])('refuses a key that $why', async ({ key }) => {
      const body = Buffer.from('x');

      const attempts = [
        () => store.put(key, body),
        () => store.get(key),
        () => store.head(key),
        () => store.remove(key),
        () => store.presignUpload({ key, expiresInSeconds: 60 }),
        () => store.presignDownload({ key, expiresInSeconds: 60, contentType: 'text/html' }),
      ];

      for (const attempt of attempts) await expect(attempt()).rejects.toBeInstanceOf(InvalidObjectKeyError);
    });

    it('takes one upload by its presigned request, and does not let a second one replace it', async () => {
      const { key } = setup();
      const body = Buffer.from('uploaded from afar');
      const request = { key, expiresInSeconds: 60, bytes: body.byteLength, sha256: sha256(body) };
      const { method, url, headers } = await store.presignUpload(request);

      const first = await fetch(url, { method, headers, body });
      const second = await fetch(url, { method, headers, body });

      expect(first.status).toBe(200);
      expect(second.status).toBe(412);
      expect(await store.head(key)).toMatchObject({ bytes: body.byteLength, sha256: sha256(body) });
    });

    it('gives an object by its presigned request, to be saved as a file of that type and name', async () => {
      const { folder } = setup();
      const key = `${folder}/report.html`;
      const body = randomBytes(100_000);
      await store.put(key, body);
      const contentType = 'text/html; charset=utf-8';
      const { method, url, headers, expiresAt } = await store.presignDownload({
        key,
        expiresInSeconds: 60,
        contentType,
      });

      const answer = await fetch(url, { method, headers });

      expect(answer.status).toBe(200);
      expect(Buffer.from(await answer.arrayBuffer()).equals(body)).toBe(true);
      expect(answer.headers.get('content-length')).toBe(String(body.byteLength));
      expect(answer.headers.get('content-type')).toBe(contentType);
      expect(answer.headers.get('content-disposition')).toBe('attachment; filename="report.html"');
      expect(answer.headers.get('cache-control')).toBe('private, no-store');
      expect(expiresAt.getTime()).toBeGreaterThan(Date.now());
    });

    it('presigns a download of what is not there, and says so when it is asked for', async () => {
      const { key } = setup();
      const request = { key, expiresInSeconds: 60, contentType: 'application/json' };
      const { method, url, headers } = await store.presignDownload(request);

      const answer = await fetch(url, { method, headers });

      // S3 says 403 where the signer may not list
      expect([403, 404]).toContain(answer.status);
    });

    it('takes an upload of undeclared size and digest, and knows its digest afterwards', async () => {
      const { key } = setup();
      const body = randomBytes(100_000);
      const { method, url, headers, expiresAt } = await store.presignUpload({ key, expiresInSeconds: 60 });

      const answer = await fetch(url, { method, headers, body });

      expect(answer.status).toBe(200);
      expect(expiresAt.getTime()).toBeGreaterThan(Date.now());
      expect(await store.head(key)).toMatchObject({ bytes: body.byteLength, sha256: sha256(body) });
    });
  });
};
