import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { IntegrityError } from '../../../shared/errors/store-errors';
import type { KeyService } from '../../../shared/ports/key-service';

/** The laws of the key service port. `clearBytes` at the beginning of a wrapped key are not authenticated, where a test server is like that. */
export const describeKeyService = (name: string, make: () => Promise<KeyService>, clearBytes = 0): void => {
  describe(`${name} is a key service`, () => {
    const context = { object: 'a/b', tenant: 't1' };
    let keys: KeyService;
    beforeAll(async () => {
      keys = await make();
    });

    it('makes 256 bits, and unwraps them with the same context', async () => {
      const { plaintext, wrapped } = await keys.generateDataKey(context);

      const unwrapped = await keys.unwrapDataKey(wrapped, { tenant: 't1', object: 'a/b' });

      expect(plaintext.byteLength).toBe(32);
      expect(Buffer.from(unwrapped).equals(plaintext)).toBe(true);
      expect(Buffer.from(wrapped).includes(Buffer.from(plaintext))).toBe(false);
    });

    it('makes another key each time', async () => {
      const made = await Promise.all(Array.from({ length: 20 }, () => keys.generateDataKey(context)));

      const distinct = new Set(made.map(({ plaintext }) => Buffer.from(plaintext).toString('hex')));

      expect(distinct.size).toBe(20);
    });

    it.each([
      { what: 'another value', other: { object: 'a/c', tenant: 't1' } },
      { what: 'one entry less', other: { object: 'a/b' } },
      { what: 'one entry more', other: { object: 'a/b', tenant: 't1', more: 'x' } },
      { what: 'values that changed places', other: { object: 't1', tenant: 'a/b' } },
    ])('refuses to unwrap in a context with $what', async ({ other }) => {
      const { wrapped } = await keys.generateDataKey(context);

      const unwrapping = keys.unwrapDataKey(wrapped, other);

      await expect(unwrapping).rejects.toBeInstanceOf(IntegrityError);
    });

    it('refuses a wrapped key of which any one byte was changed', async () => {
      const { wrapped } = await keys.generateDataKey(context);
      const law = fc.asyncProperty(
        fc.integer({ min: clearBytes, max: wrapped.byteLength - 1 }),
        fc.integer({ min: 1, max: 255 }),
        async (at, mask) => {
          const changed = Buffer.from(wrapped);
          changed[at] = (changed[at] ?? 0) ^ mask;

          await expect(keys.unwrapDataKey(changed, context)).rejects.toBeInstanceOf(IntegrityError);
        },
      );

      await fc.assert(law, { numRuns: 60 });
    });

    it.each([0, 1, 20, 40])('refuses %d bytes that are no wrapped key', async (size) => {
      const unwrapping = keys.unwrapDataKey(randomBytes(size), context);

      await expect(unwrapping).rejects.toBeInstanceOf(IntegrityError);
    });
  });
};
