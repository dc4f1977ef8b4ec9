import type { ColumnType } from '../contracts/dataset';
import type { ModelSpec } from '../contracts/training/model-spec';
import { BadSpecError } from '../errors/job-errors';

export interface FeatureColumn {
  readonly name: string;
  readonly type: ColumnType;
}

/** What a model family makes of columns: it reads one of these types alone, or all but these types. */
type Reading = { readonly one: readonly ColumnType[] } | { readonly allBut: readonly ColumnType[] };

const scalarColumns: Reading = { allBut: ['numbers', 'image'] };
const everyColumn: Reading = { allBut: [] };

/** A model that is trained on says itself what it reads, and a language model reads its target. */
const readings: { readonly [F in ModelSpec['family']]: (model: ModelSpec) => Reading } = {
  linear: () => scalarColumns,
  mlp: () => scalarColumns,
  cnn: () => ({ one: ['image', 'numbers'] }),
  rnn: () => ({ one: ['numbers'] }),
  transformer: (model) =>
    model.family === 'transformer' && model.form === 'encoder' ? { one: ['numbers'] } : everyColumn,
  finetune: () => everyColumn,
};

const words: Partial<Record<ColumnType, string>> = { image: 'images', numbers: 'lists of numbers' };
const readers: Partial<Record<ColumnType, string>> = { image: 'cnn', numbers: 'cnn, rnn or transformer' };

const wordsOf = (types: readonly ColumnType[]): string =>
  types.map((type) => words[type] ?? type).join(' or ');

const quoted = (columns: readonly FeatureColumn[]): string =>
  columns.map(({ name, type }) => `'${name}' (${type})`).join(', ');

interface AskedColumns {
  readonly target: string;
  readonly features?:
    | { readonly include?: readonly string[] | undefined; readonly exclude?: readonly string[] | undefined }
    | undefined;
}

/** The columns that a spec asks to learn from: those it includes, or all, without the target and those it excludes. */
export function askedFeatures<C extends Pick<FeatureColumn, 'name'>>(
  columns: readonly C[],
  { target, features = {} }: AskedColumns,
): C[] {
  const wanted = new Set(features.include ?? columns.map(({ name }) => name));
  const unwanted = new Set([target, ...(features.exclude ?? [])]);
  return columns.filter(({ name }) => wanted.has(name) && !unwanted.has(name));
}

export interface AskedFeatures {
  readonly model: ModelSpec;
  /** Those that the spec asks to learn from. */
  readonly columns: readonly FeatureColumn[];
  /** JSON Pointer of the train spec. */
  readonly at?: string;
}

/**
 * The columns among these that the model's family reads. `BadSpecError` where there is none, where it could read several
 * but reads one, or where a family of plain columns is given lists or images: nobody should find out from a bad model that
 * they were passed over.
 */
export function readableFeatures({ model, columns, at = '' }: AskedFeatures): readonly FeatureColumn[] {
  const reading = readings[model.family](model);
  if ('one' in reading) return [oneOf(reading.one, { model, columns, at })];
  const long = columns.find(({ type }) => reading.allBut.includes(type));
  if (long === undefined) return columns;
  throw new BadSpecError(
    `the family ${model.family} reads no ${wordsOf([long.type])}, which '${long.name}' holds; choose the family ${readers[long.type]}, or name it in features.exclude`,
    [
      {
        pointer: `${at}/model/family`,
        detail: `cannot read '${long.name}', a column of ${wordsOf([long.type])}`,
      },
    ],
  );
}

function oneOf(types: readonly ColumnType[], { model, columns, at }: Required<AskedFeatures>): FeatureColumn {
  const readable = columns.filter(({ type }) => types.includes(type));
  const [column, ...more] = readable;
  const wanted = wordsOf(types);
  if (column === undefined)
    throw new BadSpecError(
      `the family ${model.family} reads a column of ${wanted}, and the features have none: they are ${quoted(columns)}; choose the family linear or mlp for them`,
      [{ pointer: `${at}/model/family`, detail: `needs a column of ${wanted} among the features` }],
    );
  if (more.length === 0) return column;
  throw new BadSpecError(
    `the family ${model.family} reads one column of ${wanted}, and the features have ${readable.length}: ${quoted(readable)}; name the one in features.include`,
    [{ pointer: `${at}/features/include`, detail: `must name one column of ${wanted}` }],
  );
}
