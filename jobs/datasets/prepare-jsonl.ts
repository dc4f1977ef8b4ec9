import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { AppError } from '../../shared/errors/app-error';
import { checkColumnNames } from './check-column-names';
import { bitOfString, bitOfText, inferTypes, typedValue, typeOfBits } from './infer-types';
import { JsonlScanner } from './jsonl-scanner';
import { columnReference } from './open-table';
import type { PreparedColumn, PreparedSource, Upload } from './prepared-source';
import { quoteText } from './quote-sql';
import { scanText } from './scan-text';
import { byteOrderMark } from './sniff-format';

/**
 * JSONL: one flat object per line, blank lines aside; null, an absent key and an empty text are missing values. A column of
 * numbers or booleans may also say so with the texts that CSV has for it; in a column of texts those are texts.
 */
export async function prepareJsonl(upload: Upload): Promise<PreparedSource | undefined> {
  const { session, issues, head } = upload;
  const mark = head.subarray(0, 3).equals(byteOrderMark) ? byteOrderMark.length : 0;
  if (isArray(head.subarray(mark))) return refuseArray(upload);
  const scanner = new JsonlScanner(issues);
  await scanText(upload.path, scanner, issues, upload.watch);
  const columns: JsonColumn[] = Array.from(scanner.columns, ([name, form], index) => ({
    name,
    isList: form === 'list',
    reference: columnReference(index),
  }));
  if (!issues.truncated)
    checkColumnNames(
      columns.map(({ name }) => name),
      issues,
    );
  if (!issues.any) checkExtent(scanner, upload);
  if (issues.any) return undefined;
  const path = mark === 0 ? upload.path : await withoutMark(upload, mark);
  const relation = jsonRelation(path, columns, scanner.longestRow);
  const references = columns.filter(({ isList }) => !isList).map(({ reference }) => reference);
  const read = await inferTypes(session, { relation, references, bit: bitOfJson });
  if (read.rows !== scanner.rows) throw disagreement();
  const bits = new Map(references.map((reference, index) => [reference, read.bits[index] ?? 0]));
  const typed = columns.map((column) => typedColumn(column, bits.get(column.reference) ?? 0));
  const rowBytes = references.length === columns.length ? 0 : (upload.bytes / read.rows) * doublePerText;
  return { columns: typed, relation, rows: read.rows, rowBytes };
}

interface JsonColumn {
  name: string;
  reference: string;
  isList: boolean;
}

/** A number takes 8 bytes in memory, and 2 at least in a list: `0,`. */
const doublePerText = 4;

const isArray = (head: Buffer): boolean => /^\s*\[/.test(head.subarray(0, 4096).toString('utf8'));

function refuseArray({ issues }: Upload): undefined {
  const detail =
    "the file is one JSON array; write one object per line and no brackets around them, e.g. jq -c '.[]'";
  issues.add({ line: 1, code: 'not_an_object', detail });
}

function checkExtent({ rows, columns }: JsonlScanner, { issues }: Upload): void {
  if (rows === 0)
    issues.add({
      code: 'empty_file',
      detail: 'the file holds blank lines only; upload one JSON object per line',
    });
  else if (columns.size === 0)
    issues.add({
      code: 'no_columns',
      detail: `none of the ${rows} objects has a key; give each row its values`,
    });
}

const disagreement = () =>
  new AppError('the two readers of JSONL disagree about this file; nothing was stored', {
    code: 'jsonl_disagreement',
    fault: 'service',
  });

/** DuckDB's reader takes a byte order mark for broken JSON. */
async function withoutMark({ session, path }: Upload, mark: number): Promise<string> {
  const copy = join(session.folder, 'source.jsonl');
  await pipeline(createReadStream(path, { start: mark }), createWriteStream(copy));
  return copy;
}

const smallestBuffer = 1024 * 1024;

/** Each value but lists stays JSON, so that a text is told from a number and a long number keeps its digits. */
function jsonRelation(path: string, named: readonly JsonColumn[], longestRow: number): string {
  const columns = named.map(({ name, isList }) => `${quoteText(name)}: '${isList ? 'DOUBLE[]' : 'JSON'}'`);
  const references = named.map(({ reference }) => reference);
  const size = Math.max(smallestBuffer, longestRow + 1024);
  return `read_json(${quoteText(path)}, format = 'newline_delimited', auto_detect = false, maximum_object_size = ${size}, columns = {${columns.join(', ')}}) AS source(${references.join(', ')})`;
}

const textOf = (reference: string): string => `(${reference} ->> '$')`;
const isText = (reference: string): string => `starts_with(${reference}::VARCHAR, '"')`;

function bitOfJson(reference: string): string {
  const text = textOf(reference);
  return `CASE
    WHEN ${reference} IS NULL OR ${text} = '' THEN 0
    WHEN ${isText(reference)} THEN ${bitOfString(text)}
    ELSE ${bitOfText(`${reference}::VARCHAR`)} END`;
}

function typedColumn({ name, reference, isList }: JsonColumn, bits: number): PreparedColumn {
  if (isList) return { name, type: 'numbers', sql: reference };
  const type = typeOfBits(bits);
  const text = `nullif(${textOf(reference)}, '')`;
  return { name, type, sql: type === 'text' ? text : typedValue(text, bits) };
}
