import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, type NodeProto, TensorProtoSchema } from 'onnx-buf';
import {
  descend,
  type GradientTransformation,
} from '../../../jobs/training/optimizers/gradient-transformation';
import { optimizerOf } from '../../../jobs/training/optimizers/optimizer-of';
import { constantSchedule } from '../../../jobs/training/schedules';
import { optimizerSpec } from '../../../shared/contracts/training/optimizer-spec';
import { floats, input, tensor } from '../../../shared/onnx/build';
import type { InputValue, Tensor } from '../../../shared/onnx/ir';
import { runGraph } from '../../support/run-graph';

const cases = join(__dirname, '../../../../shared/onnx-node-tests');
const found = existsSync(cases);

type Values = Record<string, number[]>;

function readValues(folder: string, kind: string): Values {
  const files = readdirSync(folder).filter((name) => name.startsWith(kind));
  const tensors = files.map((name) =>
    fromBinary(TensorProtoSchema, new Uint8Array(readFileSync(join(folder, name)))),
  );
  return Object.fromEntries(
    tensors.map(({ name, rawData }) => [name, [...new Float32Array(rawData.slice().buffer)]]),
  );
}

function readCase(name: string) {
  const folder = join(cases, name);
  const { graph } = fromBinary(ModelProtoSchema, new Uint8Array(readFileSync(join(folder, 'model.onnx'))));
  const node = graph?.node[0];
  if (node === undefined) throw new Error(`${name} has no node`);
  const data = join(folder, 'test_data_set_0');
  return { node, inputs: readValues(data, 'input'), outputs: readValues(data, 'output') };
}

const attributeOf = (node: NodeProto, name: string) =>
  node.attribute.find((found) => found.name === name)?.f ?? 0;
const shortened = (value: number) => Number(value.toPrecision(7));

type SpecOf = (read: (name: string) => number) => object;
const adam: SpecOf = (read) => ({
  name: 'adam',
  beta1: read('alpha'),
  beta2: read('beta'),
  epsilon: read('epsilon'),
  weight_decay: read('norm_coefficient'),
});
const momentum =
  (nesterov: boolean): SpecOf =>
  (read) => ({ name: 'sgd', momentum: read('alpha'), nesterov, weight_decay: read('norm_coefficient') });
const adagrad: SpecOf = (read) => ({
  name: 'adagrad',
  epsilon: read('epsilon'),
  weight_decay: read('norm_coefficient'),
});

/** Our Adam keeps its moments without (1 - beta); the cases are of T = 0, where ONNX corrects no bias: as after many steps. */
const moments = {
  adam: (read: (name: string) => number) => ({ V: 1 - read('alpha'), H: 1 - read('beta') }),
  other: () => ({ V: 1, H: 1 }),
};
const manySteps = tensor('int64', [], [1_000_000]);

async function step(
  optimizer: GradientTransformation,
  parameters: InputValue[],
  given: (index: number) => Tensor[],
) {
  const gradients = parameters.map(({ name, type }) =>
    input(`G_${name}`, 'float', type.kind === 'tensor' ? type.shape : undefined),
  );
  const initial = optimizer.init(parameters);
  const states = initial.map(({ tensor: { elementType, dims } }, index) =>
    input(`state_${index}`, elementType, dims),
  );
  const { updates, state } = optimizer.update({ values: gradients }, states, parameters);
  const next = [...descend(parameters, updates), ...state];
  const inputs = [...parameters, ...gradients, ...states];
  const fed = [...given(0), ...given(1), ...given(2)];
  const feeds = new Map(inputs.flatMap((value, index) => (fed[index] ? [[value, fed[index]] as const] : [])));
  return runGraph(feeds, Object.fromEntries(next.map((value, index) => [`next_${index}`, value])));
}

(found ? describe : describe.skip)(
  found
    ? "ONNX's own cases of its optimizers"
    : "ONNX's own cases of its optimizers: skipped, ../shared/onnx-node-tests is absent",
  () => {
    it.each<[string, SpecOf, readonly string[]]>([
      ['test_adam', adam, ['V', 'H']],
      ['test_adam_multiple', adam, ['V', 'H']],
      ['test_momentum', momentum(false), ['V']],
      ['test_momentum_multiple', momentum(false), ['V']],
      ['test_nesterov_momentum', momentum(true), ['V']],
      ['test_adagrad', adagrad, ['H']],
      ['test_adagrad_multiple', adagrad, ['H']],
    ])('%s', async (name, specOf, memories) => {
      const { node, inputs, outputs } = readCase(name);
      const read = (attribute: string) => shortened(attributeOf(node, attribute));
      const isAdam = node.opType === 'Adam';
      const scale: Record<string, number> = moments[isAdam ? 'adam' : 'other'](read);
      const keys = Object.keys(inputs)
        .filter((key) => key.startsWith('X'))
        .map((key) => key.slice(1));
      const of = (letter: string) =>
        keys.map((key) => {
          const values = (inputs[letter + key] ?? inputs[`H${key}`] ?? []).map(
            (value) => value / (scale[letter] ?? 1),
          );
          return floats([values.length], values);
        });
      const optimizer = optimizerOf(optimizerSpec.parse(specOf(read)), constantSchedule(inputs.R?.[0] ?? 0));
      const state = [...(isAdam ? [manySteps] : []), ...memories.flatMap(of), manySteps];
      const groups = [of('X'), of('G'), state];

      const results = await step(
        optimizer,
        keys.map((key) => input(`X${key}`, 'float', [inputs[`X${key}`]?.length ?? 0])),
        (index) => groups[index] ?? [],
      );

      const got = Object.values(results).map(({ data }) => Array.from(data, Number));
      const expected = ['X', ...memories].flatMap((letter) =>
        keys.map((key) =>
          (outputs[`${letter}${key}_new`] ?? []).map((value) => value / (scale[letter] ?? 1)),
        ),
      );
      const compared = got
        .toSpliced(isAdam ? keys.length : got.length, isAdam ? 1 : 0)
        .slice(0, expected.length);
      compared.forEach((values, index) => {
        values.forEach((value, place) => {
          expect(value / (expected[index]?.[place] ?? Number.NaN)).toBeCloseTo(1, 6);
        });
      });
      expect(compared).toHaveLength((memories.length + 1) * keys.length);
    });
  },
);
