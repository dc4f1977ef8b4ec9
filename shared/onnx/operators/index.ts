import { controlFlow } from './control-flow';
import { elementwise } from './elementwise';
import { matrix } from './matrix';
import { movement } from './movement';
import type { Operator, OperatorTable } from './operator';
import { reduction } from './reduction';

/** Every operator that the graph language knows, by domain (`''` is ai.onnx) and name. */
export const operators: Readonly<Record<string, OperatorTable>> = {
  '': { ...elementwise, ...matrix, ...reduction, ...movement, ...controlFlow },
};

/** The operator's entry, or undefined where the language does not know it. */
export function operatorOf(domain: string, op: string): Operator | undefined {
  const table = operators[domain === 'ai.onnx' ? '' : domain];
  return table !== undefined && Object.hasOwn(table, op) ? table[op] : undefined;
}
