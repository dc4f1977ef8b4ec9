import type { AugmentationSpec } from '../../../shared/contracts/training/augmentation-spec';
import { BadSpecError } from '../../../shared/errors/job-errors';
import { castTo } from '../../../shared/onnx/expressions';
import type { RowType } from '../row-type';
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

/** The changes that a spec asks for, of rows as they are stored. `BadSpecError` where they cannot be changed so. */
export function augmentationOf(spec: AugmentationSpec, rows: RowType, seed: number): Augmentation {
  const changes = imageChanges(spec, rows, seed);
  const range = rows.elementType === 'uint8' ? 255 : 1;
  if (spec.noise !== undefined) changes.push(noise(spec.noise * range));
  if (spec.mixup !== undefined) changes.push(mixup(spec.mixup, seed));
  if (changes.length === 0) return unchanged;
  if (rows.elementType.startsWith('int'))
    return refuse(Object.keys(spec)[0] ?? '', 'changes numbers, and the rows are token ids');
  return inTurn(asFloats, ...changes);
}
