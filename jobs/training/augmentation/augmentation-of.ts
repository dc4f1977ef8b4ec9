import type { AugmentationSpec } from '../../../shared/contracts/training/augmentation-spec';
import { BadSpecError } from '../../../shared/errors/job-errors';
import { castTo } from '../../../shared/onnx/expressions';
import type { RowType, StoredRows } from '../row-type';
import { affine, type ImageSize } from './affine';
import { type Augmentation, inTurn, unchanged } from './augmentation';
import { cutout } from './cutout';
import { mixup } from './mixup';
import { noise } from './noise';

const ofImages = ['shift', 'flip', 'rotate', 'scale', 'cutout'] as const;

/** Pixels are whole numbers of one byte, of channels behind rows and columns. */
function imageSizeOf({ dims }: RowType): ImageSize | undefined {
  const [height, width, channels] = dims;
  if (height === undefined || width === undefined || channels === undefined) return undefined;
  return dims.length === 3 ? { height, width, channels } : undefined;
}

const asFloats: Augmentation = {
  ...unchanged,
  apply: (examples) => ({ ...examples, features: castTo(examples.features, 'float') }),
};

function refuse(field: string, why: string): never {
  const detail = `${field} ${why}`;
  throw new BadSpecError(`the augmentation does not fit the rows: ${detail}`, [
    { pointer: `/augmentation/${field}`, detail },
  ]);
}

function imageChanges(spec: AugmentationSpec, rows: RowType, seed: number): Augmentation[] {
  const asked = ofImages.find((field) => spec[field] !== undefined);
  if (asked === undefined) return [];
  const size = imageSizeOf(rows);
  if (size === undefined)
    return refuse(
      asked,
      `changes images, and a row is [${rows.dims.join(', ')}]; only noise and mixup change others`,
    );
  const { shift, flip, rotate, scale } = spec;
  const moves = [shift, flip, rotate, scale].some((field) => field !== undefined);
  return [
    ...(moves ? [affine(spec, size, seed)] : []),
    ...(spec.cutout === undefined ? [] : [cutout(spec.cutout, size, seed)]),
  ];
}

/** Of pixels as a part of their range, of other numbers in their own deviations. */
function noiseOf(part: number, { elementType, deviations = 1 }: StoredRows): Augmentation {
  if (elementType === 'uint8') return noise(part * 255);
  if (deviations === 'unknown')
    return refuse(
      'noise',
      'is in deviations of the rows, and those of what a model makes of several columns are not known; leave it out',
    );
  return noise(typeof deviations === 'number' ? part * deviations : deviations.map((each) => part * each));
}

function mixupOf(alpha: number, { padded }: StoredRows, seed: number): Augmentation {
  if (padded)
    return refuse(
      'mixup',
      'mixes rows number by number, and sequences that end at different places have none to mix at their ends; leave it out',
    );
  return mixup(alpha, seed);
}

/** The changes that a spec asks for, of rows as they are stored. `BadSpecError` where they cannot be changed so. */
export function augmentationOf(spec: AugmentationSpec, rows: StoredRows, seed: number): Augmentation {
  const changes = imageChanges(spec, rows, seed);
  const [first] = Object.keys(spec);
  if (first === undefined) return unchanged;
  if (rows.tokenIds || rows.elementType.startsWith('int'))
    return refuse(first, 'changes numbers, and the rows are token ids');
  if (spec.noise !== undefined) changes.push(noiseOf(spec.noise, rows));
  if (spec.mixup !== undefined) changes.push(mixupOf(spec.mixup, rows, seed));
  return inTurn(asFloats, ...changes);
}
