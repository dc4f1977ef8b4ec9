import type { Graph, Model, OperationValue, Value } from './ir';
import { everyValue } from './walk';

export interface ModelParts {
  readonly graph: Graph;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Domain -> version, where another than the house's is wanted. */
  readonly opsets?: Readonly<Record<string, number>>;
}

/** The file format's version that goes with `houseOpset`. */
export const houseIrVersion = 10;

/** The version of ai.onnx that we build with. */
export const houseOpset = 21;

/** Versions of the operator sets that we write: all of them run in ONNX Runtime 1.20 and later. */
const houseOpsets: Readonly<Record<string, number>> = {
  '': houseOpset,
  'ai.onnx.ml': 4,
  'ai.onnx.preview.training': 1,
  'com.microsoft': 1,
};

/** The versions that brought operators which the house's own do not have, by domain. */
const newer: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  '': {
    RMSNormalization: 23,
    RotaryEmbedding: 23,
    Attention: 23,
    Swish: 24,
    TensorScatter: 24,
    CumProd: 26,
    BitCast: 26,
  },
  'ai.onnx.ml': { TreeEnsemble: 5 },
};

const isOperation = (value: Value): value is OperationValue => value.kind === 'operation';

/** The lowest version that has all operators of the domain, not below the house's. */
function versionFor(domain: string, nodes: readonly OperationValue[]): number {
  const since = nodes.filter((node) => node.domain === domain).map((node) => newer[domain]?.[node.op] ?? 1);
  return since.reduce((version, each) => Math.max(version, each), houseOpsets[domain] ?? 1);
}

/** A model around a graph, with the versions of just those operator sets that it uses. */
export function model({ graph, metadata = {}, opsets = {} }: ModelParts): Model {
  const nodes = everyValue(graph.outputs.map((output) => output.value)).filter(isOperation);
  const used = [...new Set(['', ...nodes.map((node) => node.domain)])].sort();
  const chosen = used.map((domain) => [domain, opsets[domain] ?? versionFor(domain, nodes)] as const);
  return {
    graph,
    irVersion: houseIrVersion,
    opsets: { ...Object.fromEntries(chosen), ...opsets },
    producer: 'ingot',
    metadata,
  };
}
