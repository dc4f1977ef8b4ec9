import { z } from 'zod';
import { positive } from './field-ranges';

const part = positive.max(1);

/** Random changes of training rows, drawn anew for every row of every step. All but noise and MixUp are of images. */
export const augmentationSpec = z.strictObject({
  /** At most this part of height and width, to either side. */
  shift: part.optional(),
  flip: z.enum(['horizontal', 'vertical', 'both']).optional(),
  /** Degrees, to either side. */
  rotate: positive.max(180).optional(),
  /** At most this part larger or smaller. */
  scale: positive.lt(1).optional(),
  /** Standard deviation of normal noise: of pixels as a part of their range, of other numbers in their own deviations. */
  noise: positive.max(10).optional(),
  /** Side of a square that is blanked (DeVries and Taylor, 2017), as a part of height and width. */
  cutout: part.optional(),
  /** MixUp (Zhang et al., 2018): the alpha of the Beta distribution that rows are mixed by. */
  mixup: positive.max(100).optional(),
});
export type AugmentationSpec = z.infer<typeof augmentationSpec>;
