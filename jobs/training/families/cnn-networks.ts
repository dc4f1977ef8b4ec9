import type { FamilySpec } from '../../../shared/contracts/training/model-spec';
import { activation } from '../layers/activation';
import { batchNormalization } from '../layers/batch-normalization';
import { type ConvolutionOptions, convolution } from '../layers/convolution';
import { dense } from '../layers/dense';
import { dropout } from '../layers/dropout';
import { type PixelStatistics, pixelNormalization } from '../layers/pixels';
import { flattening, globalAveragePooling, maxPooling } from '../layers/pooling';
import { residual } from '../layers/residual';
import { sequential } from '../layers/sequential';
import type { Network } from '../network';

export interface ImageSizes {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly outputs: number;
  readonly pixels: PixelStatistics;
}

type CnnSpec = FamilySpec<'cnn'>;

/** What a preset is in each size. */
interface Blocks {
  /** Channels behind each block. */
  readonly widths: readonly number[];
  /** Convolutions, or residual pairs of them, in each block. */
  readonly depth: number;
}

const presets: Readonly<Record<CnnSpec['preset'], Readonly<Record<CnnSpec['size'], Blocks>>>> = {
  vgg: {
    tiny: { widths: [16, 32, 48], depth: 1 },
    small: { widths: [32, 64, 128], depth: 1 },
    medium: { widths: [64, 128, 256], depth: 2 },
    large: { widths: [64, 128, 256, 512], depth: 3 },
  },
  resnet: {
    tiny: { widths: [8, 16, 32], depth: 1 },
    /** Those of He et al.'s networks for images of 32 by 32, with fewer blocks in small and as many as ResNet-20 in medium. */
    small: { widths: [16, 32, 64], depth: 1 },
    medium: { widths: [16, 32, 64], depth: 3 },
    /** Those of ResNet-18. */
    large: { widths: [64, 128, 256, 512], depth: 2 },
  },
};

/** Channels ahead of the block at this place. */
const inputsOf = (first: number, widths: readonly number[], index: number): number =>
  index === 0 ? first : (widths[index - 1] ?? first);

/** A convolution without bias, and the normalisation that would take the bias away. */
const normalised = (options: ConvolutionOptions): Network =>
  sequential(convolution(options), batchNormalization(`${options.name}.norm`, options.outputs));

const relu = activation('relu');

const times = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);

function vggBlock(name: string, inputs: number, outputs: number, depth: number): Network {
  const convolutions = times(depth).map((index) =>
    sequential(
      normalised({ name: `${name}.conv_${index}`, inputs: index === 0 ? inputs : outputs, outputs }),
      relu,
    ),
  );
  return sequential(...convolutions, maxPooling);
}

/** A head reads every place of the last map where there are at most so many a side; larger maps are pooled on. */
const headSide = 7;
const longerSide = ({ height, width }: Pick<ImageSizes, 'height' | 'width'>): number =>
  Math.max(height, width);

/** Blocks of the last width are added until the map is small, whatever the size of the image. */
function widthsFor({ widths }: Blocks, sizes: ImageSizes): readonly number[] {
  const needed = Math.floor(Math.log2(longerSide(sizes) / (headSide + 1))) + 1;
  const more = Math.max(0, needed - widths.length);
  return [...widths, ...times(more).map(() => widths.at(-1) ?? 1)];
}

const halved = (side: number, halvings: number): number => Math.max(1, Math.floor(side / 2 ** halvings));

function vgg(blocks: Blocks, sizes: ImageSizes, spec: CnnSpec): Network {
  const widths = widthsFor(blocks, sizes);
  const body = widths.map((outputs, index) =>
    vggBlock(`block_${index}`, inputsOf(sizes.channels, widths, index), outputs, blocks.depth),
  );
  const places = halved(sizes.height, widths.length) * halved(sizes.width, widths.length);
  const head = { name: 'output', inputs: (widths.at(-1) ?? 1) * places, outputs: sizes.outputs };
  return sequential(...body, flattening, dropout(spec.dropout), dense({ ...head, initialiser: 'glorot' }));
}

interface Strided {
  readonly inputs: number;
  readonly outputs: number;
  readonly stride: number;
}

function residualBlock(name: string, { inputs, outputs, stride }: Strided): Network {
  const part = sequential(
    normalised({ name: `${name}.conv_0`, inputs, outputs, stride }),
    relu,
    normalised({ name: `${name}.conv_1`, inputs: outputs, outputs }),
  );
  const changes = inputs !== outputs || stride !== 1;
  const shortcut = changes
    ? normalised({ name: `${name}.shortcut`, inputs, outputs, stride, kernel: 1 })
    : sequential();
  return sequential(residual(part, shortcut), relu);
}

/** Larger images are halved ahead of the blocks until their longer side is at most this: as ResNet does from 224 to 56. */
const stemSide = 64;

function stem(sizes: ImageSizes, width: number): Network {
  const halvings = Math.max(0, Math.ceil(Math.log2(longerSide(sizes) / stemSide)));
  const plain = { name: 'stem', inputs: sizes.channels, outputs: width };
  if (halvings === 0) return sequential(normalised(plain), relu);
  const first = normalised({ ...plain, kernel: 7, stride: 2 });
  return sequential(first, relu, ...times(halvings - 1).map(() => maxPooling));
}

function resnet({ widths, depth }: Blocks, sizes: ImageSizes, spec: CnnSpec): Network {
  const first = widths[0] ?? 1;
  const body = widths.flatMap((outputs, stage) =>
    times(depth).map((index) =>
      residualBlock(`block_${stage}_${index}`, {
        inputs: index === 0 ? inputsOf(first, widths, stage) : outputs,
        outputs,
        stride: index === 0 && stage > 0 ? 2 : 1,
      }),
    ),
  );
  const head = { name: 'output', inputs: widths.at(-1) ?? 1, outputs: sizes.outputs };
  return sequential(
    stem(sizes, first),
    ...body,
    globalAveragePooling,
    dropout(spec.dropout),
    dense({ ...head, initialiser: 'glorot' }),
  );
}

const builders = { vgg, resnet } as const;

/**
 * Images `[batch, height, width, channels]` as they are stored, to the outputs. `vgg` (Simonyan and Zisserman, 2015): blocks
 * of 3 by 3 convolutions, each normalised over the batch, and pooling, then one affine map of all that is left. `resnet`
 * (He et al., 2016): residual blocks, each stage but the first at half the resolution, then the mean of each channel.
 */
export function cnnNetwork(spec: CnnSpec, sizes: ImageSizes): Network {
  const blocks = presets[spec.preset][spec.size];
  return sequential(pixelNormalization(sizes.pixels), builders[spec.preset](blocks, sizes, spec));
}
