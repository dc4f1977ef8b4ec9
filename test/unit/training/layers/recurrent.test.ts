import { type CellName, recurrent } from '../../../../jobs/training/layers/recurrent';
import { constant, floats, input } from '../../../../shared/onnx/build';
import { runGraph } from '../../../support/run-graph';

/** What PyTorch 2's LSTM and GRU make of the same sequences and weights, the gates being in their own order there. */
const states: Readonly<Record<CellName, readonly number[]>> = {
  lstm: [
    0.016827, 0.127179, -0.088561, 0.071486, 0.153516, 0.129591, 0.063115, 0.143403, -0.069055, 0.0774,
    0.137294, 0.118779,
  ],
  gru: [
    0.025277, 0.00061, -0.132732, 0.279698, -0.186175, -0.018391, 0.013774, -0.081359, -0.11319, 0.225545,
    -0.192775, 0.043715,
  ],
};

const [batch, length, values] = [2, 3, 2];

function setup(cell: CellName) {
  const layer = recurrent({ name: 'rnn', cell, inputs: values, hidden: 2 });
  const weights = new Map(
    layer.parameters.map(({ name, dims }, place) => {
      const count = dims.reduce((product, size) => product * size, 1);
      const numbers = Float32Array.from(
        { length: count },
        (_, index) => Math.sin(10 * place + index + 1) / 2,
      );
      return [name, constant(floats(dims, numbers))] as const;
    }),
  );
  const parameter = (name: string) => weights.get(name) ?? constant(floats([0], []));
  const x = input('x', 'float', [length, batch, values]);
  const sequences = Float32Array.from({ length: length * batch * values }, (_, index) => {
    const [step, row, value] = [
      Math.floor(index / (batch * values)),
      Math.floor(index / values) % batch,
      index % values,
    ];
    return Math.cos((row * length + step) * values + value + 1);
  });
  return { layer, parameter, x, given: new Map([[x, floats([length, batch, values], sequences)]]) };
}

describe('recurrent layers', () => {
  it.each(['lstm', 'gru'] as const)('give the states that PyTorch gives with %s', async (cell) => {
    const { layer, parameter, x, given } = setup(cell);

    const { y } = await runGraph(given, { y: layer.apply(x, { parameter }) });

    const byRow = Array.from({ length: batch * length * 2 }, (_, index) => {
      const [row, step, unit] = [Math.floor(index / (length * 2)), Math.floor(index / 2) % length, index % 2];
      return Number(y?.data[(step * batch + row) * 2 + unit]);
    });
    expect(byRow).toEqual(states[cell].map((value) => expect.closeTo(value, 5)));
  });
});
