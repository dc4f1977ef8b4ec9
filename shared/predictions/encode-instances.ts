import { closest } from 'fastest-levenshtein';
import type { ModelSignature } from '../contracts/model';
import type { Tensor } from '../onnx/ir';
import type { TensorInfo } from '../ports/model-runtime';
import { arrayLayout, sizesOf } from './array-layout';
import { type FieldFormat, fieldFormat, type SignatureField } from './field-formats';
import { jsonPointer } from './json-pointer';
import { maximumElements, shapeOfNested, walkNested } from './nested-data';
import type { TensorWriter } from './tensor-formats';
import { compileTextReader } from './text-to-ids';
import { Violations } from './violations';

export type Instance = Readonly<Record<string, unknown>>;

/** The feeds of one call of the model, and how many instances they stand for. */
export interface EncodedCall {
  readonly feeds: Readonly<Record<string, Tensor>>;
  readonly instances: number;
}

/** Pure and made once per model; `InvalidRequestError` lists what is wrong by JSON Pointer into the caller's request. */
export type EncodeInstances = (instances: readonly Instance[], pointerTo?: PointerTo) => EncodedCall[];

type PointerTo = (index: number) => string;

interface Field extends FieldFormat {
  readonly name: string;
  readonly nullable: boolean;
  /** Of one instance; -1 varies. */
  readonly shape: readonly number[];
  /** Fills short lists up; absent: none may be shorter. */
  readonly padding?: number | undefined;
  /** The tensor has one axis more than an instance. */
  readonly leadingAxis: boolean;
}

interface Column {
  readonly field: Field;
  readonly tensor: Tensor;
  put(row: number, value: unknown): void;
}

interface Rows {
  /** Index of the first one in the request. */
  readonly from: number;
  readonly instances: readonly Instance[];
  readonly pointerTo: PointerTo;
  readonly violations: Violations;
}

const inInstances: PointerTo = (index) => `/instances/${index}`;

/**
 * A model whose every input has a leading axis of no fixed size takes all instances in one call; any other is called once
 * per instance.
 */
export function compileEncoder(signature: ModelSignature, inputs: readonly TensorInfo[]): EncodeInstances {
  const infos = new Map(inputs.map((input) => [input.name, input]));
  const fields = signature.inputs.map((field) => compileField(field, infos.get(field.name)));
  const names = new Set(fields.map((field) => field.name));
  const together = fields.every((field) => isBatched(field, infos.get(field.name)));

  const encode = (rows: Rows): EncodedCall => {
    const columns = fields.map((field) => openColumn(field, rows));
    rows.instances.forEach((instance, row) => {
      readInstance({ instance, row, rows, columns, names });
    });
    const feeds = Object.fromEntries(columns.map(({ field, tensor }) => [field.name, tensor]));
    return { feeds, instances: rows.instances.length };
  };

  const withIds = compileTextReader(signature);
  return (given, pointerTo = inInstances) => {
    const instances = withIds(given, pointerTo);
    const violations = new Violations();
    const calls = together
      ? [encode({ from: 0, instances, pointerTo, violations })]
      : instances.map((instance, from) => encode({ from, instances: [instance], pointerTo, violations }));
    violations.throwIfAny('the instances do not fit the model');
    return calls;
  };
}

function compileField(field: SignatureField, info: TensorInfo | undefined): Field {
  return {
    ...fieldFormat(field),
    name: field.name,
    nullable: field.nullable ?? false,
    shape: field.shape,
    padding: field.padding === null ? Number.NaN : field.padding,
    leadingAxis: (info?.shape.length ?? field.shape.length + 1) > field.shape.length,
  };
}

const isBatched = (field: Field, info: TensorInfo | undefined) =>
  field.leadingAxis && typeof info?.shape[0] !== 'number';

interface InstanceToRead {
  instance: Instance;
  row: number;
  rows: Rows;
  columns: readonly Column[];
  names: ReadonlySet<string>;
}

function readInstance({ instance, row, rows, columns, names }: InstanceToRead): void {
  let known = 0;
  for (const column of columns) {
    const given = Object.hasOwn(instance, column.field.name);
    if (given) known++;
    column.put(row, given ? instance[column.field.name] : undefined);
  }
  const keys = Object.keys(instance);
  if (keys.length === known) return;
  for (const key of keys.filter((name) => !names.has(name)))
    rows.violations.add(rows.pointerTo(rows.from + row) + jsonPointer(key), unknownColumn(key, names));
}

