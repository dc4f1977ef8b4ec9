import type { DatasetIssue } from '../../shared/contracts/dataset';
import { ingestLimits } from './ingest-limits';

export type JsonObject = Readonly<Record<string, unknown>>;

export interface Member {
  key: string;
  issue?: MemberIssue;
}

type MemberIssue = Pick<DatasetIssue, 'code' | 'detail'>;

const quote = 0x22;
const backslash = 0x5c;
const colon = 0x3a;

/** Whether there is nothing to note about a line: known keys, each once, with short and plain values. The fast path of nearly all lines. */
export function isPlain(bytes: Uint8Array, object: JsonObject, known: ReadonlySet<string>): boolean {
  let members = 0;
  for (const key in object) {
    const value = object[key];
    if ((typeof value === 'object' && value !== null) || !known.has(key)) return false;
    members++;
  }
  return bytes.length <= ingestLimits.fieldBytes && members === countMembers(bytes);
}

/** Colons outside of strings, which is one per member of a flat object; more than a million where an escape needs a closer look. */
function countMembers(bytes: Uint8Array): number {
  let members = 0;
  let inString = false;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === quote) inString = !inString;
    else if (byte === colon && !inString) members++;
    else if (byte === backslash) {
      at++;
      if (bytes[at] === 0x75) return Number.POSITIVE_INFINITY;
    }
  }
  return members;
}

/** The members of a parsed line in the order of its text, each with what is wrong about it. */
export function checkMembers(text: string, object: JsonObject): Member[] {
  const nested = Object.entries(object).filter(([, value]) => typeof value === 'object' && value !== null);
  if (nested.length > 0) return nested.map(([key, value]) => ({ key, issue: nestedValue(value) }));
  const seen = new Set<string>();
  return keysOf(text).map((key) => {
    const issue = seen.has(key) ? duplicateKey : issueOf(key, object[key]);
    seen.add(key);
    return issue ? { key, issue } : { key };
  });
}

const duplicateKey = {
  code: 'duplicate_column',
  detail: 'this object has the key more than once; keep one of them',
} as const;

function nestedValue(value: unknown): MemberIssue {
  const what = Array.isArray(value) ? 'an array' : 'an object';
  return {
    code: 'nested_value',
    detail: `the value is ${what}, and a column holds texts, numbers, booleans and null; spread it over columns of its own, or leave it out`,
  };
}

/** A lone half of a surrogate pair, which UTF-8 cannot write, or U+0000. */
const unwritable = /[\p{Cs}\0]/u;

function issueOf(key: string, value: unknown): MemberIssue | undefined {
  const texts = typeof value === 'string' ? [key, value] : [key];
  if (texts.some((text) => unwritable.test(text))) {
    return {
      code: 'invalid_json',
      detail:
        'an escape stands for U+0000 or for half of a surrogate pair, which no table holds; take it out',
    };
  }
  const bytes = Math.max(...texts.map((text) => Buffer.byteLength(text)));
  if (bytes <= ingestLimits.fieldBytes) return undefined;
  return {
    code: 'field_too_large',
    detail: `this value has ${bytes} bytes and at most ${ingestLimits.fieldBytes} are allowed; shorten it`,
  };
}

/** The keys of a flat object as its text has them: `Object.keys` would put whole numbers first and drop duplicates. */
function keysOf(text: string): string[] {
  const keys: string[] = [];
  for (let open = text.indexOf('"'); open >= 0; ) {
    const close = closingQuote(text, open);
    if (isFollowedByColon(text, close)) keys.push(String(JSON.parse(text.slice(open, close + 1))));
    open = text.indexOf('"', close + 1);
  }
  return keys;
}

function closingQuote(text: string, open: number): number {
  for (let at = open + 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '"') return at;
  }
  return text.length;
}

function isFollowedByColon(text: string, close: number): boolean {
  let at = close + 1;
  while (' \t\r'.includes(text[at] ?? ':')) at++;
  return text[at] === ':';
}
