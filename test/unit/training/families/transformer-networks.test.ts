import fc from 'fast-check';
import { nextTokenNetwork, transformerDecoder } from '../../../../jobs/training/families/transformer-decoder';
import { transformerEncoder } from '../../../../jobs/training/families/transformer-encoder';
import { initialWeights } from '../../../../jobs/training/initial-weights';
import { type Network, predict } from '../../../../jobs/training/network';
import { transformerSpec } from '../../../../shared/contracts/training/model-spec';
import { constant, input, tensor } from '../../../../shared/onnx/build';
import type { Tensor } from '../../../../shared/onnx/ir';
import { formulaWeights } from '../../../support/formula-weights';
import { runGraph } from '../../../support/run-graph';

const tiny = { family: 'transformer', layers: 1, heads: 2, width: 4, feed_forward_width: 8 } as const;

const encoderOf = (sizes: { length: number }, given: object = {}) =>
  transformerEncoder(transformerSpec.parse({ ...tiny, form: 'encoder', ...given }), {
    vocabulary: 5,
    outputs: 3,
    ...sizes,
  });

function decoderOf(sizes: { length: number }, given: object = {}) {
  const spec = transformerSpec.parse({ ...tiny, form: 'decoder', ...given });
  const all = { vocabulary: 5, ...sizes };
  return nextTokenNetwork(transformerDecoder(spec, all), all);
}

/** What a network makes of rows of ids. */
async function outputsOf(
  network: Network,
  rows: readonly (readonly number[])[],
  parameters: readonly Tensor[] = initialWeights(network, 3).parameters,
): Promise<number[]> {
  const length = rows[0]?.length ?? 0;
  const tokens = input('tokens', 'int64', ['batch', length]);
  const outputs = predict(network, tokens, {
    parameters: parameters.map((each) => constant(each)),
    statistics: [],
  });
  const given = tensor('int64', [rows.length, length], rows.flat());
  const results = await runGraph(new Map([[tokens, given]]), { outputs });
  return Array.from(results.outputs?.data ?? [], Number);
}

/** The second parameter has a vector for each place. */
const placesCut = (parameters: readonly Tensor[], length: number): Tensor[] =>
  parameters.map((each, index) => {
    if (index !== 1 || !(each.data instanceof Float32Array)) return each;
    const [, width = 1] = each.dims;
    return { ...each, dims: [length, width], data: each.data.slice(0, length * width) };
  });

const rounded = (values: readonly number[]) => values.map((value) => Number(value.toFixed(5)));

/*
 * PyTorch 2.15, float64: TransformerEncoderLayer(4, 2, 8, dropout=0, activation=gelu, batch_first=True,
 * norm_first=True) between `tokens.weight[ids] + positions.weight` and layer_norm, its weights those of `formulaWeights` in
 * the order of the network's parameters (a Linear's are transposed). The encoder has src_key_padding_mask = ids < 0, the mean
 * over the other positions, and a Linear; the decoder generate_square_subsequent_mask, and a product with the token table.
 */
const torch = {
  encoder: [
    [-0.559296, -0.818308, 0.121503],
    [-0.535541, -0.955657, 0.024267],
  ],
  decoder: [
    [-0.259112, -0.438002, -0.15131, 0.296219, 0.428877],
    [-0.249642, -0.444945, -0.167286, 0.288192, 0.437332],
    [-0.31471, -0.394886, -0.055312, 0.343058, 0.376768],
    [-0.131469, -0.496132, -0.333423, 0.183703, 0.505559],
  ],
};

describe('transformers beside PyTorch', () => {
  it('an encoder with the same weights gives the same outputs', async () => {
    const network = encoderOf({ length: 4 });

    const outputs = await outputsOf(
      network,
      [
        [1, 3, 0, 2],
        [4, 2, -1, -1],
      ],
      formulaWeights(network),
    );

    expect(rounded(outputs)).toEqual(rounded(torch.encoder.flat()));
  });

  it('a decoder with the same weights gives the same scores', async () => {
    const network = decoderOf({ length: 4 });

    const outputs = await outputsOf(network, [[1, 3, 0, 2]], formulaWeights(network));

    expect(rounded(outputs)).toEqual(rounded(torch.decoder.flat()));
  });
});

describe('transformerEncoder', () => {
  it('gives the same outputs however far a sequence is padded', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 0, max: 4 }),
        async (ids, more) => {
          const length = ids.length + more;
          const network = encoderOf({ length: 10 });
          const { parameters } = initialWeights(network, 3);
          const padded = (to: number) => [...ids, ...new Array<number>(to - ids.length).fill(-1)];
          const others = [0, 1, 2, 3, 4, 0, 1, 2, 3, 4];

          const alone = await outputsOf(network, [padded(10)], parameters);
          const beside = await outputsOf(network, [padded(10), others], parameters);
          const shorter = await outputsOf(
            encoderOf({ length }),
            [padded(length)],
            placesCut(parameters, length),
          );

          expect(rounded(beside.slice(0, 3))).toEqual(rounded(alone));
          expect(rounded(shorter)).toEqual(rounded(alone));
        },
      ),
      { numRuns: 10 },
    );
  });

  it('reads every id that it does not know as the same one', async () => {
    const network = encoderOf({ length: 3 });

    const [one, other] = [await outputsOf(network, [[1, 5, 2]]), await outputsOf(network, [[1, 77_777, 2]])];

    expect(one).toEqual(other);
    expect(one.every(Number.isFinite)).toBe(true);
  });

  it('answers a sequence without tokens with finite numbers', async () => {
    const outputs = await outputsOf(encoderOf({ length: 3 }), [[-1, -1, -1]]);

    expect(outputs.every(Number.isFinite)).toBe(true);
  });

  it('tells orders of the same tokens apart', async () => {
    const network = encoderOf({ length: 3 }, { width: 8 });

    const [one, other] = [
      await outputsOf(network, [[1, 2, 3]], formulaWeights(network)),
      await outputsOf(network, [[3, 2, 1]], formulaWeights(network)),
    ];

    expect(rounded(one)).not.toEqual(rounded(other));
  });
});

describe('nextTokenNetwork', () => {
  it('never lets a later token change what is said of an earlier position', async () => {
    const length = 6;
    const network = decoderOf({ length }, { layers: 2, width: 8 });
    const { parameters } = initialWeights(network, 4);
    const id = fc.integer({ min: 0, max: 4 });

    await fc.assert(
      fc.asyncProperty(
        fc.array(id, { minLength: length, maxLength: length }),
        fc.array(id, { minLength: length, maxLength: length }),
        fc.integer({ min: 1, max: length - 1 }),
        async (ids, others, kept) => {
          const changed = [...ids.slice(0, kept), ...others.slice(kept)];

          const before = await outputsOf(network, [ids], parameters);
          const after = await outputsOf(network, [changed], parameters);

          expect(after.slice(0, kept * 5)).toEqual(before.slice(0, kept * 5));
        },
      ),
      { numRuns: 15 },
    );
  });

  it('gives a shorter text the scores that it has as the beginning of a longer one', async () => {
    const network = decoderOf({ length: 4 }, { layers: 2 });

    const long = await outputsOf(network, [[1, 3, 0, 2]], formulaWeights(network));
    const short = await outputsOf(network, [[1, 3]], formulaWeights(network));

    expect(rounded(short)).toEqual(rounded(long.slice(0, short.length)));
  });
});
