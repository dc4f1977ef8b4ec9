import type { Graph, OperationValue, Value } from '../../../shared/onnx/ir';
import { dependenciesOf } from '../../../shared/onnx/post-order';
import { enclosingBodies, everyValue } from '../../../shared/onnx/walk';
import { dependentOn } from '../../training/finetune/dependent-values';
import { channelRuleOf } from './channel-rules';
import { blockInputs } from './channel-rules/channel-rule';
import { type Axes, ChannelTrace } from './channel-trace';

/** An axis of one index would be taken for one that is read again for each of others. */
function withoutSingles(axes: Axes, trace: ChannelTrace): Axes {
  return axes?.map((axis) => {
    if (axis === undefined || axis.length > 1) return axis;
    trace.block(axis, 'it is taken out alone');
    return undefined;
  });
}

function traceNode(node: OperationValue, trace: ChannelTrace): void {
  const rule = channelRuleOf(node);
  const name = node.domain === '' ? node.op : `${node.domain}.${node.op}`;
  const found = rule?.axes(node, trace) ?? blockInputs(node, trace, `${name} is not known to pruning`);
  trace.nodes.set(
    node,
    node.types.map((_, index) => withoutSingles(found[index], trace)),
  );
}

/**
 * Follows channels through a graph. What bodies of Loop and Scan read, and what any body gives out, is never removed, and
 * neither is what the graph gives out.
 */
export function traceChannels(graph: Graph): ChannelTrace {
  const roots = graph.outputs.map(({ value }) => value);
  const order = everyValue(roots);
  const inside = enclosingBodies(order);
  const isInput = (value: Value) => value.kind === 'input';
  const trace = new ChannelTrace(dependentOn(order, isInput));
  for (const value of order) if (value.kind === 'operation' && !inside.has(value)) traceNode(value, trace);
  const held = (value: Value) =>
    inside.has(value) || (value.kind === 'operation' && channelRuleOf(value) === undefined);
  for (const value of order.filter(held))
    for (const read of dependenciesOf(value))
      trace.blockAll(read, 'a part of the model that stays whole reads it');
  for (const { name, value } of graph.outputs) trace.blockAll(value, `they are the model's output '${name}'`);
  return trace;
}
