import type { ConstantValue, Model } from '../../shared/onnx/ir';
import { findMatrixLayers, type MatrixLayer, otherReaders } from './find-matrix-layers';
import type { LayerDecision } from './pass';

/** One weight, and every product with it. */
export interface PlannedWeight {
  readonly weight: ConstantValue;
  readonly layers: readonly [MatrixLayer, ...MatrixLayer[]];
  /** Why it stays in floats. */
  readonly kept?: string;
}

/** What int8 promises for the weights that it touches, scales included. */
const largestShare = 0.35;
/** Below this, the nodes that quantize and decode take more bytes and time than the weights give back. */
const fewestWeights = 512;

const floatBytes = ({ rows, columns }: MatrixLayer): number => rows * columns * 4;
const int8Bytes = ({ rows, columns }: MatrixLayer): number => rows * columns + columns * 4;

/** Which weights become int8, and why the others do not. */
export function planInt8(model: Model): readonly PlannedWeight[] {
  const layers = findMatrixLayers(model.graph);
  const readers = otherReaders(model.graph, layers);
  const byWeight = new Map<ConstantValue, [MatrixLayer, ...MatrixLayer[]]>();
  for (const layer of layers) {
    const known = byWeight.get(layer.weight);
    if (known) known.push(layer);
    else byWeight.set(layer.weight, [layer]);
  }
  return [...byWeight].map(([weight, [first, ...rest]]) => {
    const kept = reasonToKeep(first, rest, readers.get(weight));
    return { weight, layers: [first, ...rest], ...(kept === undefined ? {} : { kept }) };
  });
}

function reasonToKeep(
  layer: MatrixLayer,
  others: readonly MatrixLayer[],
  reader: string | undefined,
): string | undefined {
  const { rows, columns, values } = layer;
  if (reader !== undefined) return `also read as floats, by ${reader}`;
  if (others.some(({ transposed, factor }) => transposed !== layer.transposed || factor !== layer.factor))
    return 'shared by layers that read it in different ways';
  if (values.length < fewestWeights)
    return `${values.length} weights are too few to gain: under ${fewestWeights}`;
  if (int8Bytes(layer) > largestShare * floatBytes(layer))
    return `${rows} rows for ${columns} columns are too few to gain: the scales would weigh too much`;
  return values.every(Number.isFinite) ? undefined : 'it holds NaN or infinity';
}

/** The plan in the report's terms. */
export const decisionOf = ({ weight, layers: [layer], kept }: PlannedWeight): LayerDecision => ({
  layer: weight.name ?? `${layer.node.op} ${layer.rows}x${layer.columns}`,
  operator: layer.node.op,
  shape: [layer.rows, layer.columns],
  bytesBefore: floatBytes(layer),
  bytesAfter: kept === undefined ? int8Bytes(layer) : floatBytes(layer),
  ...(kept === undefined ? {} : { kept }),
});
