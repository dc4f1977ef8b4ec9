import type { DataFormat, DatasetIssue } from '../../shared/contracts/dataset';

export const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);

/** What the first bytes of files that are no table say they are. */
const foreign: readonly { magic: Buffer; code: DatasetIssue['code']; detail: string }[] = [
  {
    magic: Buffer.from([0x1f, 0x8b]),
    code: 'unknown_format',
    detail: 'the file is compressed with gzip; upload it uncompressed',
  },
  {
    magic: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]),
    code: 'unknown_format',
    detail: 'the file is compressed with zstd; upload it uncompressed',
  },
  {
    magic: Buffer.from('PK\u0003\u0004'),
    code: 'unknown_format',
    detail: 'the file is a ZIP archive or a spreadsheet (.xlsx, .ods); save the sheet as CSV with UTF-8',
  },
  {
    magic: Buffer.from([0xd0, 0xcf, 0x11, 0xe0]),
    code: 'unknown_format',
    detail: 'the file is an old spreadsheet (.xls); save the sheet as CSV with UTF-8',
  },
  {
    magic: Buffer.from('%PDF'),
    code: 'unknown_format',
    detail: 'the file is a PDF; upload the table itself as CSV, JSONL or Parquet',
  },
  {
    magic: Buffer.from('ARROW1'),
    code: 'unknown_format',
    detail: 'the file is Arrow IPC (Feather); write it as Parquet',
  },
  {
    magic: Buffer.from([0xff, 0xfe]),
    code: 'invalid_encoding',
    detail:
      'the file is UTF-16 (little endian, by its byte order mark at byte 0); convert it, e.g. iconv -f UTF-16 -t UTF-8',
  },
  {
    magic: Buffer.from([0xfe, 0xff]),
    code: 'invalid_encoding',
    detail:
      'the file is UTF-16 (big endian, by its byte order mark at byte 0); convert it, e.g. iconv -f UTF-16 -t UTF-8',
  },
];

const parquetMagic = Buffer.from('PAR1');
const nulShareOfUtf16 = 0.2;
const nulProbeBytes = 4096;

export type Sniffed = { format: DataFormat } | { issue: DatasetIssue };

/** Tells the format by a file's first bytes, and refuses what is none of the three, or not the one that was declared. */
export function sniffFormat(head: Buffer, declared?: DataFormat): Sniffed {
  if (head.length === 0)
    return { issue: { code: 'empty_file', detail: 'the file has no bytes; upload it again' } };
  const known = foreign.find(({ magic }) => startsWith(head, magic));
  if (known) return { issue: { line: 1, code: known.code, detail: known.detail } };
  const isParquet = startsWith(head, parquetMagic);
  if (declared === 'parquet' || (isParquet && declared === undefined)) return { format: 'parquet' };
  if (isParquet)
    return {
      issue: {
        code: 'unknown_format',
        detail: `the file was declared as ${declared}, and is Parquet by its first bytes (PAR1)`,
      },
    };
  if (looksLikeUtf16(head)) return { issue: utf16WithoutMark(head) };
  return { format: declared ?? (looksLikeJson(head) ? 'jsonl' : 'csv') };
}

const startsWith = (head: Buffer, magic: Buffer): boolean => head.subarray(0, magic.length).equals(magic);

function looksLikeUtf16(head: Buffer): boolean {
  const probe = head.subarray(0, nulProbeBytes);
  const nuls = probe.reduce((count, byte) => count + (byte === 0 ? 1 : 0), 0);
  return nuls > probe.length * nulShareOfUtf16;
}

function utf16WithoutMark(head: Buffer): DatasetIssue {
  const detail = `byte ${head.indexOf(0)} is NUL, as every second one in UTF-16 text; convert the file, e.g. iconv -f UTF-16 -t UTF-8, and check that it is text at all`;
  return { line: 1, code: 'invalid_encoding', detail };
}

/** An object, or an array of objects, which the JSONL reader refuses with its own words; `[name]` is a header of CSV. */
function looksLikeJson(head: Buffer): boolean {
  return /^\uFEFF?\s*(?:\{|\[\s*[{\]])/.test(head.subarray(0, nulProbeBytes).toString('utf8'));
}
