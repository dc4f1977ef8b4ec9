import type { ModelSignature } from '../../shared/contracts/model';
import { UnusableDataError } from '../../shared/errors/job-errors';
import { elementCount } from '../../shared/onnx/element-types';
import type { Tensor, TensorData } from '../../shared/onnx/ir';
import {
  isJsonElementType,
  type JsonElementType,
  type TensorFormat,
  tensorFormats,
} from '../../shared/predictions/tensor-formats';
import {
  type ColumnValues,
  type ImageValues,
  isImages,
  isScalar,
  type ListValues,
  type ScalarValues,
} from '../datasets/column-values';
import { decodeImages, type ImageSize } from '../datasets/decode-images';
import { type RowChunk, rowNamed } from '../datasets/read-rows';

type InputField = ModelSignature['inputs'][number];

interface Input {
  readonly name: string;
  readonly elementType: JsonElementType;
  readonly shape: readonly number[];
  readonly rows: number;
  /** A row for people, by its place among these. */
  readonly named: (row: number) => string;
  /** Fills short lists up; absent: every list must be as long as the shape says. */
  readonly padding?: number;
}

/** A chunk of a table's rows as the model's input tensors: what a caller of predict would have sent, column by column. */
export async function rowFeeds(signature: ModelSignature, chunk: RowChunk): Promise<Record<string, Tensor>> {
  const feeds: Record<string, Tensor> = {};
  for (const field of signature.inputs)
    feeds[field.name] = await columnTensor(inputOf(field, chunk), chunk.columns[field.name]);
  return feeds;
}

function inputOf({ name, element_type, shape, padding }: InputField, chunk: RowChunk): Input {
  if (!isJsonElementType(element_type))
    throw new UnusableDataError(
      `the model's input '${name}' is of ${element_type}, which no column can be fed to`,
    );
  const filler = padding === undefined ? {} : { padding: padding ?? Number.NaN };
  const named = (row: number) => rowNamed(chunk, row);
  return { name, elementType: element_type, shape, rows: chunk.rows, named, ...filler };
}

async function columnTensor(input: Input, values: ColumnValues | undefined): Promise<Tensor> {
  if (values === undefined) throw cannotFeed(input, 'it is not there');
  if (isScalar(values)) return scalarTensor(input, values);
  return isImages(values) ? imageTensor(input, values) : listTensor(input, values);
}

function scalarTensor(input: Input, given: ScalarValues): Tensor {
  const { elementType, rows, shape } = input;
  if (elementCount(shape) !== 1)
    throw cannotFeed(
      input,
      `it has one value in each row, where the model reads a list of [${shape.join(', ')}]`,
    );
  const values = elementType === 'string' ? given : withoutText(given);
  const isText = Array.isArray(values);
  if (isText !== (elementType === 'string')) throw cannotFeed(input, `it is ${isText ? 'text' : 'not text'}`);
  const data = isText ? values : numbersAs(input, values);
  return { elementType, dims: [rows, ...shape], data };
}

/** A column without a value in any of its rows is ingested as text: for a model that reads numbers, all are missing. */
function withoutText(values: ScalarValues): ScalarValues {
  const isEmpty = Array.isArray(values) && values.every((value) => value === '');
  return isEmpty ? new Float32Array(values.length).fill(Number.NaN) : values;
}

/** Numbers as the input's element type has them: what it cannot hold, a missing value too, is refused by its row. */
function numbersAs(input: Input, values: Float32Array): TensorData {
  const { elementType } = input;
  if (elementType === 'float') return values;
  const { kind, open }: TensorFormat = tensorFormats[elementType];
  const { data, put, putMissing } = open(values.length);
  const nameAt = (at: number) => input.named(Math.floor((at * input.rows) / values.length));
  for (let at = 0; at < values.length; at++) {
    const value = values[at] ?? Number.NaN;
    if (Number.isNaN(value) && putMissing) putMissing(at);
    else {
      const wrong = Number.isNaN(value) ? 'is missing' : put(at, kind === 'boolean' ? value !== 0 : value);
      if (wrong !== undefined) throw cannotFeed(input, `the value of ${nameAt(at)} ${wrong}`);
    }
  }
  return data;
}

