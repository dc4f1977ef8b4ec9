import { elementCount } from '../../shared/onnx/element-types';
import type { Tensor } from '../../shared/onnx/ir';
import type { TensorInfo } from '../../shared/ports/model-runtime';
import { maximumElements } from '../../shared/predictions/nested-data';
import { isJsonElementType, type TensorFormat, tensorFormats } from '../../shared/predictions/tensor-formats';

/**
 * Feeds of zeros and empty texts, to time a model that brings no rows: the first axis has `rows` where its size is open,
 * every other open axis has 1. Undefined where an input is of a type that cannot be made, or larger than a request could be.
 */
export function syntheticFeeds(
  inputs: readonly TensorInfo[],
  rows: number,
): Record<string, Tensor> | undefined {
  const feeds: Record<string, Tensor> = {};
  for (const { name, elementType, shape } of inputs) {
    if (!isJsonElementType(elementType)) return undefined;
    const dims = shape.map((size, axis) => (typeof size === 'number' ? size : axis === 0 ? rows : 1));
    if (elementCount(dims) > maximumElements) return undefined;
    const format: TensorFormat = tensorFormats[elementType];
    feeds[name] = { elementType, dims, data: format.open(elementCount(dims)).data };
  }
  return feeds;
}
