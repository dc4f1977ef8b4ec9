import { AppError } from '../../../shared/errors/app-error';
import { UnsuitableModelError } from '../../../shared/errors/compression-errors';
import type { Graph, Model, OperationValue, Value } from '../../../shared/onnx/ir';
import { shapeOf } from '../../../shared/onnx/shapes';
import { upgradeModel } from '../../../shared/onnx/upgrade-model';
import { everyValue, rewrite } from '../../../shared/onnx/walk';
import type { LayerDecision, Pass, Passed } from '../pass';
import { type Choices, chooseLayers, floatBytes, type LayerRecipe, type RecipeOf } from './choose-layers';
import { trackValues } from './track-values';
import { findWeightedLayers, type WeightedLayer, type WeightInputs } from './weighted-layers';

/** What a pass over weights is made of. */
export interface WeightPassParts {
  readonly name: string;
  /** The first version of ai.onnx that has all operators of its recipes; older models are upgraded. */
  readonly oldestOpset: number;
  /** Names of layers that stay as they are. */
  readonly keep: readonly string[];
  readonly largestShare: number;
  readonly weightInputs: WeightInputs;
  /** Called once for each model, with the layers that it has. */
  readonly recipes: (layers: readonly WeightedLayer[]) => RecipeOf;
}

interface Taken {
  readonly layer: WeightedLayer;
  readonly recipe: LayerRecipe;
}

/** A pass that needs nothing but the model. */
export interface WeightPass extends Pass {
  apply(model: Model): Passed;
}

/** A pass that stores weights in fewer bits, each weight once, whoever shares it. */
export const weightPass = (parts: WeightPassParts): WeightPass => ({
  name: parts.name,
  apply(model) {
    const layers = findWeightedLayers(model.graph, parts.weightInputs);
    const recipeOf = parts.recipes(layers);
    const choices = chooseLayers({ graph: model.graph, layers, recipeOf, ...parts });
    const taken = [...choices].flatMap(([layer, recipe]) =>
      typeof recipe === 'string' ? [] : [{ layer, recipe }],
    );
    if (taken.length === 0) return { model, layers: decisionsOf(choices, new Map()) };
    const { model: changed, results } = replaceLayers(upgraded(model, taken, parts), taken);
    return { model: changed, layers: decisionsOf(choices, results) };
  },
});

interface Ready {
  readonly model: Model;
  /** The taken layers' nodes in it. */
  readonly nodes: readonly Value[];
}

function upgraded(model: Model, taken: readonly Taken[], { name, oldestOpset }: WeightPassParts): Ready {
  const nodes = taken.map(({ layer }) => layer.node);
  const opset = model.opsets[''] ?? 1;
  if (opset >= oldestOpset) return { model, nodes };
  let newer = model;
  try {
    const { graph, values } = trackValues(model.graph, nodes, (whole) => {
      newer = upgradeModel({ ...model, graph: whole });
      return newer.graph;
    });
    return { model: { ...newer, graph }, nodes: values };
  } catch (cause) {
    if (!(cause instanceof AppError)) throw cause;
    throw new UnsuitableModelError(
      `the model uses ONNX opset ${opset}, and ${name} needs ${oldestOpset} or later: ${cause.message}`,
    );
  }
}

type Results = ReadonlyMap<WeightedLayer, Value>;

function replaceLayers({ model, nodes }: Ready, taken: readonly Taken[]): { model: Model; results: Results } {
  const recipes = new Map<Value, LayerRecipe>();
  for (const [at, node] of nodes.entries()) {
    const recipe = taken[at]?.recipe;
    if (recipe !== undefined) recipes.set(node, recipe);
  }
  const { graph, values } = trackValues(model.graph, nodes, (whole) =>
    rewrite(whole, (value, rebuilt) =>
      rebuilt.kind === 'operation' ? recipes.get(value)?.build(rebuilt) : undefined,
    ),
  );
  const results = new Map<WeightedLayer, Value>();
  for (const [at, value] of values.entries()) {
    const layer = taken[at]?.layer;
    if (layer !== undefined) results.set(layer, value);
  }
  return { model: { ...model, graph, opsets: opsetsOf(model, graph) }, results };
}

const isOperation = (value: Value): value is OperationValue => value.kind === 'operation';

/** The recipes bring operators that only ONNX Runtime defines. */
function opsetsOf({ opsets }: Model, graph: Graph): Model['opsets'] {
  const nodes = everyValue(graph.outputs.map(({ value }) => value)).filter(isOperation);
  const needed = nodes.some(({ domain }) => domain === 'com.microsoft');
  return needed ? { 'com.microsoft': 1, ...opsets } : opsets;
}

/** A weight that several layers share counts with the first of them. */
function decisionsOf(choices: Choices, results: Results): LayerDecision[] {
  const counted = new Set<Value>();
  return [...choices].map(([layer, choice]) => {
    const { node, name, weights, inBody } = layer;
    const own = weights.map(({ constant }) => !counted.has(constant) && counted.add(constant) !== undefined);
    const bytes = (of: (at: number) => number) =>
      weights.reduce((total, _, at) => total + (own[at] ? of(at) : 0), 0);
    const before = (at: number) => {
      const constant = weights[at]?.constant;
      return constant === undefined ? 0 : floatBytes(constant);
    };
    const kept = typeof choice === 'string' ? choice : undefined;
    const after = typeof choice === 'string' ? undefined : results.get(layer);
    return {
      layer: name,
      operator: node.op,
      shape: weights[0].constant.tensor.dims,
      bytesBefore: bytes(before),
      bytesAfter: bytes(typeof choice === 'string' ? before : (at) => choice.bytes[at] ?? 0),
      ...(kept === undefined ? {} : { kept }),
      ...(after === undefined || inBody || !sameRank(node, after)
        ? {}
        : { results: { before: node, after } }),
    };
  });
}

const sameRank = (before: Value, after: Value): boolean => shapeOf(before)?.length === shapeOf(after)?.length;
