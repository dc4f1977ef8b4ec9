import type { FamilySpec } from '../../../shared/contracts/training/model-spec';
import {
  hasChannelsFirst,
  isImage,
  isPadded,
  type MatchedInput,
} from '../../../shared/datasets/match-inputs';
import { BadSpecError } from '../../../shared/errors/job-errors';
import { constant, floats, input, operation } from '../../../shared/onnx/build';
import { castTo, divide, ints, multiply, subtract, transpose, where } from '../../../shared/onnx/expressions';
import type { ElementType, InputValue, Value } from '../../../shared/onnx/ir';
import { elementTypeOf } from '../../../shared/onnx/shapes';
import type { NumberStatistics } from '../../datasets/fit-statistics';
import { asColumn, beside, number } from '../graph-math';
import { rowsAxis } from './refine-rows';

/** Columns as they are stored, and what a model's input makes of them. */
export interface FedInput {
  readonly columns: readonly InputValue[];
  readonly value: Value;
}

type Asked = FamilySpec<'finetune'>['input'];

/** PyTorch's `ToTensor`: pixels from 0 to 1. Lists that are no pixels are taken as they are. */
const pixelScale = 1 / 255;

const perChannel = (values: readonly number[], dims: readonly number[]): Value => {
  if (values.length === 1) return number(values[0] ?? 0);
  const axis = hasChannelsFirst(dims) ? 0 : dims.length - 1;
  if (dims[axis] !== values.length) throw wrongChannels(values, dims);
  return constant(
    floats(
      dims.map((_, each) => (each === axis ? values.length : 1)),
      values,
    ),
  );
};

function wrongChannels(values: readonly number[], dims: readonly number[]): BadSpecError {
  const detail = `has ${values.length} numbers, where one row of the model's input is [${dims.join(', ')}]: give one number, or one for each channel`;
  return new BadSpecError(`model.input: mean or standard_deviation ${detail}`, [
    { pointer: '/model/input', detail },
  ]);
}

/** (x * scale - mean) / standard_deviation: torchvision's `Normalize` behind a scale. */
function normalised(value: Value, dims: readonly number[], asked: Asked, standardScale: number): Value {
  const { scale = standardScale, mean, standard_deviation: deviation } = asked;
  const scaled = scale === 1 ? value : multiply(value, number(scale));
  const centred = mean === undefined ? scaled : subtract(scaled, perChannel(mean, dims));
  return deviation === undefined ? centred : divide(centred, perChannel(deviation, dims));
}

const isFloat = (elementType: ElementType | undefined): boolean => elementType === 'float';

/** Stored as bytes, channels last, as all images are. */
function fedImages({ columns: [column], dims }: MatchedInput, type: ElementType, asked: Asked): FedInput {
  const [first = 1, second = 1, third = 1] = dims;
  const isFirst = hasChannelsFirst(dims);
  const stored = isFirst ? [second, third, first] : dims;
  const images = input(column?.name ?? '', 'uint8', [rowsAxis, ...stored]);
  const ordered = isFirst ? transpose(images, [0, 3, 1, 2]) : images;
  const typed = castTo(ordered, type);
  return { columns: [images], value: isFloat(type) ? normalised(typed, dims, asked, pixelScale) : typed };
}

/** Pixels stand as images do, channels last, where that is their order; other lists as the data have them. */
function listDims(dims: readonly number[], arePixels: boolean): readonly number[] {
  const [first, second = 1, third = 1] = dims;
  if (arePixels && first === 1) return [second, third, first];
  return arePixels && !hasChannelsFirst(dims) ? dims : [dims.reduce((product, size) => product * size, 1)];
}

/** A list that the model knows by name stands in its own shape, to which a sequence is padded. */
function fedLists(
  { field, columns: [column], dims }: MatchedInput,
  type: ElementType,
  asked: Asked,
): FedInput {
  const isOwn = isPadded(field) || field.name === column?.name;
  const arePixels = isFloat(type) && isImage(dims) && column?.bytes === true;
  const stored = isOwn ? dims : listDims(dims, arePixels);
  const lists = input(column?.name ?? '', arePixels ? 'uint8' : type, [rowsAxis, ...stored]);
  const typed = castTo(lists, type);
  const isShaped = stored.length === dims.length && stored.every((size, axis) => size === dims[axis]);
  const shaped = isShaped ? typed : operation('Reshape', [typed, ints([0, ...dims])]);
  const scale = arePixels ? pixelScale : 1;
  return { columns: [lists], value: isFloat(type) ? normalised(shaped, dims, asked, scale) : shaped };
}

function fedScalar({ field, columns: [column], dims }: MatchedInput, type: ElementType): FedInput {
  const values = input(column?.name ?? field.name, type, [rowsAxis, ...dims]);
  return { columns: [values], value: values };
}

/** Numbers side by side; what is missing is the median of the training rows. */
function fedNumbers(
  { columns, dims }: MatchedInput,
  type: ElementType,
  { asked, statistics }: Pick<FeedOptions, 'asked' | 'statistics'>,
): FedInput {
  const inputs = columns.map(({ name }) => input(name, 'float', [rowsAxis]));
  const raw = beside(inputs.map(asColumn));
  const medians = columns.map(({ name }) => statistics.get(name)?.median ?? 0);
  const present = where(operation('IsNaN', [raw]), constant(floats([1, medians.length], medians)), raw);
  const value = isFloat(type) ? normalised(present, dims, asked, 1) : castTo(present, type);
  return { columns: inputs, value };
}

export interface FeedOptions {
  /** As the spec asks for it. */
  readonly asked: Asked;
  /** Of columns of numbers that are read side by side. */
  readonly statistics: ReadonlyMap<string, NumberStatistics>;
}

/** What an input of a model becomes of its columns; `declared` is that input as the model's graph has it. */
export function feedInput(matched: MatchedInput, declared: Value, options: FeedOptions): FedInput {
  const type = elementTypeOf(declared) ?? 'float';
  const [column] = matched.columns;
  if (matched.columns.length > 1) return fedNumbers(matched, type, options);
  if (column?.type === 'image') return fedImages(matched, type, options.asked);
  if (column?.type === 'numbers') return fedLists(matched, type, options.asked);
  return fedScalar(matched, type);
}
