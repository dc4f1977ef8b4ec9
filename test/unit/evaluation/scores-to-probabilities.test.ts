import { alone, asProbabilities } from '../../../jobs/evaluation/scores-to-probabilities';

const rounded = (values: Float32Array) => [...values].map((value) => Number(value.toFixed(5)));

describe('asProbabilities', () => {
  it('leaves distributions as they are', () => {
    const given = Float32Array.of(0.25, 0.75, 1, 0);

    const { probabilities, fromScores } = asProbabilities(given, 2);

    expect([...probabilities]).toEqual([0.25, 0.75, 1, 0]);
    expect(fromScores).toBe(false);
  });

  it('takes the softmax of scores, of rows that look like distributions too', () => {
    const { probabilities, fromScores } = asProbabilities(Float32Array.of(0, 1, 3, 5), 2);

    expect(rounded(probabilities)).toEqual([0.26894, 0.73106, 0.1192, 0.8808]);
    expect(fromScores).toBe(true);
  });

  it('does not overflow of large scores', () => {
    const { probabilities } = asProbabilities(Float32Array.of(1000, 1001), 2);

    expect(rounded(probabilities)).toEqual([0.26894, 0.73106]);
  });

  it('gives the first class the rest where the second stands alone with its probability', () => {
    const { probabilities, fromScores } = asProbabilities(Float32Array.of(alone, 0.25, alone, 1), 2);

    expect([...probabilities]).toEqual([0.75, 0.25, 0, 1]);
    expect(fromScores).toBe(false);
  });

  it('takes the sigmoid where the second stands alone with its score', () => {
    const { probabilities, fromScores } = asProbabilities(Float32Array.of(alone, 0.25, alone, -2), 2);

    expect(rounded(probabilities)).toEqual([0.43782, 0.56218, 0.8808, 0.1192]);
    expect(fromScores).toBe(true);
  });
});
