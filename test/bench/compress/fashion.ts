import type { SampleBatch, Samples } from '../../../jobs/compression/samples';
import { tensor } from '../../../shared/onnx/build';
import type { Tensor } from '../../../shared/onnx/ir';
import type { ModelSession } from '../../../shared/ports/model-runtime';
import type { fashionImages } from '../../support/fashion-images';
import type { Source } from './make';
import type { OwnModel } from './own-model';

type Images = ReturnType<typeof fashionImages>;

const side = 28;
const pixels = side * side;

/** Images as the model reads them, and what they show as int64. */
export function fashionBatch(images: Images): SampleBatch & { readonly labels: Tensor } {
  const values = new Uint8Array(images.length * pixels);
  images.forEach((image, row) => {
    values.set(image.pixels, row * pixels);
  });
  const labels = BigInt64Array.from(images, ({ label }) => BigInt(label));
  return {
    rows: images.length,
    feeds: { pixels: tensor('uint8', [images.length, side, side, 1], values) },
    labels: tensor('int64', [images.length], labels),
  };
}

const batch = 250;

/** The first images of the training part; they come in no order. */
const fashionSamples = (images: Images): Samples =>
  async function* ({ mostRows = images.length } = {}) {
    const rows = Math.min(mostRows, images.length);
    for (let from = 0; from < rows; from += batch)
      yield fashionBatch(images.slice(from, Math.min(rows, from + batch)));
  };

export const fashionSource = ({ bytes, signature }: OwnModel, images: Images): Source => ({
  bytes,
  signature,
  samples: fashionSamples(images),
  sampleRows: images.length,
});

/** Of all test images, in per cent. */
export const fashionAccuracy =
  (images: Images) =>
  async (session: ModelSession): Promise<number> => {
    let right = 0;
    for (let from = 0; from < images.length; from += batch) {
      const { feeds, labels } = fashionBatch(images.slice(from, from + batch));
      const answers = await session.run(feeds);
      const given = Object.values(answers).find(({ dims }) => dims.length === 1);
      labels.data.forEach((label, row) => {
        right += Number(Number(given?.data[row]) === Number(label));
      });
    }
    return (100 * right) / images.length;
  };