/**
 * Lists of one length, or of the one that the model reads; where it says what stands behind the end of a list, shorter ones
 * are filled up and longer ones cut at their end. A row without a list is a list of missing values.
 */
function listTensor(input: Input, { values, offsets, missing }: ListValues): Tensor {
  const { rows, elementType, padding = Number.NaN } = input;
  const lengthOf = (row: number) => (offsets[row + 1] ?? 0) - (offsets[row] ?? 0);
  const present = [...Array(rows).keys()].filter((row) => missing?.[row] !== 1);
  const shape = shapeFor(input, lengthOf(present[0] ?? 0));
  const size = elementCount(shape);
  const whole = new Float32Array(rows * size).fill(padding);
  for (const row of present) {
    checkLength(input, { length: lengthOf(row), row }, shape);
    const start = offsets[row] ?? 0;
    whole.set(values.subarray(start, start + Math.min(size, lengthOf(row))), row * size);
  }
  return { elementType, dims: [rows, ...shape], data: numbersAs(input, whole) };
}

interface RowLength {
  readonly row: number;
  readonly length: number;
}

function checkLength(input: Input, { row, length }: RowLength, shape: readonly number[]): void {
  const size = elementCount(shape);
  const step = elementCount(shape.slice(1));
  if (input.padding === undefined ? length === size : length % step === 0) return;
  const wanted = input.padding === undefined ? `${size}` : `a multiple of ${step}`;
  throw cannotFeed(
    input,
    `${input.named(row)} has a list of ${length} numbers, where the model reads ${wanted}`,
  );
}

/** One open axis takes what the lists have. */
function shapeFor({ shape }: Input, length: number): readonly number[] {
  const known = shape.filter((size) => size >= 0);
  if (known.length === shape.length) return shape;
  return shape.map((size) => (size < 0 ? Math.max(1, Math.floor(length / elementCount(known))) : size));
}

/** Pixels from 0 to 255, channels last as ours, or first as other exporters have them. */
async function imageTensor(input: Input, { encoded }: ImageValues): Promise<Tensor> {
  const { rows, elementType, shape } = input;
  const [first = 0, second = 0, third = 0] = shape;
  const channelsFirst = isChannels(first) && !isChannels(third);
  const [height, width, channels] = channelsFirst ? [second, third, first] : [first, second, third];
  if (shape.length !== 3 || !isChannels(channels) || height < 1 || width < 1)
    throw cannotFeed(input, `it holds images, where the model reads [${shape.join(', ')}]`);
  const empty = encoded.findIndex((bytes) => bytes.length === 0);
  if (empty >= 0) throw cannotFeed(input, `${input.named(empty)} has no image`);
  const size: ImageSize = { height, width, channels };
  const pixels = await decodeImages(
    encoded,
    size,
    (row) => `the image of '${input.name}' in ${input.named(row)}`,
  );
  if (elementType === 'uint8' && !channelsFirst) return { elementType, dims: [rows, ...shape], data: pixels };
  const ordered = channelsFirst ? channelsToFront(pixels, size) : Float32Array.from(pixels);
  return { elementType, dims: [rows, ...shape], data: numbersAs(input, ordered) };
}

const isChannels = (size: number): size is ImageSize['channels'] => size === 1 || size === 3;

function channelsToFront(pixels: Uint8Array, { height, width, channels }: ImageSize): Float32Array {
  const plane = height * width;
  const moved = new Float32Array(pixels.length);
  for (let at = 0; at < pixels.length; at++) {
    const place = Math.floor(at / channels) % plane;
    const image = Math.floor(at / (plane * channels));
    moved[(image * channels + (at % channels)) * plane + place] = pixels[at] ?? 0;
  }
  return moved;
}

const cannotFeed = ({ name, elementType }: Input, why: string): UnusableDataError =>
  new UnusableDataError(`the column '${name}' cannot be fed to the model's input of ${elementType}: ${why}`);
