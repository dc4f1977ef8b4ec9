import type { ColumnType } from '../contracts/dataset';
import { BadSpecError } from '../errors/job-errors';
import type { SignatureField } from '../predictions/field-formats';

/** A column as far as it is known: at submit by its profile, in the job by its rows. */
export interface GivenColumn {
  readonly name: string;
  readonly type: ColumnType;
  /** Of lists: how many numbers they have. */
  readonly length?: { readonly min: number; readonly max: number } | undefined;
  /** Of lists: every number is a whole one from 0 to 255, as pixels are. */
  readonly bytes?: boolean;
}

/** What a model's input is fed from: one column, or several numbers side by side. */
export interface MatchedInput {
  readonly field: SignatureField;
  readonly columns: readonly GivenColumn[];
  /** Of one row of the input, open sizes filled in; still open where lists are not known. */
  readonly dims: readonly number[];
}

/** Lists of a sequence model are padded, so that their lengths are free. */
export const isPadded = ({ padding }: SignatureField): boolean => padding !== undefined;

export interface ImageSide {
  readonly height?: number | undefined;
  readonly width?: number | undefined;
}

const numeric: ReadonlySet<ColumnType> = new Set(['integer', 'number', 'boolean']);
const long: ReadonlySet<ColumnType> = new Set(['numbers', 'image']);

const product = (sizes: readonly number[]): number => sizes.reduce((each, size) => each * size, 1);

const printed = ({ name, element_type, shape }: SignatureField): string =>
  `'${name}' ${element_type}[${shape.map((size) => (size < 0 ? '?' : size)).join(', ')}]`;

function misfit(field: SignatureField, column: GivenColumn, why: string): BadSpecError {
  const detail = `the column '${column.name}' (${column.type}) does not fit the model's input ${printed(field)}: ${why}`;
  return new BadSpecError(`model.from: ${detail}`, [{ pointer: '/model/from', detail }]);
}

type Fill = (field: SignatureField, column: GivenColumn, side: ImageSide) => readonly number[];

/** One value a row. */
const scalarDims: Fill = (field, column) => {
  const isText = !numeric.has(column.type);
  if (product(field.shape) !== 1)
    throw misfit(field, column, 'it has one value in each row; give a column of lists or images');
  if (isText !== (field.element_type === 'string'))
    throw misfit(field, column, isText ? 'text is no number' : 'a number is no text');
  return field.shape;
};

const listDims: Fill = (field, column) => {
  const { shape, element_type } = field;
  const open = shape.filter((size) => size < 0).length;
  if (element_type === 'string' || shape.length === 0)
    throw misfit(field, column, `it has a list in each row`);
  if (open > 1) throw misfit(field, column, 'more than one of its sizes is open; export it with fixed sizes');
  const { length } = column;
  if (length === undefined || isPadded(field)) return shape;
  if (length.min !== length.max)
    throw misfit(
      field,
      column,
      `its lists have from ${length.min} to ${length.max} numbers, and must be of one length`,
    );
  const known = product(shape.filter((size) => size >= 0));
  const fits = open === 0 ? length.max === known : length.max > 0 && length.max % known === 0;
  if (!fits)
    throw misfit(field, column, `its lists have ${length.max} numbers, where the model reads ${known}`);
  return shape.map((size) => (size < 0 ? length.max / known : size));
};

const isChannels = (size: number | undefined): boolean => size === 1 || size === 3;

/** Whether a row of an input is an image: its channels come first or last. */
export const isImage = (dims: readonly number[]): boolean =>
  dims.length === 3 && (isChannels(dims[0]) || isChannels(dims[2]));

/** Channels in front, as PyTorch exports them, where both ends could be channels. */
export const hasChannelsFirst = (dims: readonly number[]): boolean => isChannels(dims[0]);

const imageDims: Fill = (field, column, { height, width }) => {
  const { shape } = field;
  const first = hasChannelsFirst(shape);
  if (!isImage(shape))
    throw misfit(field, column, 'images need [1 or 3, height, width] or [height, width, 1 or 3]');
  const sides: readonly (number | undefined)[] = first ? [undefined, height, width] : [height, width];
  const dims = shape.map((size, axis) => (size < 0 ? (sides[axis] ?? -1) : size));
  if (dims.every((size) => size > 0)) return dims;
  throw misfit(field, column, 'its sizes are open: give model.input.height and model.input.width');
};

const fills: Readonly<Record<ColumnType, Fill>> = {
  integer: scalarDims,
  number: scalarDims,
  boolean: scalarDims,
  text: scalarDims,
  timestamp: scalarDims,
  numbers: listDims,
  image: imageDims,
};

const listed = (columns: readonly GivenColumn[]): string =>
  columns.map(({ name, type }) => `'${name}' (${type})`).join(', ');

const fedBy = (field: SignatureField, column: GivenColumn, side: ImageSide): MatchedInput => ({
  field,
  columns: [column],
  dims: fills[column.type](field, column, side),
});

function unmatched(fields: readonly SignatureField[], columns: readonly GivenColumn[]): BadSpecError {
  const detail = `the model reads ${fields.map(printed).join(', ')}, and the features are ${listed(columns)}: name columns as its inputs, or give its only input one column of lists or images, or as many columns of numbers as it reads`;
  return new BadSpecError(`model.from: ${detail}`, [{ pointer: '/model/from', detail }]);
}

/** The only input of a model takes what is there, whatever its name: a column of lists or images, or numbers side by side. */
function matchOnly(field: SignatureField, columns: readonly GivenColumn[], side: ImageSide): MatchedInput {
  const lists = columns.filter(({ type }) => long.has(type));
  const [list] = lists;
  if (list !== undefined && lists.length === 1) return fedBy(field, list, side);
  const [size = 1, ...rest] = field.shape;
  const isRow = field.shape.length === 1 && rest.length === 0 && field.element_type !== 'string';
  const fits = size < 0 || size === columns.length;
  if (!isRow || !fits || !columns.every(({ type }) => numeric.has(type))) throw unmatched([field], columns);
  return { field, columns, dims: [columns.length] };
}

export interface MatchOptions {
  /** What images are scaled to where the model leaves it open. */
  readonly side?: ImageSide;
  /** JSON Pointer of the train spec. */
  readonly at?: string;
}

/** The same errors, told where they lie in a larger spec. */
function told(error: unknown, at: string): unknown {
  if (!(error instanceof BadSpecError)) return error;
  const errors = (error.details.errors ?? []).map(({ pointer, detail }) => ({
    pointer: at + pointer,
    detail,
  }));
  return new BadSpecError(error.message, errors);
}

/**
 * Which columns a model's inputs are fed from: those of their names, or, for an only input, what the features have.
 * `BadSpecError` with both shapes where they do not fit.
 */
export function matchInputs(
  fields: readonly SignatureField[],
  columns: readonly GivenColumn[],
  { side = {}, at = '' }: MatchOptions = {},
): MatchedInput[] {
  try {
    return matched(fields, columns, side);
  } catch (error) {
    throw told(error, at);
  }
}

function matched(
  fields: readonly SignatureField[],
  columns: readonly GivenColumn[],
  side: ImageSide,
): MatchedInput[] {
  const byName = new Map(columns.map((column) => [column.name, column]));
  const found = fields.flatMap((field) => {
    const column = byName.get(field.name);
    return column === undefined ? [] : [fedBy(field, column, side)];
  });
  if (found.length === fields.length) return found;
  const [only] = fields;
  if (only !== undefined && fields.length === 1) return [matchOnly(only, columns, side)];
  throw unmatched(fields, columns);
}
