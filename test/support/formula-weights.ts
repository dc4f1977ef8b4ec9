import type { Network } from '../../jobs/training/network';
import { floats } from '../../shared/onnx/build';
import { elementCount } from '../../shared/onnx/element-types';
import type { Tensor } from '../../shared/onnx/ir';

/** Weights that another framework is given as easily: element `place` of parameter `index` is sin(1.3 place + index) / 2. */
export const formulaWeights = ({ parameters }: Pick<Network, 'parameters'>): Tensor[] =>
  parameters.map(({ dims }, index) =>
    floats(
      dims,
      Float32Array.from({ length: elementCount(dims) }, (_, place) => Math.sin(1.3 * place + index) / 2),
    ),
  );
