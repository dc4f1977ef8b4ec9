import { output } from '../../../../shared/onnx/build';
import type { Model, OperationValue, Value } from '../../../../shared/onnx/ir';
import { type Surveyed, survey } from './choose-layers';
import { dataInputsOf, type Role, roleOf } from './operator-roles';
import type { WeightedLayer } from './weighted-layers';

/** Which values of a model become int8, and which of them have one scale together. */
export interface StaticPlan extends Surveyed {
  /** By what each gives: a node with weights, or the Add of its bias. */
  readonly layers: ReadonlyMap<Value, WeightedLayer>;
  /** Nodes without weights between them, by their roles. */
  readonly between: ReadonlyMap<OperationValue, Role>;
  /** Results that are int8: whoever reads them reads the decoded integers. */
  readonly stored: ReadonlySet<Value>;
  /** Every value that is quantized, and the one that stands for all that have its scale. */
  readonly leaders: ReadonlyMap<Value, Value>;
  /** Of them, those whose range is not that of others. */
  readonly sources: readonly Value[];
}

type Parts = Pick<StaticPlan, 'layers' | 'between'>;

const resultsOf = (node: OperationValue): readonly Value[] =>
  node.types.map((_, index) => output(node, index));

const nodeOf = (value: Value): Value => (value.kind === 'projection' ? value.of : value);

/** Plans int8 for a model; `keep` names layers that stay in floats. */
export function planStatic(model: Model, keep: ReadonlySet<string>): StaticPlan {
  const surveyed = survey(model, keep);
  const layers = new Map(
    surveyed.found.flatMap(({ layer }) => (layer === undefined ? [] : [[layer.result, layer] as const])),
  );
  const parts = { layers, between: nodesBetween(surveyed, layers, keep) };
  const absorbed = absorbedBy(surveyed, parts);
  const stored = storedResults(surveyed, parts, absorbed);
  const tied = [...parts.between].flatMap(([node, role]) =>
    role === 'rescales' || absorbed.has(node) ? [] : [node],
  );
  const quantized = new Set([...readAsIntegers(parts, absorbed), ...stored]);
  const derived = new Set(tied.flatMap(resultsOf));
  const sources = [...quantized].filter((value) => !derived.has(value));
  return { ...surveyed, ...parts, stored, leaders: leadersOf(quantized, tied), sources };
}

/** Nodes whose inputs come of layers and whose results go to layers, through nothing but their like. */
function nodesBetween(
  { nodes, names }: Surveyed,
  layers: StaticPlan['layers'],
  keep: ReadonlySet<string>,
): ReadonlyMap<OperationValue, Role> {
  const isWanted = (node: OperationValue, role: Role) =>
    role === 'rescales' && keep.has(names.get(node) ?? '');
  const behind = new Map<Value, Role | undefined>();
  for (const node of nodes) {
    const role = layers.has(node) ? undefined : roleOf(node);
    const isBehind = role !== undefined && dataInputsOf(node).some((value) => behind.has(nodeOf(value)));
    if (layers.has(node) || (isBehind && !isWanted(node, role))) behind.set(node, role);
  }
  const ahead = new Set<Value>([...layers.values()].flatMap(({ node }) => activationsOf(node)));
  const between = new Map<OperationValue, Role>();
  for (const node of nodes.toReversed()) {
    const role = behind.get(node);
    if (role === undefined || !(ahead.has(node) || isFree(node, role, layers))) continue;
    between.set(node, role);
    for (const value of dataInputsOf(node)) ahead.add(nodeOf(value));
  }
  return between;
}

const activationsOf = ({ inputs: [activations] }: OperationValue): readonly Value[] =>
  activations === undefined ? [] : [nodeOf(activations)];

/** A Relu behind a layer that gives integers costs nothing, whoever reads it. */
const isFree = (node: OperationValue, role: Role, layers: StaticPlan['layers']): boolean =>
  role === 'bounds' && dataInputsOf(node).some((value) => layers.get(value)?.givesIntegers === true);

/** What each node's work is done for by the range of: the node that bounds it, and the value that it bounds. */
type Absorbed = ReadonlyMap<Value, Value>;

const readAsIntegers = ({ layers, between }: Parts, absorbed: Absorbed): readonly Value[] => [
  ...[...layers.values()].flatMap(({ node }) => node.inputs[0] ?? []),
  ...[...between.keys()].flatMap((node) => (absorbed.has(node) ? [] : dataInputsOf(node))),
];

/** Nodes that the range of what they bound can do the work of: its only readers, where it has a scale of its own. */
function absorbedBy({ readers, outputs }: Surveyed, { layers, between }: Parts): Absorbed {
  const absorbed = new Map<Value, Value>();
  for (const [node, role] of between) {
    const [bounded] = dataInputsOf(node);
    if (role !== 'bounds' || bounded?.kind !== 'operation') continue;
    const hasOwnScale = layers.has(bounded) || between.get(bounded) === 'rescales';
    const isReadOnce = readers.get(bounded)?.length === 1 && !outputs.has(bounded);
    if (hasOwnScale && isReadOnce) absorbed.set(node, bounded);
  }
  return absorbed;
}

function storedResults({ nodes }: Surveyed, parts: Parts, absorbed: Absorbed): ReadonlySet<Value> {
  const read = new Set(readAsIntegers(parts, absorbed));
  const replaced = new Set(absorbed.values());
  const results = nodes.flatMap((node) => {
    const layer = parts.layers.get(node);
    const isStored = layer?.givesIntegers === true || (layer !== undefined && read.has(node));
    return isStored || parts.between.has(node) ? resultsOf(node) : [];
  });
  return new Set(results.filter((value) => !replaced.has(value)));
}

/** For each value the first of those that nodes tie it to. */
function leadersOf(quantized: Iterable<Value>, tied: readonly OperationValue[]): ReadonlyMap<Value, Value> {
  const leaders = new Map<Value, Value>([...quantized].map((value) => [value, value]));
  const leaderOf = (value: Value): Value => {
    const leader = leaders.get(value) ?? value;
    return leader === value ? value : leaderOf(leader);
  };
  for (const node of tied) {
    const [first, ...rest] = [...dataInputsOf(node), ...resultsOf(node)].map(leaderOf);
    for (const other of rest) if (first !== undefined) leaders.set(other, leaderOf(first));
  }
  return new Map([...leaders.keys()].map((value) => [value, leaderOf(value)]));
}
