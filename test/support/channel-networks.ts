import type { ChannelGroup } from '../../jobs/compression/pruning/channel-groups';
import { attribute, constant, floats, input, int64s, operation, output } from '../../shared/onnx/build';
import type { ConstantValue, Model, Tensor, Value } from '../../shared/onnx/ir';
import { model } from '../../shared/onnx/model';
import { shapeOf } from '../../shared/onnx/shapes';
import { rewrite } from '../../shared/onnx/walk';
import { noise } from './random-mlp';

const side = 6;

/** Layers over `[batch, channels, height, width]` with weights of a seed. */
class Builder {
  private readonly next: () => number;
  private count = 0;

  constructor(seed: number) {
    this.next = noise(seed);
  }

  /** A whole number from 0 up to but not including `below`. */
  draw(below: number): number {
    return Math.floor(((this.next() + 1) / 2) * below) % below;
  }

  weight(dims: readonly number[], shift = 0): ConstantValue {
    const length = dims.reduce((product, size) => product * size, 1);
    const values = Float32Array.from({ length }, () => this.next() * 0.5 + shift);
    return constant(floats(dims, values), `w${this.count++}`);
  }

  conv(x: Value, made: number, { group = 1, kernel = 3 } = {}): Value {
    const [border, read] = [Math.floor(kernel / 2), channelsOf(x) / group];
    return operation('Conv', [x, this.weight([made, read, kernel, kernel]), this.weight([made])], {
      group: attribute.int(group),
      pads: attribute.ints([border, border, border, border]),
    });
  }

  norm(x: Value): Value {
    const own = () => this.weight([channelsOf(x)]);
    return operation('BatchNormalization', [x, own(), own(), own(), this.weight([channelsOf(x)], 1)]);
  }
}

const channelsOf = (value: Value): number => Number(shapeOf(value)?.[1]);
const relu = (x: Value): Value => operation('Relu', [x]);

type Layer = (x: Value, build: Builder) => Value;

/** Every form in which channels are coupled; all of them leave the place of an image where it is. */
export const layers: Readonly<Record<string, Layer>> = {
  conv: (x, build) => relu(build.conv(x, 4 + build.draw(5))),
  norm: (x, build) => relu(build.norm(build.conv(x, 4 + build.draw(4)))),
  depthwise: (x, build) => relu(build.conv(x, channelsOf(x), { group: channelsOf(x) })),
  multiplied: (x, build) => relu(build.conv(x, 2 * channelsOf(x), { group: channelsOf(x) })),
  /** Two groups of four and more lose the same channels; four groups of two go whole. */
  grouped: (x, build) => relu(build.conv(build.conv(x, 8), 8, { group: [2, 4][build.draw(2)] ?? 2 })),
  prelu: (x, build) => operation('PRelu', [build.conv(x, 6), build.weight([6, 1, 1])]),
  residual: (x, build) => {
    const part = build.conv(relu(build.conv(x, 5)), channelsOf(x));
    return relu(operation('Add', [x, build.norm(part)]));
  },
  concat: (x, build) =>
    operation('Concat', [build.conv(x, 3), relu(build.conv(x, 4, { kernel: 1 }))], {
      axis: attribute.int(1),
    }),
  dense: (x, build) => operation('Concat', [x, build.conv(x, 3)], { axis: attribute.int(1) }),
  split: (x, build) => {
    const sizes = constant(int64s([4, 4]));
    const node = operation('Split', [build.conv(x, 8), sizes], { axis: attribute.int(1) }, { outputs: 2 });
    return operation('Mul', [relu(node), output(node, 1)]);
  },
  slice: (x, build) => {
    const [from, to, axis] = [[2], [7], [1]].map((list) => constant(int64s(list)));
    return operation('Slice', [build.conv(x, 8), from, to, axis]);
  },
  gather: (x, build) => {
    const indices = constant(int64s([5, 0, 3, -1]));
    return operation('Gather', [build.conv(x, 6), indices], { axis: attribute.int(1) });
  },
  resize: (x, build) => {
    const larger = operation('Resize', [
      build.conv(x, 4),
      undefined,
      undefined,
      constant(int64s([2, 4, 2 * side, 2 * side])),
    ]);
    const two = attribute.ints([2, 2]);
    return operation('MaxPool', [larger], { kernel_shape: two, strides: two });
  },
  scaled: (x, build) => operation('Mul', [build.conv(x, 5), build.weight([1, 5, 1, 1])]),
  gated: (x, build) => {
    const wide = build.conv(x, 6);
    const gate = operation('Sigmoid', [build.conv(operation('GlobalAveragePool', [wide]), 6, { kernel: 1 })]);
    return operation('Mul', [wide, gate]);
  },
  shuffled: (x, build) => {
    const apart = operation('Reshape', [build.conv(x, 8), constant(int64s([2, 2, 4, side, side]))]);
    const turned = operation('Transpose', [apart], { perm: attribute.ints([0, 2, 1, 3, 4]) });
    return operation('Reshape', [turned, constant(int64s([2, -1, side, side]))]);
  },
  transposed: (x, build) =>
    operation('ConvTranspose', [x, build.weight([channelsOf(x), 5, 3, 3]), build.weight([5])], {
      pads: attribute.ints([1, 1, 1, 1]),
    }),
  /** Two groups of four lose the same channels; each channel for itself goes whole. */
  'transposed in groups': (x, build) => {
    const group = [2, 8][build.draw(2)] ?? 2;
    const kernel = build.weight([8, 2, 1, 1]);
    return operation('ConvTranspose', [build.conv(x, 8), kernel, build.weight([2 * group])], {
      group: attribute.int(group),
    });
  },
  normalized: (x, build) =>
    operation('InstanceNormalization', [build.conv(x, 6), build.weight([6]), build.weight([6])]),
  padded: (x, build) => {
    const pads = constant(int64s([0, 1, 0, 0, 0, 2, 0, 0]));
    return operation('Add', [operation('Pad', [build.conv(x, 5), pads]), build.conv(x, 8)]);
  },
  blocks: (x, build) => {
    const block = { blocksize: attribute.int(2) };
    const deep = operation('SpaceToDepth', [build.conv(x, 3)], block);
    return operation('DepthToSpace', [build.conv(deep, 12)], block);
  },
};

