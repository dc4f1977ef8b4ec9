import { parse as parseStrictly } from '@humanwhocodes/momoa';
import { InvalidRequestError } from '../../shared/errors/request-errors';

/** Deeper than any request of ours, and far from where recursive walks of a value run out of stack. */
export const maximumDepth = 64;

const [quote, backslash] = ['"', '\\'].map((character) => character.charCodeAt(0));
const openers = new Set(['{', '['].map((character) => character.charCodeAt(0)));
const closers = new Set(['}', ']'].map((character) => character.charCodeAt(0)));

/** Fewer brackets than levels need no walk; most bodies are so. */
function mayBeTooDeep(text: string): boolean {
  let count = 0;
  for (const bracket of ['{', '[']) {
    for (let at = text.indexOf(bracket); at !== -1; at = text.indexOf(bracket, at + 1)) {
      count += 1;
      if (count > maximumDepth) return true;
    }
  }
  return false;
}

/** Index behind the string that opens at `start`. */
function behindString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text.charCodeAt(at) !== quote) at += text.charCodeAt(at) === backslash ? 2 : 1;
  return at + 1;
}

function isTooDeep(text: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; ) {
    const code = text.charCodeAt(at);
    if (code === quote) {
      at = behindString(text, at);
      continue;
    }
    if (openers.has(code)) depth += 1;
    if (closers.has(code)) depth -= 1;
    if (depth > maximumDepth) return true;
    at += 1;
  }
  return false;
}

interface Place {
  line: number;
  column: number;
  offset: number;
}

const isPlace = (error: unknown): error is Place =>
  error instanceof Error && 'line' in error && 'column' in error && 'offset' in error;

const ends = /end of JSON input|at position (\d+)/;

/** V8 says of every text that ends early where it ends; of most others it does not say where they go wrong. */
function isCutOff(text: string, error: unknown): boolean {
  const [said, position] = ends.exec(error instanceof Error ? error.message : '') ?? [];
  return said !== undefined && (position === undefined || Number(position) === text.length);
}

function endOf(text: string): Place {
  const lines = text.split('\n');
  return { line: lines.length, column: (lines.at(-1) ?? '').length + 1, offset: text.length };
}

/** Where a text stops being JSON. */
function placeOfError(text: string, cause: unknown): Place | undefined {
  if (isCutOff(text, cause)) return endOf(text);
  try {
    parseStrictly(text, { mode: 'json' });
    return undefined;
  } catch (error) {
    return isPlace(error) ? error : undefined;
  }
}

function whatIsWrong(rest: string): string {
  if (/^-?(NaN|Infinity)/.test(rest))
    return 'JSON has no NaN or Infinity, send null for a number that is missing';
  if (rest.startsWith('\uFEFF')) return 'a byte order mark stands there, leave it out';
  return rest === '' ? 'it ends too early' : `see '${rest.slice(0, 20)}'`;
}

function notJson(text: string, cause: unknown): InvalidRequestError {
  const place = placeOfError(text, cause);
  if (place === undefined) return new InvalidRequestError('the body is not JSON', [], cause);
  const { line, column, offset } = place;
  const what = whatIsWrong(text.slice(offset));
  return new InvalidRequestError(
    `the body is not JSON at line ${line}, column ${column}: ${what}`,
    [],
    cause,
  );
}

/** A key that would replace an object's prototype when copied carelessly; no schema of ours has it. */
function holdsPrototypeKey(value: unknown): boolean {
  const open = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next !== 'object' || next === null) continue;
    if (Object.hasOwn(next, '__proto__')) return true;
    open.push(...Object.values(next));
  }
  return false;
}

/** The value that a body's text stands for; `InvalidRequestError` where it is no JSON, too deep, or holds `__proto__` as a key. */
export function parseJson(text: string): unknown {
  if (mayBeTooDeep(text) && isTooDeep(text)) {
    throw new InvalidRequestError(`the body is nested more than ${maximumDepth} levels deep`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw notJson(text, error);
  }
  const mayHold = text.includes('__proto__') || text.includes('\\u005');
  if (mayHold && holdsPrototypeKey(value)) {
    throw new InvalidRequestError("the body has a key named '__proto__', which is not allowed");
  }
  return value;
}
