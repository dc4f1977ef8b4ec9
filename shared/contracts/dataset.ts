import { z } from 'zod';
import { datasetId, displayName, jobId, sha256Hex, timestamp } from './names';

/** `images`: a ZIP archive whose folders are classes; `text`: plain text, which is never sniffed, for it looks like CSV. */
export const dataFormat = z.enum(['csv', 'jsonl', 'parquet', 'images', 'text']);
export type DataFormat = z.infer<typeof dataFormat>;

export const datasetState = z.enum(['awaiting_upload', 'validating', 'ready', 'rejected', 'deleted']);
export type DatasetState = z.infer<typeof datasetState>;

export const createDatasetRequest = z.strictObject({
  name: displayName,
  /** Sniffed from the bytes where absent. */
  format: dataFormat.optional(),
  bytes: z.number().int().min(0).optional(),
  sha256: sha256Hex.optional(),
});

export const upload = z.object({
  method: z.literal('PUT'),
  url: z.string(),
  headers: z.record(z.string(), z.string()),
  expires_at: timestamp,
});

/**
 * What a column is to a model: numbers are scaled, text and booleans are categories. `numbers` is a list of numbers in each
 * row: a sequence, token ids, pixels. `image` is a PNG, JPEG or WebP file in each row.
 */
export const columnType = z.enum(['integer', 'number', 'boolean', 'text', 'timestamp', 'numbers', 'image']);
export type ColumnType = z.infer<typeof columnType>;

const lowToHigh = { min: z.number(), max: z.number() };
/** `typical` is the median, of a side or of the channels. */
const imageMeasure = z.object({ ...lowToHigh, typical: z.number() });

export const datasetColumn = z.object({
  name: z.string(),
  type: columnType,
  missing: z.number().int(),
  distinct: z.number().int(),
  /** Numeric columns, and of all numbers in all lists. */
  min: z.number().optional(),
  max: z.number().optional(),
  mean: z.number().optional(),
  standard_deviation: z.number().optional(),
  quantiles: z
    .object({ p05: z.number(), p25: z.number(), p50: z.number(), p75: z.number(), p95: z.number() })
    .optional(),
  /** Text columns: the most frequent values, most frequent first. */
  top_values: z.array(z.object({ value: z.string(), count: z.number().int() })).optional(),
  /** Columns of lists: how many numbers a list has. */
  length: z.object({ ...lowToHigh, mean: z.number() }).optional(),
  /** Columns of lists: every number is whole, as token ids are. */
  whole: z.boolean().optional(),
  /** Columns of images, in pixels as they are seen: turned as their EXIF orientation says. */
  image: z
    .object({
      width: imageMeasure,
      height: imageMeasure,
      channels: imageMeasure,
      formats: z.array(z.object({ value: z.string(), count: z.number().int() })),
    })
    .optional(),
});
export type DatasetColumn = z.infer<typeof datasetColumn>;

/** `line` counts from 1 as an editor does, header included; absent where the error is of the whole file. */
export const datasetIssue = z.object({
  line: z.number().int().optional(),
  column: z.string().optional(),
  /** The file of an archive, by its path in it. */
  file: z.string().optional(),
  code: z.enum([
    'empty_file',
    'no_rows',
    'no_columns',
    'ragged_row',
    'duplicate_column',
    'blank_column_name',
    'invalid_encoding',
    'field_too_large',
    'unterminated_quote',
    'stray_quote',
    'invalid_json',
    'not_an_object',
    'nested_value',
    'mixed_values',
    'invalid_parquet',
    'unsupported_type',
    'unknown_format',
    'too_many_columns',
    'invalid_archive',
    'too_large_archive',
    'duplicate_file',
    'unlabelled_image',
    'invalid_image',
    'job_failed',
  ]),
  detail: z.string(),
});
export type DatasetIssue = z.infer<typeof datasetIssue>;

export const datasetProfile = z.object({
  rows: z.number().int(),
  bytes: z.number().int(),
  format: dataFormat,
  /** CSV only: what was sniffed. */
  delimiter: z.string().optional(),
  /** Images only: files of the archive that are no images and were passed over, such as a README. */
  passed_over: z.number().int().optional(),
  columns: z.array(datasetColumn),
});
export type DatasetProfile = z.infer<typeof datasetProfile>;

export type Upload = z.infer<typeof upload>;

export const dataset = z.object({
  id: datasetId,
  object: z.literal('dataset'),
  name: z.string(),
  state: datasetState,
  format: dataFormat.optional(),
  bytes: z.number().int().optional(),
  sha256: sha256Hex.optional(),
  created_at: timestamp,
  updated_at: timestamp,
  upload: upload.optional(),
  job: jobId.optional(),
  rows: z.number().int().optional(),
  columns: z.array(datasetColumn).optional(),
  profile: datasetProfile.optional(),
  errors: z.array(datasetIssue).optional(),
  /** More errors were found than are listed. */
  errors_truncated: z.boolean().optional(),
});
export type Dataset = z.infer<typeof dataset>;
