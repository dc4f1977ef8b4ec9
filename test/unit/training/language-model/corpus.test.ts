import { corpusOf } from '../../../../jobs/training/language-model/corpus';
import { trainSpec } from '../../../../shared/contracts/kinds/train';

const specOf = (given: object) =>
  trainSpec.parse({
    dataset: 'ds_01J00000000000000000000000',
    target: 'text',
    model: { family: 'transformer', form: 'decoder' },
    register: { name: 'writer' },
    ...given,
  });

const cut = (text: string, given: object, more: { context?: number; testText?: string } = {}) =>
  corpusOf(text, { spec: specOf(given), kind: 'characters', context: 2, ...more });

describe('corpusOf', () => {
  it('cuts the text in its own order: training, then validation, then test', () => {
    const { vocabulary, parts } = cut('abcdefghijabcdefghij', {
      validation_fraction: 0.2,
      test_fraction: 0.2,
    });

    const texts = [parts.train, parts.validation, parts.test].map((ids) => vocabulary.decode([...ids]));
    expect(texts).toEqual(['abcdefghijab', 'cdef', 'ghij']);
  });

  it('knows the characters of the training part alone', () => {
    const { vocabulary, unknown } = cut('ababababababxyxy', { validation_fraction: 0.25, test_fraction: 0 });

    expect(vocabulary.symbols).toEqual(['a', 'b', '\ufffd']);
    expect(unknown).toEqual({ train: 0, validation: 4, test: 0 });
  });

  it('tests on another text where there is one, and splits nothing off for it', () => {
    const given = { validation_fraction: 0.2, test_fraction: 0.2 };

    const { vocabulary, parts } = cut('ab'.repeat(10), given, { testText: 'bbb' });

    expect(parts.train).toHaveLength(16);
    expect(vocabulary.decode([...parts.test])).toBe('bbb');
  });

  it.each([
    ['an empty text', '', {}, "the text column 'text' has no characters in any of its rows"],
    [
      'a training part shorter than a window',
      'ab',
      { validation_fraction: 0, test_fraction: 0 },
      'the training part of the text has 2 tokens, and a window of 2 tokens with the one behind it needs 3',
    ],
    [
      'a validation part shorter than a window',
      'abcdefghij',
      { validation_fraction: 0.2, test_fraction: 0 },
      'the validation part of the text has 2 tokens, and a window of 2 tokens with the one behind it needs 3',
    ],
  ])('refuses %s', (_, text, given, message) => {
    expect(() => cut(text, given)).toThrow(message);
  });
});
