import { dropTrainingOutputs } from '../../../../jobs/compression/cleanup/drop-training-outputs';
import { inlineBranches } from '../../../../jobs/compression/cleanup/inline-branches';
import { mergeDuplicates } from '../../../../jobs/compression/cleanup/merge-duplicates';
import { attribute, constant, floats, input, operation, output, scalar } from '../../../../shared/onnx/build';
import type { Model, Value } from '../../../../shared/onnx/ir';
import { model } from '../../../../shared/onnx/model';
import { readModel } from '../../../../shared/onnx/read-model';
import { everyValue } from '../../../../shared/onnx/walk';
import { writeModel } from '../../../../shared/onnx/write-model';
import { runModel } from '../../../support/run-onnx';

const x = input('x', 'float', ['batch', 2]);
const go = input('go', 'bool', []);

const weights = (name: string, values = [1, 2, 3, 4], dims = [2, 2]): Value =>
  constant(floats(dims, values), name);

const setup = (...values: readonly Value[]): Model =>
  model({
    graph: {
      name: 'twice',
      inputs: [x, go],
      outputs: values.map((value, at) => ({ name: `y${at}`, value })),
    },
  });

const opsIn = ({ graph }: Model): readonly string[] =>
  everyValue(graph.outputs.map(({ value }) => value)).flatMap((each) =>
    each.kind === 'operation' ? [each.op] : [],
  );

const constantsIn = ({ graph }: Model): number =>
  everyValue(graph.outputs.map(({ value }) => value)).filter(({ kind }) => kind === 'constant').length;

const branch = (name: string, value: Value) =>
  attribute.graph({ name, inputs: [], outputs: [{ name: 'out', value }] });

const choice = (condition: Value, yes: Value, no: Value): Value =>
  operation('If', [condition], { then_branch: branch('yes', yes), else_branch: branch('no', no) });

const relu = (): Value => operation('Relu', [x]);
const scaled = (alpha: number): Value => operation('LeakyRelu', [x], { alpha: attribute.float(alpha) });

const apart: readonly [string, Value, Value][] = [
  ['nodes of other attributes', scaled(0.1), scaled(0.2)],
  ['random numbers', operation('RandomNormalLike', [x]), operation('RandomNormalLike', [x])],
  ['operators that nobody knows', odd(), odd()],
  ['constants of other sizes', weights('a'), weights('b', [1, 2, 3, 4], [4, 1])],
  ['zero and minus zero', weights('a', [0, 1, 1, 1]), weights('b', [-0, 1, 1, 1])],
];

function odd(): Value {
  return operation('Odd', [x], {}, { domain: 'some.where', types: [x.type] });
}

describe('mergeDuplicates', () => {
  it('keeps one of weights that are alike, and one of what is computed of them', () => {
    const given = setup(operation('MatMul', [x, weights('a')]), operation('MatMul', [x, weights('b')]));

    const { model: merged, changes } = mergeDuplicates.apply(given);

    expect(opsIn(merged)).toEqual(['MatMul']);
    expect(constantsIn(merged)).toBe(1);
    expect(changes).toBe(2);
    expect(readModel(writeModel(merged)).graph.outputs.map(({ name }) => name)).toEqual(['y0', 'y1']);
  });

  it('keeps one of nodes of several outputs that are alike', () => {
    const split = () =>
      operation('Split', [x], { axis: attribute.int(1), num_outputs: attribute.int(2) }, { outputs: 2 });
    const given = setup(output(split(), 1), output(split(), 0), output(split(), 1));

    const { model: merged } = mergeDuplicates.apply(given);

    expect(opsIn(merged)).toEqual(['Split']);
    expect(merged.graph.outputs[0]?.value).toBe(merged.graph.outputs[2]?.value);
  });

  it.each(apart)('keeps %s apart', (_, a, b) => {
    const given = setup(a, b);

    const { model: merged, changes } = mergeDuplicates.apply(given);

    expect(changes).toBe(0);
    expect(merged).toBe(given);
  });

  it('takes what a branch computes from the graph around it, but keeps two branches apart', () => {
    const inside = choice(go, operation('Neg', [relu()]), operation('Exp', [scaled(0.1)]));
    const given = setup(relu(), inside, choice(operation('Not', [go]), scaled(0.1), x));

    const { model: merged } = mergeDuplicates.apply(given);

    expect(opsIn(merged).filter((op) => op === 'Relu')).toHaveLength(1);
    expect(opsIn(merged).filter((op) => op === 'LeakyRelu')).toHaveLength(2);
  });
});

describe('inlineBranches', () => {
  it.each([
    [true, [2, -3]],
    [false, [0, 3]],
  ])('puts the branch that is taken on %s in the place of the If', async (condition, expected) => {
    const both = (name: string, a: Value, b: Value) =>
      attribute.graph({
        name,
        inputs: [],
        outputs: [
          { name: 'first', value: a },
          { name: 'second', value: b },
        ],
      });
    const chosen = operation(
      'If',
      [constant(scalar(condition, 'bool'))],
      {
        then_branch: both('yes', x, operation('Neg', [x])),
        else_branch: both('no', operation('Neg', [x]), operation('Relu', [x])),
      },
      { outputs: 2 },
    );
    const given = setup(operation('Relu', [chosen]), output(chosen, 1));

    const { model: inlined, changes } = inlineBranches.apply(given);

    const feeds = { x: floats([1, 2], [2, 3]), go: scalar(true, 'bool') };
    const results = await runModel(writeModel(inlined), feeds);
    expect(opsIn(inlined)).not.toContain('If');
    expect(changes).toBe(2);
    expect([results.y0?.data[0], results.y1?.data[1]]).toEqual(expected);
  });

  it('keeps an If whose condition is given', () => {
    const given = setup(choice(go, relu(), x));

    const { changes } = inlineBranches.apply(given);

    expect(changes).toBe(0);
  });
});

describe('dropTrainingOutputs', () => {
  const dropped = (): [Value, Value] => {
    const node = operation('Dropout', [x], {}, { outputs: 2 });
    return [node, output(node, 1)];
  };
  const learnt = (attributes: Parameters<typeof operation>[2]): [Value, Value] => {
    const parameters = [1, 2, 3, 4].map(() => constant(floats([2], [1, 1])));
    const node = operation('BatchNormalization', [x, ...parameters], attributes, { outputs: 3 });
    return [node, output(node, 1)];
  };

  it('drops masks, as outputs of the model and of the node', () => {
    const given = setup(...dropped());

    const { model: cleaned, changes } = dropTrainingOutputs.apply(given);

    expect(
      cleaned.graph.outputs.map(({ name, value }) => [
        name,
        value.kind === 'operation' && value.types.length,
      ]),
    ).toEqual([['y0', 1]]);
    expect(changes).toBe(2);
  });

  it('keeps a mask that is read, and one that is all that the model gives out', () => {
    const [node, mask] = dropped();
    const read = setup(node, operation('Not', [mask]));
    const alone = setup(mask);

    const changes = [read, alone].map((given) => dropTrainingOutputs.apply(given).changes);

    expect(changes).toEqual([0, 0]);
  });

  it('drops the statistics of a normalization that learns nothing, and keeps those of one that does', () => {
    const fixed = setup(...learnt({}));
    const learning = setup(...learnt({ training_mode: attribute.int(1) }));

    const changes = [fixed, learning].map((given) => dropTrainingOutputs.apply(given).changes);

    expect(changes).toEqual([2, 0]);
  });
});
