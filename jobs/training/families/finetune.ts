import { type GivenColumn, type MatchedInput, matchInputs } from '../../../shared/datasets/match-inputs';
import type { InputValue, Value } from '../../../shared/onnx/ir';
import { elementTypeOf } from '../../../shared/onnx/shapes';
import { isLists } from '../../datasets/column-values';
import type { NumberStatistics, UnusedColumn } from '../../datasets/fit-statistics';
import { type InputModel, readInputModel } from '../../models/read-input-model';
import { bindInputs, checkRows } from '../finetune/bind-inputs';
import { feedInput } from '../finetune/feed-inputs';
import { hasWeightsInBodies } from '../finetune/find-weights';
import { type NewNetwork, newNetwork } from '../finetune/new-network';
import type { Prefix } from '../finetune/prefix';
import { type Base, readBaseModel } from '../finetune/read-base-model';
import { type Prepared, prepareColumns, prepareTarget, type UsedColumn } from '../prepare';
import type { StoredRows } from '../row-type';
import { outputCount } from '../target-encoding';
import { channelMoments } from './channel-moments';
import type { PrepareFamily, PrepareRequest } from './family';
import { listFacts } from './list-facts';
import { sampledRows } from './sampled-rows';

type Request = PrepareRequest<'finetune'>;

/** Goes on with a model that was trained or imported before: its last layer gives way to a new head, and the rest is trained on. */
export const prepareFinetune: PrepareFamily<'finetune'> = async (request) => {
  const { spec, model, context } = request;
  const file = await readInputModel(context, 'base');
  const base = readBaseModel(file, model.output);
  const matched = matchInputs(base.signature.inputs, await givenColumns(request, base), {
    side: model.input,
  });
  const { value, columns } = bound(base, matched, await statisticsOf(request, matched), model.input);
  const target = await prepareTarget(request);
  const made = newNetwork({
    model,
    value,
    columns,
    outputs: outputCount(target.encoding),
    augmented: spec.augmentation !== undefined,
  });
  for (const line of described(file, base, made)) context.log('info', line);
  if (hasWeightsInBodies(value)) context.log('warn', bodiesStay);
  const { features, row, workingBytes } = made.prefix;
  return {
    ...target,
    network: made.network,
    preprocessing: { inputs: columns, features, workingBytes },
    features: { ...row, ...(await storedFacts(request, matched, made.prefix)) },
    padding: paddingOf(matched),
    ...columnsOf(request, matched, file),
  };
};

const isCounted = (value: Value): boolean => /^u?int(?!8$)/.test(elementTypeOf(value) ?? '');

/** What is known of the rows that are kept, where they are to be changed at random. */
async function storedFacts(
  { spec, split }: Request,
  matched: readonly MatchedInput[],
  { features, frontier }: Prefix,
): Promise<Partial<StoredRows>> {
  if (spec.augmentation === undefined) return {};
  const facts = {
    tokenIds: frontier.some(isCounted),
    padded: matched.some(({ field }) => field.padding !== undefined),
  };
  if (features.kind !== 'input') return { ...facts, deviations: 'unknown' };
  if (elementTypeOf(features) !== 'float') return facts;
  const moments = channelMoments(1);
  for await (const values of sampledRows({ split, name: features.name, seed: spec.seed })) {
    const numbers = isLists(values) ? values.values : values;
    if (numbers instanceof Float32Array) moments.add(numbers);
  }
  return { ...facts, deviations: moments.result().deviations[0] ?? 1 };
}

/** What the model that was there puts behind the end of a sequence. */
const paddingOf = (matched: readonly MatchedInput[]): Record<string, number> =>
  Object.fromEntries(
    matched.flatMap(({ field: { padding }, columns: [column] }) =>
      padding === undefined || column === undefined ? [] : [[column.name, padding ?? Number.NaN]],
    ),
  );

/** The columns to learn from, with what is known of the lists that the model may read. */
async function givenColumns({ split, features }: Request, base: Base): Promise<GivenColumn[]> {
  const names = new Set(base.signature.inputs.map(({ name }) => name));
  const columns = split.table.columns.filter(({ name }) => features.includes(name));
  const isOnly = names.size === 1;
  const given = columns.map(async ({ name, type }): Promise<GivenColumn> => {
    if (type !== 'numbers' || !(isOnly || names.has(name))) return { name, type };
    const { shortest, longest, whole, least, largest } = await listFacts(split, name, 'all');
    const bytes = whole && least >= 0 && largest > 1 && largest <= 255;
    return { name, type, length: { min: shortest, max: longest }, bytes };
  });
  return Promise.all(given);
}

/** Of columns that are read side by side, for what to put where a value is missing. */
async function statisticsOf(
  { split }: Request,
  matched: readonly MatchedInput[],
): Promise<ReadonlyMap<string, NumberStatistics>> {
  const names = matched.flatMap(({ columns }) => (columns.length > 1 ? columns.map(({ name }) => name) : []));
  if (names.length === 0) return new Map();
  const { used } = await prepareColumns(split, names);
  return new Map(
    used.flatMap((column) => (column.kind === 'number' ? [[column.name, column] as const] : [])),
  );
}

interface Bound {
  readonly value: Value;
  readonly columns: readonly InputValue[];
}

/** What the head reads, as an expression over columns. */
function bound(
  { graph }: Base,
  matched: readonly MatchedInput[],
  statistics: ReadonlyMap<string, NumberStatistics>,
  asked: Request['model']['input'],
): Bound {
  const fed = matched.flatMap((each) => {
    const declared = graph.inputs.find(({ name }) => name === each.field.name);
    return declared === undefined
      ? []
      : [{ name: declared.name, ...feedInput(each, declared, { asked, statistics }) }];
  });
  const [output] = bindInputs(graph, new Map(fed.map(({ name, value }) => [name, value]))).outputs;
  if (output === undefined) throw new Error('the base graph lost its output');
  checkRows(output.value, output.name);
  return { value: output.value, columns: fed.flatMap(({ columns }) => columns) };
}

function columnsOf(
  { features }: Request,
  matched: readonly MatchedInput[],
  { name, version }: InputModel,
): Pick<Prepared, 'used' | 'unused'> {
  const used = matched.flatMap(({ field, columns }) =>
    columns.map(
      (column): UsedColumn => ({
        name: column.name,
        kind: `${column.type}, for '${field.name}' of ${name} version ${version}`,
      }),
    ),
  );
  const why = `the model ${name} version ${version} does not read it`;
  const unused = features
    .filter((feature) => !used.some((column) => column.name === feature))
    .map((feature): UnusedColumn => ({ name: feature, kind: 'unused', why }));
  return { used, unused };
}

const bodiesStay = 'weights inside the bodies of If, Loop and Scan are not trained: they stay as they are';

/** What a caller would want to know of the surgery. */
function described({ name, version }: InputModel, base: Base, made: NewNetwork): string[] {
  const { weights, trained, prefix, pooling } = made;
  const learned = weights.filter((weight) => trained.has(weight.name)).length;
  const cached =
    prefix.cachedLayers > 0
      ? `${prefix.cachedLayers} frozen layers are run once per row, and what they give is kept`
      : 'no frozen layers are run ahead of training';
  return [
    `a new head on ${name} version ${version} reads ${base.reads}: ${pooling}`,
    `${learned} of the model's ${weights.length} weights are trained, ${weights.length - learned} stay as they are; ${cached}`,
  ];
}
