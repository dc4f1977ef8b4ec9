import type { Graph, Model, Value } from './ir';
import { everyValue } from './walk';

export interface ModelParts {
  readonly graph: Graph;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Domain -> version, where another than the house's is wanted. */
  readonly opsets?: Readonly<Record<string, number>>;
}

/** Versions of the operator sets that we write: all of them run in ONNX Runtime 1.20 and later. */
const houseOpsets: Readonly<Record<string, number>> = {
  '': 21,
  'ai.onnx.ml': 4,
  'ai.onnx.preview.training': 1,
  'com.microsoft': 1,
};

const houseIrVersion = 10;

const domainsOf = (values: readonly Value[]): readonly string[] =>
  values.flatMap((value) => (value.kind === 'operation' ? [value.domain] : []));

/** A model around a graph, with the versions of just those operator sets that it uses. */
export function model({ graph, metadata = {}, opsets = {} }: ModelParts): Model {
  const used = new Set(['', ...domainsOf(everyValue(graph.outputs.map((output) => output.value)))]);
  const chosen = [...used]
    .sort()
    .map((domain) => [domain, opsets[domain] ?? houseOpsets[domain] ?? 1] as const);
  return {
    graph,
    irVersion: houseIrVersion,
    opsets: { ...Object.fromEntries(chosen), ...opsets },
    producer: 'ingot',
    metadata,
  };
}