const listedNames = 30;

function unknownColumn(given: string, names: ReadonlySet<string>): string {
  if (names.size === 0) return 'is no column of this model, which has none';
  const listed = [...names].slice(0, listedNames);
  const rest = names.size > listed.length ? ` and ${names.size - listed.length} more` : '';
  return `is no column of this model: did you mean '${closest(given, [...names])}'? Its columns are: ${listed.join(', ')}${rest}`;
}

function putOrMissing(writer: TensorWriter, field: Field, index: number, value: unknown): string | undefined {
  if (value !== undefined && value !== null) return writer.put(index, value);
  if (value === undefined || !field.nullable) return noValue(value, field);
  writer.putMissing?.(index);
  return undefined;
}

function putPadding(writer: TensorWriter, { padding }: Field, index: number): void {
  if (Number.isNaN(padding)) writer.putMissing?.(index);
  else writer.put(index, padding);
}

function openColumn(field: Field, rows: Rows): Column {
  return field.shape.length === 0 ? openScalars(field, rows) : openArrays(field, rows);
}

const dimsOf = (field: Field, rows: number, shape: readonly number[]) =>
  field.leadingAxis ? [rows, ...shape] : shape;

/** A column left out is an error even where it may be null: more often it is a mistake than a value that is not known. */
function noValue(value: unknown, { nullable }: Field): string {
  if (value === null) return 'must not be null: this model needs it';
  return nullable ? 'is missing: send null where its value is not known' : 'is missing: this model needs it';
}

function openScalars(field: Field, { from, instances, pointerTo, violations }: Rows): Column {
  const writer = field.open(instances.length);
  const { elementType } = field;
  return {
    field,
    tensor: { elementType, dims: dimsOf(field, instances.length, []), data: writer.data },
    put(row, value) {
      const wrong = putOrMissing(writer, field, row, value);
      if (wrong !== undefined) violations.add(pointerTo(from + row) + jsonPointer(field.name), wrong);
    },
  };
}

/** Sizes that vary are those of the first instance, for a tensor has no ragged rows; lists that are filled up are as long as the longest. */
function shapeOf({ name, shape, padding }: Field, instances: readonly Instance[]): number[] {
  const sizeIn = (instance: Instance | undefined, axis: number) =>
    shapeOfNested(instance?.[name], shape.length)[axis] ?? 0;
  return shape.map((size, axis) => {
    if (size !== -1) return size;
    if (axis > 0 || padding === undefined) return sizeIn(instances[0], axis);
    return instances.reduce((longest, instance) => Math.max(longest, sizeIn(instance, axis)), 0);
  });
}

function openArrays(field: Field, { from, instances, pointerTo, violations }: Rows): Column {
  const shape = shapeOf(field, instances);
  const size = shape.reduce((product, length) => product * length, 1);
  const tooMany = size * instances.length > maximumElements;
  if (tooMany)
    violations.add(pointerTo(from) + jsonPointer(field.name), tooManyElements(field, size, instances.length));
  const writer = field.open(tooMany ? 0 : size * instances.length);
  const { elementType } = field;
  const add = (row: number, place: readonly number[], detail: string) =>
    violations.add(pointerTo(from + row) + jsonPointer(field.name, ...place), detail);

  return {
    field,
    tensor: { elementType, dims: dimsOf(field, instances.length, shape), data: writer.data },
    put(row, value) {
      if (tooMany) return;
      if (value === undefined || value === null) {
        add(row, [], `${noValue(value, field)}; ${describeShape(field.shape)}`);
        return;
      }
      const found = arrayLayout(value, { shape, padding: field.padding });
      if ('wrong' in found) {
        add(row, [], found.wrong);
        return;
      }
      walkNested(found.value, found.layout, {
        scalar(element, index, place) {
          const wrong = putOrMissing(writer, field, row * size + index, element);
          if (wrong !== undefined) add(row, place, wrong);
          return !violations.full;
        },
        misfit: (detail, place) => add(row, place, detail),
      });
      const filled = found.layout.reduce((product, length) => product * length, 1);
      for (let at = filled; at < size; at++) putPadding(writer, field, row * size + at);
    },
  };
}

const tooManyElements = (field: Field, size: number, instances: number) =>
  `${instances} instances of ${size} values of '${field.name}' are more than the ${maximumElements} that one request may hold: send fewer`;

const describeShape = (shape: readonly number[]) => `it takes nested arrays of shape ${sizesOf(shape)}`;
