import { availableParallelism } from 'node:os';
import sharp, { type Sharp } from 'sharp';
import { ingestLimits } from './ingest-limits';

/** Whole images are decoded side by side, a thread each: that is faster than many threads for one small image. */
sharp.concurrency(1);
/** No image is read twice in a row. */
sharp.cache(false);
/** What else libvips reads (SVG, PDF, TIFF, …) is closed to uploads, whatever a file is named. */
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: ['VipsForeignLoadPngBuffer', 'VipsForeignLoadJpegBuffer', 'VipsForeignLoadWebpBuffer'],
});

/** libvips decodes in libuv's threads; a few more images than cores wait there, so that no core does. */
export const imagesInFlight: number = 2 * availableParallelism();

/**
 * An image as it is seen: its first frame, turned as its EXIF orientation says, on white where it is transparent, its colours
 * as sRGB of 8 bits. Work that needs its pixels fails where any of them cannot be decoded, or where there are too many.
 */
export function readImage(encoded: Uint8Array): Sharp {
  return sharp(encoded, { failOn: 'error', limitInputPixels: ingestLimits.imagePixels })
    .autoOrient()
    .flatten({ background: '#ffffff' })
    .toColourspace('srgb');
}
