import { input } from '../../../shared/onnx/build';
import { prepareTarget } from '../prepare';
import { outputCount } from '../target-encoding';
import { chosenColumn } from './chosen-column';
import { cnnNetwork } from './cnn-networks';
import type { PrepareFamily } from './family';
import { imageSource } from './image-source';

/** Learns from one column of images, or of lists of numbers that are images: pixels row by row, channels last. */
export const prepareCnn: PrepareFamily<'cnn'> = async (request) => {
  const { spec, model, split, context } = request;
  const { column, unused } = chosenColumn(request);
  const { size, elementType, pixels } = await imageSource({
    split,
    column,
    image: model.image,
    seed: spec.seed,
  });
  const { height, width, channels } = size;
  context.log('info', `images of '${column.name}' are ${height} x ${width} pixels of ${channels} channels`);
  const target = await prepareTarget(request);
  const dims = [height, width, channels];
  const images = input(column.name, elementType, ['batch', ...dims]);
  return {
    ...target,
    network: cnnNetwork(model, { height, width, channels, outputs: outputCount(target.encoding), pixels }),
    preprocessing: { inputs: [images], features: images },
    features: { elementType, dims, deviations: pixels.deviations },
    used: [{ name: column.name, kind: 'image' }],
    unused,
  };
};
