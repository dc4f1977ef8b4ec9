import { subgraphsOf } from './attributes';
import { elementCount } from './element-types';
import type { Attribute, Graph, OperationValue, Tensor, Value } from './ir';
import { type Layout, layOut } from './layout';
import type { Scope } from './place-values';
import { printShape, printType } from './shapes';

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

function printNode(node: OperationValue, { names, placement }: Layout): string {
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

function printScope(scope: Scope, layout: Layout): readonly string[] {
  const { graph, constants, nodes } = scope;
  const { names, placement } = layout;
  const inputs = graph.inputs.map((bound) => `${names.of(bound)}: ${printType(bound.type)}`);
  const lines = constants.map((value) => `${names.of(value)} = ${printTensor(value.tensor)}`);
  for (const node of nodes) {
    lines.push(printNode(node, layout));
    for (const body of subgraphsOf(node.attributes)) {
      const inner = placement.scopes.get(body);
      for (const line of inner === undefined ? [] : printScope(inner, layout)) lines.push(line);
    }
  }
  const given = graph.outputs.map(({ value }) => names.of(value));
  return [
    `${graph.name || 'graph'}(${inputs.join(', ')}) {`,
    ...lines.map((line) => `  ${line}`),
    `  return ${given.join(', ')}`,
    '}',
  ];
}

/** The graph as people read it: one line a node, with the names that the file would have, bodies indented. */
export function printGraph(graph: Graph): string {
  const layout = layOut(graph);
  return printScope(layout.placement.root, layout).join('\n');
}
