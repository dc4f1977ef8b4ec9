/** How an output pixel is placed on the input's axis (ONNX Resize, coordinate_transformation_mode). */
export interface Resampling {
  readonly from: number;
  readonly to: number;
  readonly scale: number;
  readonly mode: string;
  readonly placement: string;
  readonly rounding: string;
  readonly cubicCoefficient: number;
  readonly excludeOutside: boolean;
}

const placements: Readonly<Record<string, (at: number, resampling: Resampling) => number>> = {
  half_pixel: (at, { scale }) => (at + 0.5) / scale - 0.5,
  half_pixel_symmetric: (at, { scale, from, to }) => {
    const adjustment = to / (scale * from);
    const centre = from / 2;
    return centre * (1 - adjustment) + (at + 0.5) / scale - 0.5;
  },
  pytorch_half_pixel: (at, { scale, to }) => (to > 1 ? (at + 0.5) / scale - 0.5 : 0),
  align_corners: (at, { from, to }) => (to === 1 ? 0 : (at * (from - 1)) / (to - 1)),
  asymmetric: (at, { scale }) => at / scale,
};

const roundings: Readonly<Record<string, (at: number) => number>> = {
  round_prefer_floor: (at) => Math.ceil(at - 0.5),
  round_prefer_ceil: (at) => Math.floor(at + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
};

type Weight = readonly [index: number, weight: number];

const nearest = (at: number, { rounding }: Resampling): readonly Weight[] => [
  [roundings[rounding]?.(at) ?? Math.round(at), 1],
];

const linear = (at: number): readonly Weight[] => {
  const low = Math.floor(at);
  return [
    [low, 1 - (at - low)],
    [low + 1, at - low],
  ];
};

/** Keys' convolution kernel (1981). */
function cubicWeight(distance: number, a: number): number {
  const d = Math.abs(distance);
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}

function cubic(at: number, { from, cubicCoefficient, excludeOutside }: Resampling): readonly Weight[] {
  const low = Math.floor(at);
  const weights = [-1, 0, 1, 2].map(
    (step): Weight => [low + step, cubicWeight(at - low - step, cubicCoefficient)],
  );
  if (!excludeOutside) return weights;
  const inside = weights.filter(([index]) => index >= 0 && index < from);
  const total = inside.reduce((sum, [, weight]) => sum + weight, 0);
  return inside.map(([index, weight]): Weight => [index, weight / total]);
}

const modes: Readonly<Record<string, (at: number, resampling: Resampling) => readonly Weight[]>> = {
  nearest,
  linear,
  cubic,
};

/** Whether a matrix can stand for this way of resampling. */
export const isKnownResampling = ({ mode, placement }: Pick<Resampling, 'mode' | 'placement'>): boolean =>
  Object.hasOwn(modes, mode) && Object.hasOwn(placements, placement);

/** Resampling one axis is a matrix [to, from], row-major: each output pixel's weights over the input's pixels. */
export function resizeMatrix(resampling: Resampling): readonly number[] {
  const { from, to, mode, placement } = resampling;
  const matrix = new Array<number>(to * from).fill(0);
  for (let row = 0; row < to; row++) {
    const at = placements[placement]?.(row, resampling) ?? row;
    for (const [index, weight] of modes[mode]?.(at, resampling) ?? []) {
      const place = row * from + Math.min(Math.max(index, 0), from - 1);
      matrix[place] = (matrix[place] ?? 0) + weight;
    }
  }
  return matrix;
}
