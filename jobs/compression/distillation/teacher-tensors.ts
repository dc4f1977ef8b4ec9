import type { ModelSignature } from '../../../shared/contracts/model';
import { UnsuitableModelError } from '../../../shared/errors/compression-errors';
import { BadSpecError } from '../../../shared/errors/job-errors';
import { input } from '../../../shared/onnx/build';
import type { Graph, Model, Value } from '../../../shared/onnx/ir';
import { readModel } from '../../../shared/onnx/read-model';
import { elementTypeOf, printType } from '../../../shared/onnx/shapes';
import { everyValue } from '../../../shared/onnx/walk';
import { nearestNames } from '../../datasets/nearest-names';
import { bindInputs } from '../../training/finetune/bind-inputs';
import { rowDims } from '../../training/finetune/cut-graph';
import { rowsAxis } from '../../training/finetune/refine-rows';
import { layerNames } from '../layer-names';

/** A tensor of a teacher's inside that it gives out. */
export interface TeacherTensor {
  readonly output: string;
  /** Of a row. */
  readonly dims: readonly number[];
}

export interface OpenedTeacher {
  readonly model: Model;
  /** In the order in which they were asked for. */
  readonly tensors: readonly TeacherTensor[];
}

/** The graph over inputs of any number of rows, with the row sizes that the signature knows. */
function withRows({ graph }: Model, { inputs }: ModelSignature): Graph {
  const given = graph.inputs.map((each): [string, Value] => {
    const row = inputs.find(({ name }) => name === each.name)?.shape ?? [];
    const sizes = row.map((size) => (size < 0 ? undefined : size));
    return [each.name, input(each.name, elementTypeOf(each) ?? 'float', [rowsAxis, ...sizes])];
  });
  return bindInputs(graph, new Map(given));
}

/** Values by the names of layers, and by those of the weights that they read. */
function valuesByLayer(graph: Graph): ReadonlyMap<string, Value> {
  const byLayer = [...layerNames(graph)].map(([node, name]) => [name, node] as const);
  const byWeight = everyValue(graph.outputs.map(({ value }) => value)).flatMap((node) =>
    node.kind === 'operation'
      ? node.inputs.flatMap((each) =>
          each?.kind === 'constant' && each.name !== undefined ? [[each.name, node] as const] : [],
        )
      : [],
  );
  // the first reader of a weight, and a layer's own name ahead of a weight's
  return new Map<string, Value>([...byWeight.toReversed(), ...byLayer]);
}

function unknownTensor(name: string, index: number, known: readonly string[]): BadSpecError {
  const near = nearestNames(name, known).map((each) => `'${each}'`);
  const detail = `the teacher has no value, layer or weight '${name}'; the nearest are: ${near.join(', ')}`;
  return new BadSpecError(`features: ${detail}`, [{ pointer: `/features/${index}/teacher`, detail }]);
}

function checked(name: string, value: Value): readonly number[] {
  const dims = rowDims(value);
  if (dims !== undefined && dims.length > 0 && elementTypeOf(value) === 'float') return dims;
  throw new UnsuitableModelError(
    `the teacher's '${name}' is ${printType(value.type)}, and what is matched are floats of known sizes, some of each row`,
  );
}

/** A teacher that also gives out tensors of its inside: by their names in its file, or those of layers or weights. */
export function teacherTensors(
  bytes: Uint8Array,
  signature: ModelSignature,
  wanted: readonly string[],
): OpenedTeacher {
  let known: readonly string[] = [];
  const source = readModel(bytes, {
    giveOut: (names) => {
      known = names;
      return [...new Set(wanted)].filter((name) => names.includes(name));
    },
  });
  const own = signature.outputs.map(({ name }) => name);
  const graph = withRows(source, signature);
  const byLayer = valuesByLayer(graph);
  const byFile = new Map(
    graph.outputs.flatMap(({ name, value }) => (value.kind === 'constant' ? [] : [[name, value] as const])),
  );
  const found = wanted.map((name, index) => {
    const value = byFile.get(name) ?? byLayer.get(name);
    if (value === undefined) throw unknownTensor(name, index, [...known, ...byLayer.keys()]);
    return { output: `matched_${index}`, value, dims: checked(name, value) };
  });
  const outputs = [
    ...graph.outputs.filter(({ name }) => own.includes(name)),
    ...found.map(({ output, value }) => ({ name: output, value })),
  ];
  return {
    model: { ...source, graph: { ...graph, outputs } },
    tensors: found.map(({ output, dims }) => ({ output, dims })),
  };
}
