import { add } from '../../../shared/onnx/expressions';
import type { Network } from '../network';
import { sequential } from './sequential';

/** Adds the input to what a part makes of it (He et al., 2016); `shortcut` changes the input's shape where the part does. */
export function residual(part: Network, shortcut: Network = sequential()): Network {
  return {
    ...sequential(part, shortcut),
    apply: (value, pass) => add(part.apply(value, pass), shortcut.apply(value, pass)),
  };
}
