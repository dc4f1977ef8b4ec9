import { attentions, microsoftFused } from './attention';
import { controlFlow } from './control-flow';
import { elementwise } from './elementwise';
import { indexing } from './indexing';
import { machineLearning } from './machine-learning';
import { matrix } from './matrix';
import { movement } from './movement';
import { normalization, previewTraining } from './normalization';
import type { Operator, OperatorTable } from './operator';
import { microsoftQuantization, quantization } from './quantization';
import { random } from './random';
import { recurrences } from './recurrences';
import { reduction } from './reduction';
import { resampling } from './resampling';
import { sequences } from './sequences';
import { signal } from './signal';
import { text } from './text';
import { windows } from './windows';

/** Every operator that the graph language knows, by domain (`''` is ai.onnx) and name. */
export const operators: Readonly<Record<string, OperatorTable>> = {
  '': {
    ...elementwise,
    ...matrix,
    ...reduction,
    ...movement,
    ...indexing,
    ...normalization,
    ...windows,
    ...resampling,
    ...recurrences,
    ...attentions,
    ...quantization,
    ...random,
    ...signal,
    ...text,
    ...sequences,
    ...controlFlow,
  },
  'ai.onnx.ml': machineLearning,
  'ai.onnx.preview.training': previewTraining,
  'com.microsoft': { ...microsoftQuantization, ...microsoftFused },
};

/** The operator's entry, or undefined where the language does not know it. */
export function operatorOf(domain: string, op: string): Operator | undefined {
  const table = operators[domain === 'ai.onnx' ? '' : domain];
  return table !== undefined && Object.hasOwn(table, op) ? table[op] : undefined;
}
