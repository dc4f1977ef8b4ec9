import { AppError } from '../../shared/errors/app-error';
import { checkColumnCount, checkColumnNames } from './check-column-names';
import { CsvScanner } from './csv-scanner';
import { bitOfText, inferTypes, typedValue, typeOfBits, type ValuesRead } from './infer-types';
import { ingestLimits } from './ingest-limits';
import { columnReference } from './open-table';
import type { PreparedSource, Upload } from './prepared-source';
import { quoteText } from './quote-sql';
import { scanText } from './scan-text';
import { sniffDelimiter } from './sniff-delimiter';
import { byteOrderMark } from './sniff-format';
import { splitCsv } from './split-csv';

/**
 * CSV, in two readings. Ours goes first and finds every structural error with its line: DuckDB's own reader stops at the
 * first, names lines of its own counting, and in its lenient mode drops surplus fields without a word. Only a file without
 * errors reaches DuckDB, with the dialect spelled out and every field as text, and its rows and bytes must then be the ones
 * that we counted.
 */
export async function prepareCsv(upload: Upload): Promise<PreparedSource | undefined> {
  const { issues, head } = upload;
  const text = head.subarray(0, 3).equals(byteOrderMark) ? head.subarray(3) : head;
  const isWhole = head.length === upload.bytes;
  const delimiter = sniffDelimiter(text, isWhole);
  const [columns] = splitCsv(text, { delimiter, records: 1, isWhole });
  if (!columns) return refuseHeader(upload, isWhole);
  checkColumnCount(columns.length, issues, 1);
  checkColumnNames(columns, issues, 1);
  if (columns.length > ingestLimits.columns) return undefined;
  const scanner = new CsvScanner({ delimiter, columns }, issues);
  await scanText(upload.path, scanner, issues, upload.watch);
  if (!issues.any && scanner.rows === 0)
    issues.add({ code: 'no_rows', detail: 'the file has a header and no rows under it; add rows' });
  if (issues.any) return undefined;
  const references = columns.map((_, index) => columnReference(index));
  const { relation, read } = await readAsText(upload, { delimiter, references, scanner });
  const typed = columns.map((name, index) =>
    typedColumn(name, columnReference(index), read.bits[index] ?? 0),
  );
  return { columns: typed, relation, rows: read.rows, delimiter };
}

function refuseHeader({ issues }: Upload, isWhole: boolean): undefined {
  issues.add(
    isWhole
      ? { code: 'empty_file', detail: 'the file holds blank lines only; upload a header row and rows' }
      : {
          line: 1,
          code: 'field_too_large',
          detail: `the header row has over ${ingestLimits.rowBytes} bytes; look for a quote that is missing, or for rows without line ends`,
        },
  );
}

function typedColumn(name: string, reference: string, bits: number) {
  return { name, type: typeOfBits(bits), sql: typedValue(reference, bits) };
}

interface TextReading {
  delimiter: string;
  references: readonly string[];
  scanner: CsvScanner;
}

/** DuckDB splits the file among its threads and guesses where rows begin: where that guess is wrong, one reader does it alone. */
async function readAsText({ session, path }: Upload, { delimiter, references, scanner }: TextReading) {
  for (const parallel of [true, false]) {
    const relation = csvRelation(path, { delimiter, references, parallel, longestRow: scanner.longestRow });
    const read = await inferTypes(session, { relation, references, bit: bitOfText });
    if (agrees(read, scanner)) return { relation, read };
  }
  throw new AppError('the two readers of CSV disagree about this file; nothing was stored', {
    code: 'csv_disagreement',
    fault: 'service',
  });
}

const agrees = (read: ValuesRead, { rows, contentBytes }: CsvScanner): boolean =>
  read.rows === rows && read.contentBytes === contentBytes;

const smallestBuffer = 8 * 1024 * 1024;

interface CsvReading {
  delimiter: string;
  references: readonly string[];
  parallel: boolean;
  longestRow: number;
}

function csvRelation(path: string, { delimiter, references, parallel, longestRow }: CsvReading): string {
  const columns = references.map((reference) => `${quoteText(reference)}: 'VARCHAR'`);
  const longest = longestRow + 1024;
  const options = [
    'auto_detect = false',
    'header = true',
    `delim = ${quoteText(delimiter)}`,
    `quote = '"'`,
    `escape = '"'`,
    `nullstr = ''`,
    `comment = ''`,
    // Strict mode refuses quoted fields whose line breaks differ from the file's; what else it refuses is not here any more.
    'strict_mode = false',
    'null_padding = false',
    `parallel = ${parallel}`,
    `max_line_size = ${longest}`,
    `buffer_size = ${Math.max(smallestBuffer, 2 * longest)}`,
    `columns = {${columns.join(', ')}}`,
  ];
  return `read_csv(${quoteText(path)}, ${options.join(', ')})`;
}
