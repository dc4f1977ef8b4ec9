import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { constant, operation } from '../../../shared/onnx/build';
import type { ElementType, Graph, Model, Tensor, Value } from '../../../shared/onnx/ir';
import { readModel } from '../../../shared/onnx/read-model';
import { upgradeModel } from '../../../shared/onnx/upgrade-model';
import { verifyGraph } from '../../../shared/onnx/verify';
import { everyValue, rewrite } from '../../../shared/onnx/walk';
import { writeModel } from '../../../shared/onnx/write-model';
import { nodeCaseNames, readNodeCase } from '../../support/onnx-node-cases';
import { runModel } from '../../support/run-onnx';

/** The backend tests of ONNX 1.22, and those of 1.12 where Debian's `libonnx-testdata` is installed. */
const roots = [join(__dirname, '../../../../shared/onnx-node-tests'), '/usr/share/libonnx-testdata/data'];

/** Types that abort the whole process in ONNX Runtime 1.30 where a graph takes them in or gives them out. */
const packed: ReadonlySet<ElementType> = new Set(['int4', 'uint4', 'int2', 'uint2', 'float4e2m1']);

/** What ONNX Runtime 1.30 has no kernel, or the Node binding no type, for. So are operators older than opset 7. */
const refused =
  /adagrad|adam|momentum|gradient_of|convinteger_with_padding|_e4m3fn|_e5m2|bfloat16|(gru|lstm|rnn)_batchwise|bitshift_.*uint16|(max|min)_u?int16|pow_types_float32_uint|sequence_|_(opt|seq)$|seq_none|optional_|identity_|strnorm.*(lower|upper|empty)/i;

/** Answers that are drawn: only their shapes can be compared. */
const drawn = /^(Random|Bernoulli|Dropout)/;

/** Sizes that no inference can know, because they depend on the data. */
const dataDependent =
  /^(Compress|NonZero|NonMaxSuppression|Unique|Loop|Scan|StringNormalizer|StringSplit|SequenceAt|ConcatFromSequence)$/;

const opsOf = (graph: Graph): readonly string[] =>
  everyValue(graph.outputs.map((output) => output.value)).flatMap((value) =>
    value.kind === 'operation' ? [value.op] : [],
  );

const isPacked = ({ type }: Value): boolean => type.kind === 'tensor' && packed.has(type.elementType);

function setup(root: string, name: string) {
  const { model: bytes, inputs } = readNodeCase(root, name);
  const model = readModel(bytes);
  const given = model.graph.inputs.slice(0, inputs.length).flatMap((bound, index) => {
    const tensor = inputs[index];
    return tensor === undefined ? [] : [[bound.name, tensor] as const];
  });
  return { bytes, model, feeds: Object.fromEntries(given) };
}

const ran = async (bytes: Uint8Array, feeds: Readonly<Record<string, Tensor>>) =>
  runModel(bytes, feeds).catch((error: unknown) =>
    error instanceof Error ? error : new Error(String(error)),
  );

/** The graph without the types that its file declares, and with shape-giving inputs as literals: what inference alone knows. */
const inferredAlone = ({ graph }: Model, feeds: Readonly<Record<string, Tensor>>): Graph =>
  rewrite(graph, (value, rebuilt) => {
    if (value.kind === 'input') {
      const fed = graph.inputs.includes(value) ? feeds[value.name] : undefined;
      return fed !== undefined && fed.dims.length <= 1 && fed.data.length <= 16 ? constant(fed) : undefined;
    }
    if (rebuilt.kind !== 'operation') return undefined;
    const { op, domain, inputs, attributes, types } = rebuilt;
    return operation(op, inputs, attributes, { domain, outputs: types.length });
  });

const isOldScan = ({ graph, opsets }: Model): boolean =>
  (opsets[''] ?? 1) < 9 && opsOf(graph).includes('Scan');

/** Numbers that another order of the same operations may round otherwise. */
const roughly = (value: number): unknown => (Number.isFinite(value) ? expect.closeTo(value, 4) : value);

describe.each(roots)('the ONNX backend tests in %s', (root) => {
  const names = nodeCaseNames(root);
  const runnable = names.filter((name) => {
    const { graph } = readModel(readNodeCase(root, name).model);
    return ![...graph.inputs, ...graph.outputs.map((output) => output.value)].some(isPacked);
  });
  if (!existsSync(root)) {
    it.skip('are skipped: that folder is not on this machine', () => undefined);
    return;
  }

  it.each(names)('%s survives writing and reading with the same bytes', (name) => {
    const { model } = setup(root, name);

    const once = writeModel(model);
    const twice = writeModel(readModel(once));

    expect(Buffer.compare(once, twice)).toBe(0);
  });

  it.each(runnable)('%s gives the same answers after it was read and written', async (name) => {
    const { bytes, model, feeds } = setup(root, name);
    const expected = await ran(bytes, feeds);

    const found = await ran(writeModel(model), feeds);

    if (expected instanceof Error) {
      if ((model.opsets[''] ?? 1) >= 7) expect(name).toMatch(refused);
      expect(found).toBeInstanceOf(Error);
      return;
    }
    verifyGraph(model.graph);
    const isDrawn = opsOf(model.graph).some((op) => drawn.test(op));
    const shapes = (results: object) => Object.entries(results).map(([key, { dims }]) => [key, dims]);
    if (isDrawn) expect(shapes(found)).toEqual(shapes(expected));
    else expect(found).toEqual(expected);
  });

  it.each(runnable)("%s gives the same answers in today's operators", async (name) => {
    const { bytes, model, feeds } = setup(root, name);
    const results = await ran(bytes, feeds);
    const version = model.opsets[''] ?? 1;
    const isDrawn = opsOf(model.graph).some((op) => drawn.test(op));
    if (results instanceof Error || isDrawn || version < 7 || version >= 21) return;
    if (isOldScan(model)) {
      expect(() => upgradeModel(model)).toThrow(/Scan/);
      return;
    }

    const found = await runModel(writeModel(upgradeModel(model)), feeds);

    for (const [output, expected] of Object.entries(results)) {
      const own = Array.from<unknown, unknown>(expected.data, (value) =>
        typeof value === 'string' ? value : roughly(Number(value)),
      );
      expect(found[output]?.dims).toEqual(expected.dims);
      expect(
        Array.from<unknown, unknown>(found[output]?.data ?? [], (value) =>
          typeof value === 'string' ? value : Number(value),
        ),
      ).toEqual(own);
    }
  });

  it.each(runnable)('%s has the shapes that inference foretold', async (name) => {
    const { bytes, model, feeds } = setup(root, name);
    const results = await ran(bytes, feeds);
    if (results instanceof Error) return;

    const { outputs } = inferredAlone(model, feeds);

    const open = opsOf(model.graph).some((op) => dataDependent.test(op));
    for (const { name: output, value } of outputs) {
      const { type } = value;
      const { elementType, dims } = results[output] ?? { elementType: undefined, dims: [] };
      if (type.kind !== 'tensor') throw new Error(`${output} was inferred to be ${type.kind}`);
      expect(type.elementType).toBe(elementType);
      const foretold = type.shape?.map((size, axis) => (open && size === undefined ? dims[axis] : size));
      expect(foretold ?? (open ? dims : undefined)).toEqual(dims);
    }
  });
});
