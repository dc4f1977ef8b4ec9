import fc from 'fast-check';
import { findInvalidText } from '../../../jobs/datasets/find-invalid-text';

describe('the check of an encoding', () => {
  it('finds the first byte that UTF-8 does not allow, as a strict decoder does', () => {
    const pieces = fc.array(
      fc.oneof(
        fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)),
        fc.uint8Array({ maxLength: 4 }),
      ),
      { maxLength: 6 },
    );
    const decoder = new TextDecoder('utf-8', { fatal: true });
    const isText = (bytes: Uint8Array) => {
      try {
        decoder.decode(bytes);
        return !bytes.includes(0);
      } catch {
        return false;
      }
    };
    fc.assert(
      fc.property(pieces, (parts) => {
        const bytes = Buffer.concat(parts);

        const found = findInvalidText(bytes, 0);

        expect(found < 0).toBe(isText(bytes));
        if (found >= 0) expect(isText(bytes.subarray(0, found))).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });
});
