import { attribute } from '../../../shared/onnx/attributes';
import { operation } from '../../../shared/onnx/build';
import { ints, unsqueeze } from '../../../shared/onnx/expressions';
import type { Value } from '../../../shared/onnx/ir';
import type { ForwardPass, ParameterSpec } from '../network';

export type CellName = 'lstm' | 'gru';

interface Cell {
  readonly op: string;
  readonly gates: number;
  readonly attributes: Readonly<Record<string, ReturnType<typeof attribute.int>>>;
}

/** PyTorch's cells: its GRU resets behind the recurrent product. */
const cells: Readonly<Record<CellName, Cell>> = {
  lstm: { op: 'LSTM', gates: 4, attributes: {} },
  gru: { op: 'GRU', gates: 3, attributes: { linear_before_reset: attribute.int(1) } },
};

export interface RecurrentOptions {
  readonly name: string;
  readonly cell: CellName;
  readonly inputs: number;
  readonly hidden: number;
}

/** One direction of one recurrent layer. */
export interface Recurrent {
  readonly parameters: readonly ParameterSpec[];
  /** `[length, batch, inputs]` to the state behind each step, `[length, batch, hidden]`. */
  readonly apply: (sequence: Value, pass: Pick<ForwardPass, 'parameter'>) => Value;
}

/**
 * Long short-term memory (Hochreiter and Schmidhuber, 1997) or gated recurrent unit (Cho et al., 2014), from a state of
 * zeros. Weights are laid out and drawn as PyTorch's are: `weight_ih` `[gates * hidden, inputs]`, `weight_hh`
 * `[gates * hidden, hidden]` and two biases, uniform within 1 / sqrt(hidden). The gates alone are in ONNX's order: input,
 * output, forget, cell for LSTM (PyTorch: input, forget, cell, output); update, reset, new for GRU (PyTorch: reset, update,
 * new).
 */
export function recurrent({ name, cell, inputs, hidden }: RecurrentOptions): Recurrent {
  const { op, gates, attributes } = cells[cell];
  const rows = gates * hidden;
  const initialiser = { limit: 1 / Math.sqrt(hidden) };
  const dims = { weight_ih: [rows, inputs], weight_hh: [rows, hidden], bias_ih: [rows], bias_hh: [rows] };
  return {
    parameters: Object.entries(dims).map(([part, sizes]) => ({
      name: `${name}.${part}`,
      dims: sizes,
      initialiser,
    })),
    apply(sequence, { parameter }) {
      const biases = operation('Concat', [parameter(`${name}.bias_ih`), parameter(`${name}.bias_hh`)], {
        axis: attribute.int(0),
      });
      const weights = [parameter(`${name}.weight_ih`), parameter(`${name}.weight_hh`), biases];
      const given = [sequence, ...weights.map((value) => unsqueeze(value, [0]))];
      const states = operation(op, given, { hidden_size: attribute.int(hidden), ...attributes });
      return operation('Squeeze', [states, ints([1])]);
    },
  };
}