const heads: readonly Layer[] = [
  (x) => operation('Flatten', [x]),
  (x) => operation('Reshape', [x, constant(int64s([2, -1]))]),
  (x) => operation('Flatten', [operation('GlobalAveragePool', [x])]),
  (x) => operation('ReduceMean', [x, constant(int64s([2, 3]))], { keepdims: attribute.int(0) }),
  (x) => operation('Squeeze', [operation('GlobalMaxPool', [x]), constant(int64s([2, 3]))]),
];

/** A network of the named layers, two dense layers behind them; input `x` `[2, 3, 6, 6]`, output `y` `[2, 3]`. */
export function networkOf(names: readonly string[], seed: number): Model {
  const build = new Builder(seed);
  const x = input('x', 'float', [2, 3, side, side]);
  const image = names.reduce<Value>((value, name) => layers[name]?.(value, build) ?? value, build.conv(x, 6));
  const rows = heads[build.draw(heads.length)]?.(image, build) ?? image;
  const hidden = operation('Gemm', [rows, build.weight([channelsOf(rows), 7]), build.weight([7])]);
  const product = operation('MatMul', [operation('Tanh', [hidden]), build.weight([7, 3])]);
  const y = operation('Add', [product, build.weight([3])]);
  return model({ graph: { name: 'random', inputs: [x], outputs: [{ name: 'y', value: y }] } });
}

/** What a row of the network reads. */
export function imagesOf(seed: number): Tensor {
  const next = noise(seed + 1);
  return floats([2, 3, side, side], Float32Array.from({ length: 6 * side * side }, next));
}

/** The model with all weights of some channels at zero, but for those that read them. */
export function silence(
  given: Model,
  groups: readonly ChannelGroup[],
  isSilent: (group: string, channel: number) => boolean,
): Model {
  const changed = new Map<Value, Float32Array>();
  for (const { name, weights } of groups) {
    for (const { weight, axis, channels, role } of weights) {
      if (role === 'reads' || !(weight.tensor.data instanceof Float32Array)) continue;
      const values = changed.get(weight) ?? weight.tensor.data.slice();
      const inner = weight.tensor.dims.slice(axis + 1).reduce((product, size) => product * size, 1);
      changed.set(
        weight,
        values.map((value, at) => {
          const channel = channels[Math.floor(at / inner) % channels.length] ?? -1;
          return channel >= 0 && isSilent(name, channel) ? 0 : value;
        }),
      );
    }
  }
  const graph = rewrite(given.graph, (value) => {
    const values = changed.get(value);
    if (values === undefined || value.kind !== 'constant') return undefined;
    return constant(floats(value.tensor.dims, values), value.name);
  });
  return { ...given, graph };
}
