import { attributeOf } from '../../../shared/onnx/attributes';
import { isFloatType } from '../../../shared/onnx/element-types';
import type { ConstantValue, Graph, OperationValue, Value } from '../../../shared/onnx/ir';
import { everyValue, topologicalOrder } from '../../../shared/onnx/walk';
import { layerNames } from '../layer-names';

/** A constant that a layer reads as its weights. */
export interface Weight {
  /** Which of the node's inputs. */
  readonly input: number;
  readonly constant: ConstantValue;
  /** The layer reads it through a Transpose of its two axes. */
  readonly turned: boolean;
}

/** A node with weights that are part of the model. */
export interface WeightedLayer {
  readonly node: OperationValue;
  /** As in `layer-names.ts`. */
  readonly name: string;
  readonly weights: readonly [Weight, ...Weight[]];
  readonly inBody: boolean;
}

/** Which inputs of an operator can be weights, by its name with the domain in front: `com.microsoft::Attention`. */
export type WeightInputs = Readonly<Record<string, readonly number[]>>;

export const operatorName = ({ domain, op }: OperationValue): string =>
  domain === '' ? op : `${domain}::${op}`;

/** A matrix with its axes swapped, where that is what a value is. */
export function turnedMatrix(value: Value | undefined): ConstantValue | undefined {
  if (value?.kind !== 'operation' || value.op !== 'Transpose' || value.domain !== '') return undefined;
  const [given] = value.inputs;
  const order = attributeOf.ints(value.attributes, 'perm') ?? [1, 0];
  const swaps = given?.kind === 'constant' && given.tensor.dims.length === 2 && order[0] === 1;
  return swaps ? given : undefined;
}

function weightAt(node: OperationValue, input: number): readonly Weight[] {
  const value = node.inputs[input];
  const turned = turnedMatrix(value);
  const constant = turned ?? (value?.kind === 'constant' ? value : undefined);
  if (constant === undefined || !isFloatType(constant.tensor.elementType)) return [];
  return [{ input, constant, turned: turned !== undefined }];
}

/** Every layer of a graph whose operator is in the table and which has constant weights, in bodies too. */
export function findWeightedLayers(graph: Graph, table: WeightInputs): readonly WeightedLayer[] {
  const roots = graph.outputs.map(({ value }) => value);
  const names = layerNames(graph);
  const outside = new Set(topologicalOrder(roots));
  return everyValue(roots).flatMap((node) => {
    if (node.kind !== 'operation') return [];
    const key = operatorName(node);
    const inputs = Object.hasOwn(table, key) ? table[key] : undefined;
    const [first, ...rest] = inputs?.flatMap((input) => weightAt(node, input)) ?? [];
    if (first === undefined) return [];
    return [
      {
        node,
        name: names.get(node) ?? node.op,
        weights: [first, ...rest] as const,
        inBody: !outside.has(node),
      },
    ];
  });
}
