import { cnnNetwork } from '../../../../jobs/training/families/cnn-networks';
import { initialWeights } from '../../../../jobs/training/initial-weights';
import { predict } from '../../../../jobs/training/network';
import { cnnSpec } from '../../../../shared/contracts/training/model-spec';
import { constant, input, tensor } from '../../../../shared/onnx/build';
import { elementCount } from '../../../../shared/onnx/element-types';
import type { ElementType } from '../../../../shared/onnx/ir';
import { runGraph } from '../../../support/run-graph';

interface Asked {
  preset: 'vgg' | 'resnet';
  size?: 'tiny' | 'small' | 'medium' | 'large';
  height: number;
  width: number;
  channels?: number;
}

function setup({ preset, size = 'small', height, width, channels = 1 }: Asked) {
  const pixels = { means: new Array(channels).fill(100), deviations: new Array(channels).fill(50) };
  const spec = cnnSpec.parse({ family: 'cnn', preset, size });
  const network = cnnNetwork(spec, { height, width, channels, outputs: 5, pixels });
  const start = initialWeights(network, 1);
  const weights = {
    parameters: start.parameters.map((value) => constant(value)),
    statistics: start.statistics.map((value) => constant(value)),
  };
  const answer = async (elementType: ElementType, brightness: number) => {
    const dims = [2, height, width, channels];
    const x = input('x', elementType, ['batch', ...dims.slice(1)]);
    const values = Array.from({ length: elementCount(dims) }, (_, index) => (index * 31 + brightness) % 256);
    const images = tensor(elementType, dims, values);
    const { y } = await runGraph(new Map([[x, images]]), { y: predict(network, x, weights) });
    return { dims: y?.dims, values: Array.from(y?.data ?? [], Number) };
  };
  const names = [...network.parameters, ...network.statistics].map(({ name }) => name);
  const numbers = network.parameters.reduce((sum, { dims }) => sum + elementCount(dims), 0);
  return { network, names, numbers, answer };
}

describe('convolutional networks', () => {
  it.each<Asked & { numbers: number }>([
    { preset: 'vgg', height: 28, width: 28, numbers: 98_661 },
    { preset: 'vgg', height: 8, width: 40, channels: 3, numbers: 96_677 },
    { preset: 'vgg', size: 'tiny', height: 28, width: 28, numbers: 20_933 },
    { preset: 'resnet', size: 'tiny', height: 28, width: 28, numbers: 19_645 },
    { preset: 'vgg', size: 'medium', height: 16, width: 16, numbers: 1_150_277 },
    { preset: 'vgg', size: 'large', height: 9, width: 9, numbers: 7_824_069 },
    { preset: 'vgg', height: 130, width: 64, channels: 3, numbers: 394_021 },
    { preset: 'resnet', height: 28, width: 28, numbers: 77_429 },
    { preset: 'resnet', size: 'medium', height: 8, width: 12, channels: 3, numbers: 272_149 },
    { preset: 'resnet', size: 'large', height: 16, width: 16, numbers: 11_170_245 },
    { preset: 'resnet', height: 224, width: 200, channels: 3, numbers: 79_637 },
  ])('read images of $height x $width x $channels by $preset $size', async ({ numbers, ...asked }) => {
    const network = setup(asked);

    const { dims, values } = await network.answer('uint8', 0);

    expect(dims).toEqual([2, 5]);
    expect(values.every(Number.isFinite)).toBe(true);
    expect(new Set(network.names).size).toBe(network.names.length);
    expect(network.numbers).toBe(numbers);
  });

  it('answer alike for pixels of bytes and of floats', async () => {
    const { answer } = setup({ preset: 'vgg', height: 12, width: 12 });

    const [bytes, floats] = [await answer('uint8', 3), await answer('float', 3)];

    expect(bytes).toEqual(floats);
  });

  it('draw the weights of a convolution within the bound for all inputs of an output', () => {
    const { network } = setup({ preset: 'vgg', height: 28, width: 28 });
    const place = network.parameters.findIndex(({ name }) => name === 'block_1.conv_0.weight');

    const drawn = Array.from(initialWeights(network, 1).parameters[place]?.data ?? [], Number);

    const bound = Math.sqrt(6 / (32 * 9));
    expect(Math.max(...drawn.map(Math.abs))).toBeLessThanOrEqual(bound);
    expect(Math.max(...drawn)).toBeGreaterThan(0.95 * bound);
  });
});
