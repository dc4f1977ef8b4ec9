import { train } from '../../../jobs/kinds/train';
import type { InputModel } from '../../../jobs/models/read-input-model';
import { openTeacher, withTeacher } from '../../../jobs/training/teacher';
import { onnxModelRuntime } from '../../../shared/adapters/onnxruntime/onnx-model-runtime';
import { jobManifest } from '../../../shared/contracts/events';
import { trainSpec } from '../../../shared/contracts/kinds/train';
import type { ModelSignature } from '../../../shared/contracts/model';
import { BadSpecError } from '../../../shared/errors/job-errors';
import { attribute, constant, floats, input, operation, tensor } from '../../../shared/onnx/build';
import { multiply, unsqueeze } from '../../../shared/onnx/expressions';
import { model } from '../../../shared/onnx/model';
import { writeModel } from '../../../shared/onnx/write-model';
import { folderJobContext } from '../../support/folder-job-context';
import { ingestRows, penguins } from '../../support/penguins';

const x = input('x', 'float', ['batch']);
const scores = multiply(unsqueeze(x, [1]), constant(floats([1, 3], [0, 1, 2])));
const forms = {
  probabilities: operation('Softmax', [scores], { axis: attribute.int(-1) }),
  scores,
};

interface Setup {
  readonly output?: keyof typeof forms;
  readonly signature?: Partial<ModelSignature>;
  readonly classes?: readonly string[];
  readonly columns?: readonly string[];
}

function setup({ output = 'probabilities', signature = {}, ...asked }: Setup = {}) {
  const { classes = ['bee', 'ant', 'cow'], columns = ['x', 'y'] } = asked;
  const graph = { name: 'teacher', inputs: [x], outputs: [{ name: output, value: forms[output] }] };
  const file: InputModel = {
    name: 'big',
    version: 3,
    lineage: {},
    bytes: writeModel(model({ graph })),
    signature: {
      task: 'classification',
      inputs: [{ name: 'x', type: 'number', element_type: 'float', shape: [] }],
      outputs: [{ name: output, type: 'number', element_type: 'float', shape: [3] }],
      classes: ['ant', 'bee', 'cow'],
      ...signature,
    },
  };
  const load = (bytes: Uint8Array) => onnxModelRuntime().load(bytes, { threads: 1 });
  return () => openTeacher({ file, classes, columns, load });
}

describe('openTeacher', () => {
  it.each(['probabilities', 'scores'] as const)(
    'gives logarithms of probabilities in the order of the classes that are learned, from %s',
    async (output) => {
      const teacher = await setup({ output })();

      const answered = await teacher.logProbabilities({ rows: 2, columns: { x: Float32Array.of(0, 1) } });

      const sum = Math.log(1 + Math.E + Math.E ** 2);
      const expected = [...Array(3).fill(-Math.log(3)), 1 - sum, -sum, 2 - sum];
      expect(teacher.columns).toEqual(['x']);
      answered.forEach((value, at) => {
        expect(value).toBeCloseTo(expected[at] ?? Number.NaN, 5);
      });
    },
  );

  it('stays with numbers where a probability is none', async () => {
    const teacher = await setup()();

    const answered = await teacher.logProbabilities({ rows: 1, columns: { x: Float32Array.of(1e4) } });

    expect([...answered].every(Number.isFinite)).toBe(true);
  });

  it.each<[string, Setup, RegExp]>([
    [
      'other classes, naming both sets',
      { classes: ['ant', 'dog'] },
      /version 3 of the model 'big' tells the classes 'ant', 'bee', 'cow' apart, and the target has 'ant', 'dog'/,
    ],
    ['a model of another task', { signature: { task: 'regression' } }, /is a model of task 'regression'/],
    [
      'columns that are not there',
      { columns: ['y'] },
      /reads the columns 'x', which the data set does not have/,
    ],
  ])('refuses %s', async (_, given, message) => {
    const open = setup(given);

    const opening = open();

    await expect(opening).rejects.toThrow(BadSpecError);
    await expect(opening).rejects.toThrow(message);
  });
});

describe('withTeacher', () => {
  it('puts the class index in front of what the teacher says', () => {
    const labels = tensor('int64', [2], [1, 0]);

    const targets = withTeacher(labels, Float32Array.of(-1, -2, -3, -4));

    expect(targets).toEqual(floats([2, 3], [1, -1, -2, 0, -3, -4]));
  });
});

const common = {
  dataset: 'ds_01J00000000000000000000000',
  target: 'Species',
  seed: 7,
  batch_size: 16,
  epochs: 8,
  optimizer: { name: 'adam', learning_rate: 0.02 },
  register: { name: 'penguins' },
};

describe('training with a teacher', () => {
  it('trains a smaller model on its probabilities', async () => {
    const data = await folderJobContext();
    const inputs = { data: await ingestRows(penguins(), data.folder) };
    const first = await folderJobContext({ inputs });
    const taught = jobManifest.shape.result.parse(await train.run(trainSpec.parse(common), first));
    if (taught.type !== 'model') throw new Error(`the job ended with ${taught.type}`);
    const { signature } = taught;
    const teacher = { name: 'big', version: 1, lineage: {}, ...(signature ? { signature } : {}) };
    const second = await folderJobContext({
      inputs: { ...inputs, teacher: first.outputs.path('model.onnx') },
      models: { teacher },
    });

    const loss = { name: 'kl_divergence', teacher: { name: 'big' }, teacher_fraction: 1 };
    const small = { ...common, model: { family: 'linear' }, loss, features: { exclude: ['Sex'] } };
    const result = jobManifest.shape.result.parse(await train.run(trainSpec.parse(small), second));

    if (result.type !== 'model') throw new Error(`the job ended with ${result.type}`);
    expect(result.metrics).toMatchObject({ test: { accuracy: expect.any(Number) } });
    const { accuracy } = Object(result.metrics.test);
    expect(accuracy).toBeGreaterThan(0.9);
    expect(second.logs.map(({ message }) => message)).toContain("learning from version 1 of the model 'big'");
    await Promise.all([data, first, second].map((each) => each.remove()));
  });
});
