const mebibyte = 1024 * 1024;

/** What an upload may hold; each limit keeps some later step within its memory. */
export const ingestLimits = {
  columns: 10_000,
  fieldBytes: mebibyte,
  rowBytes: 16 * mebibyte,
  /** Of an encoded image. */
  imageBytes: 32 * mebibyte,
  /** Of a decoded one: a photograph of 50 megapixels takes 150 MB while it is scaled. */
  imagePixels: 50_000_000,
  archiveEntries: 1_000_000,
  /** Of all images of an archive. */
  unpackedBytes: 16 * 1024 * mebibyte,
  /** So many times its own size an archive may unpack to: images are packed already, and a bomb is what goes beyond. */
  unpackedRatio: 100,
  /** More errors than this are counted as `truncated`: nobody mends a file error by error past that. */
  issues: 1_000,
} as const;

/** Whole numbers up to here are exact as doubles; columns with larger ones stay text, so that no id changes its digits. */
export const largestExactInteger = Number.MAX_SAFE_INTEGER;
