import type { ModelSignature } from '../../../shared/contracts/model';
import type { Graph, Value } from '../../../shared/onnx/ir';
import { readModel } from '../../../shared/onnx/read-model';
import { printType } from '../../../shared/onnx/shapes';
import { type DeclaredTensor, deriveSignature } from '../../../shared/predictions/derive-signature';
import { inputOfLastLayer, refuseOutput } from './choose-output';
import { plainGraph } from './plain-graph';

export interface BaseFile {
  readonly bytes: Uint8Array;
  readonly signature?: ModelSignature | undefined;
}

/** A model to train on, before its inputs are bound to columns. */
export interface Base {
  /** Its one output is what the new head reads. */
  readonly graph: Graph;
  readonly signature: ModelSignature;
  /** What the head reads, for people. */
  readonly reads: string;
}

/** As the file declares it: an unknown rank is no signature's business here, for binding tells. */
const declared = (name: string, { type }: Value): DeclaredTensor => ({
  name,
  elementType: type.kind === 'tensor' ? type.elementType : 'float',
  shape: type.kind === 'tensor' ? type.shape : undefined,
});

const derived = ({ inputs, outputs }: Graph): ModelSignature =>
  deriveSignature(
    inputs.map((each) => declared(each.name, each)),
    outputs.map(({ name, value }) => declared(name, value)),
  );

/** The graph with the value of this name among its outputs. */
function readWith(bytes: Uint8Array, wanted: string | undefined): Graph {
  let known: readonly string[] = [];
  const model = readModel(bytes, {
    giveOut: (names) => {
      known = names;
      return wanted !== undefined && names.includes(wanted) ? [wanted] : [];
    },
  });
  if (wanted !== undefined && !known.includes(wanted)) refuseOutput(wanted, known);
  return plainGraph(model);
}

/**
 * The model of a file as a graph from its inputs to what a new head reads: the value that is asked for by its name in the
 * file, or else what its last layer reads.
 */
export function readBaseModel({ bytes, signature }: BaseFile, wanted?: string): Base {
  const graph = readWith(bytes, wanted);
  const given = signature ?? derived(graph);
  const value = wanted === undefined ? inputOfLastLayer(graph, given) : graph.outputs.at(-1)?.value;
  if (value === undefined) refuseOutput(wanted ?? '', []);
  const reads = wanted === undefined ? `what its last layer reads, ${printType(value.type)}` : `'${wanted}'`;
  return { graph: { ...graph, outputs: [{ name: wanted ?? 'features', value }] }, signature: given, reads };
}
