import { subgraphsOf } from './attributes';
import { elementCount } from './element-types';
import type { Attribute, Graph, OperationValue, Tensor, Value } from './ir';
import { type Names, nameValues } from './names';
import { type Placement, placeValues, type Scope } from './place-values';
import { separateBodies } from './separate-bodies';
import { printShape, printType } from './shapes';

interface Printer {
  readonly names: Names;
  readonly placement: Placement;
}

const mostShown = 8;

function printTensor({ elementType, dims, data }: Tensor): string {
  const shown = Array.from<unknown, string>(data.slice(0, mostShown), String).join(', ');
  const rest = elementCount(dims) > mostShown ? ', …' : '';
  return `${elementType}${printShape(dims)} {${shown}${rest}}`;
}

function printAttribute(found: Attribute): string {
  switch (found.type) {
    case 'graph':
      return found.value.name || 'graph';
    case 'graphs':
      return `[${found.value.map((graph) => graph.name).join(', ')}]`;
    case 'tensor':
      return printTensor(found.value);
    case 'tensors':
      return `[${found.value.map(printTensor).join(', ')}]`;
    case 'opaque':
      return `<${found.value.length} bytes>`;
    default:
      return JSON.stringify(found.value);
  }
}

function printNode(node: OperationValue, { names, placement }: Printer): string {
  const read: readonly Value[] = [node, ...(placement.projections.get(node)?.values() ?? [])];
  const outputs = read.map((value) => `${names.of(value)}: ${printType(value.type)}`).join(', ');
  const inputs = node.inputs.map((value) => (value === undefined ? '_' : names.of(value))).join(', ');
  const attributes = Object.keys(node.attributes)
    .sort()
    .flatMap((name) => {
      const found = node.attributes[name];
      return found === undefined ? [] : [`${name}=${printAttribute(found)}`];
    });
  const domain = node.domain === '' ? '' : `${node.domain}.`;
  const options = attributes.length === 0 ? '' : ` {${attributes.join(', ')}}`;
  return `${outputs} = ${domain}${node.op}(${inputs})${options}`;
}

function printScope(scope: Scope, printer: Printer): readonly string[] {
  const { graph, constants, nodes } = scope;
  const { names, placement } = printer;
  const inputs = graph.inputs.map((bound) => `${names.of(bound)}: ${printType(bound.type)}`);
  const lines = constants.map((value) => `${names.of(value)} = ${printTensor(value.tensor)}`);
  for (const node of nodes) {
    lines.push(printNode(node, printer));
    for (const body of subgraphsOf(node.attributes)) {
      const inner = placement.scopes.get(body);
      if (inner !== undefined) lines.push(...printScope(inner, printer));
    }
  }
  const given = (names.outputs.get(graph) ?? []).map(({ name, value, carried }) =>
    carried ? `${name}=${names.of(value)}` : name,
  );
  return [
    `${graph.name || 'graph'}(${inputs.join(', ')}) {`,
    ...lines.map((line) => `  ${line}`),
    `  return ${given.join(', ')}`,
    '}',
  ];
}

/** The graph as people read it: one line a node, with the names that the file would have, bodies indented. */
export function printGraph(graph: Graph): string {
  const placement = placeValues(separateBodies(graph));
  return printScope(placement.root, { placement, names: nameValues(placement) }).join('\n');
}
