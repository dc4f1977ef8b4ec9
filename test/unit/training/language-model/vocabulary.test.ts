import fc from 'fast-check';
import { textUnits, vocabularyOf } from '../../../../jobs/training/language-model/vocabulary';

describe('vocabularyOf', () => {
  it.each(['characters', 'bytes'] as const)('%s: every text comes back out of its ids', (kind) => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 50 }), (text) => {
        const sound = new TextDecoder().decode(new TextEncoder().encode(text));
        const units = textUnits(sound, kind);

        const vocabulary = vocabularyOf(units, kind);
        const { ids, unknown } = vocabulary.encode(units);

        expect(vocabulary.decode([...ids])).toBe(sound);
        expect(unknown).toBe(kind === 'bytes' ? 0 : sound.split('\ufffd').length - 1);
      }),
    );
  });

  it('counts characters outside the basic plane as one, and sorts by code point', () => {
    const vocabulary = vocabularyOf(textUnits('b🙂a\nb', 'characters'), 'characters');

    expect(vocabulary.symbols).toEqual(['\n', 'a', 'b', '🙂', '\ufffd']);
  });

  it('reads what the training text lacks as one character for all of it, and says how often', () => {
    const vocabulary = vocabularyOf(textUnits('abc', 'characters'), 'characters');

    const { ids, unknown } = vocabulary.encode(textUnits('axbé', 'characters'));

    expect([...ids]).toEqual([0, 3, 1, 3]);
    expect(unknown).toBe(2);
    expect(vocabulary.decode([...ids])).toBe('a\ufffdb\ufffd');
  });

  it('refuses more characters than a table of them makes sense for, and says what to do', () => {
    const many = String.fromCodePoint(...Array.from({ length: 4097 }, (_, at) => 0x4e00 + at));

    expect(() => vocabularyOf(textUnits(many, 'characters'), 'characters')).toThrow(
      "the text has 4097 different characters, and a model of characters at most 4096; set model.tokens to 'bytes'",
    );
  });
});
