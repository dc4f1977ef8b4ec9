import { foldConstants } from '../../../../jobs/compression/cleanup/fold-constants';
import { onnxModelRuntime } from '../../../../shared/adapters/onnxruntime/onnx-model-runtime';
import {
  attribute,
  constant,
  floats,
  input,
  int64s,
  operation,
  scalar,
  tensor,
} from '../../../../shared/onnx/build';
import type { Value } from '../../../../shared/onnx/ir';
import { model } from '../../../../shared/onnx/model';
import { everyValue } from '../../../../shared/onnx/walk';
import type { ModelRuntime } from '../../../../shared/ports/model-runtime';

const x = input('x', 'float', ['batch', 2]);
const matrix = constant(floats([2, 2], [1, 2, 3, 4]), 'w');

function setup(...values: readonly Value[]) {
  const outputs = values.map((value, at) => ({ name: `y${at}`, value }));
  const given = model({ graph: { name: 'folded', inputs: [x], outputs } });
  const real = onnxModelRuntime();
  let loads = 0;
  const runtime: ModelRuntime = {
    load: (bytes, options) => {
      loads++;
      return real.load(bytes, options);
    },
  };
  const opsIn = (roots: readonly Value[]) =>
    everyValue(roots).flatMap((value) => (value.kind === 'operation' ? [value.op] : []));
  const fold = async () => {
    const { model: folded, changes } = await foldConstants.apply(given, {
      runtime,
      signal: new AbortController().signal,
    });
    const roots = folded.graph.outputs.map((output) => output.value);
    return {
      folded,
      changes,
      ops: opsIn(roots),
      constants: everyValue(roots).filter((v) => v.kind === 'constant'),
    };
  };
  return { given, fold, loads: () => loads };
}

const code = { int64: 7 };

const kept: readonly [string, Value][] = [
  ['random numbers', operation('RandomNormal', [], { shape: attribute.ints([2]) })],
  ['random numbers in the shape of a constant', operation('RandomUniformLike', [matrix])],
  [
    'what is dropped at random',
    operation('Dropout', [matrix, constant(scalar(0.5)), constant(scalar(true, 'bool'))]),
  ],
  [
    'a filled tensor that is larger than the list of its sizes',
    operation('ConstantOfShape', [constant(int64s([64, 64]))]),
  ],
  [
    'what is expanded',
    operation('Expand', [constant(floats([1, 64], new Float32Array(64))), constant(int64s([64, 64]))]),
  ],
  [
    'weights that are stored as whole numbers',
    operation('DequantizeLinear', [constant(tensor('int8', [2], [1, 2])), constant(scalar(0.5))]),
  ],
  [
    'a Loop, which may never end',
    operation('Loop', [constant(scalar(2, 'int64')), undefined, matrix], {
      body: attribute.graph(doubling()),
    }),
  ],
  [
    'an operator that nobody knows',
    operation('Odd', [matrix], {}, { domain: 'some.where', types: [matrix.type] }),
  ],
];

function doubling() {
  const [turn, go, state] = [
    input('turn', 'int64', []),
    input('go', 'bool', []),
    input('state', 'float', [2, 2]),
  ];
  const outputs = [
    { name: 'on', value: go },
    { name: 'next', value: operation('Add', [state, state]) },
  ];
  return { name: 'body', inputs: [turn, go, state], outputs };
}

describe('foldConstants', () => {
  it('computes what rests on constants, as many as there are in one session', async () => {
    const sums = constant(floats([2, 2], [1, 2, 3, 4]), 'b');
    const bias = operation('ReduceSum', [sums, constant(int64s([0]))], { keepdims: attribute.int(0) });
    const transposed = operation('Transpose', [operation('Mul', [matrix, matrix])]);
    const { fold, loads } = setup(operation('Add', [operation('MatMul', [x, transposed]), bias]));

    const { ops, changes, constants } = await fold();

    expect(ops).toEqual(['MatMul', 'Add']);
    expect(changes).toBe(2);
    expect(loads()).toBe(1);
    expect(constants.map((value) => value.kind === 'constant' && [value.name, ...value.tensor.data])).toEqual(
      [
        ['w', 1, 9, 4, 16],
        ['b', 4, 6],
      ],
    );
  });

  it.each(kept)('leaves %s as it is', async (_, value) => {
    const { given, fold } = setup(value);

    const { folded, changes } = await fold();

    expect(changes).toBe(0);
    expect(folded).toBe(given);
  });

  it('keeps what others read too in one form, where the other form would take more than a kilobyte', async () => {
    const indices = operation('Cast', [x], { to: attribute.int(code.int64) });
    const tied = (rows: number) => {
      const table = constant(floats([rows, 2], new Float32Array(2 * rows)));
      const embedded = operation('Gather', [table, indices]);
      return operation('MatMul', [embedded, operation('Transpose', [table])]);
    };
    const { fold } = setup(tied(8), tied(512));

    const { ops, changes } = await fold();

    expect(changes).toBe(1);
    expect(ops.filter((op) => op === 'Transpose')).toHaveLength(1);
  });

  it('computes what it can where one constant cannot be computed', async () => {
    const impossible = operation('Gather', [matrix, constant(scalar(7, 'int64'))]);
    const possible = operation('Mul', [matrix, matrix]);
    const condition = operation('Greater', [
      operation('ReduceMax', [x], { keepdims: attribute.int(0) }),
      constant(scalar(9)),
    ]);
    const branch = (name: string, value: Value) =>
      attribute.graph({ name, inputs: [], outputs: [{ name: 'out', value }] });
    const chosen = operation('If', [condition], {
      then_branch: branch('never', operation('Add', [x, impossible])),
      else_branch: branch('always', operation('MatMul', [x, possible])),
    });
    const { fold } = setup(chosen);

    const { ops, changes } = await fold();

    expect(changes).toBe(1);
    expect(ops).toContain('Gather');
    expect(ops).not.toContain('Mul');
  });

  it('fails where the job is aborted', async () => {
    const { given } = setup(operation('Add', [x, operation('Mul', [matrix, matrix])]));
    const tools = { runtime: onnxModelRuntime(), signal: AbortSignal.abort(new Error('cancelled')) };

    const folding = foldConstants.apply(given, tools);

    await expect(folding).rejects.toThrow('cancelled');
  });
});
