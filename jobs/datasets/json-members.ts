import type { DatasetIssue } from '../../shared/contracts/dataset';
import { ingestLimits } from './ingest-limits';

export type JsonObject = Readonly<Record<string, unknown>>;

export interface Member {
  key: string;
  form: ColumnForm;
  issue?: MemberIssue;
}

/** What the values of a column are so far; nulls tell nothing. */
export type ColumnForm = 'unknown' | 'scalar' | 'list';

type MemberIssue = Pick<DatasetIssue, 'code' | 'detail'>;

const quote = 0x22;
const backslash = 0x5c;
const colon = 0x3a;

type Forms = ReadonlyMap<string, ColumnForm>;

/** Whether there is nothing to note about a line: known keys, each once, with short values of their columns' forms. The fast path of nearly all lines. */
export function isPlain(bytes: Uint8Array, object: JsonObject, forms: Forms): boolean {
  let members = 0;
  for (const key in object) {
    const form = forms.get(key);
    const found = formOf(object[key]);
    if (form === undefined || found === undefined || (found !== 'unknown' && found !== form)) return false;
    members++;
  }
  return bytes.length <= ingestLimits.fieldBytes && members === countMembers(bytes);
}

/** `undefined`: an object, or an array of more than numbers. */
function formOf(value: unknown): ColumnForm | undefined {
  if (value === null) return 'unknown';
  if (typeof value !== 'object') return 'scalar';
  return Array.isArray(value) && firstMisfit(value) < 0 ? 'list' : undefined;
}

/** The place of the first element that is no number of a double's range; -1 where all are. */
function firstMisfit(list: readonly unknown[]): number {
  for (let at = 0; at < list.length; at++) {
    const element = list[at];
    if (typeof element !== 'number' || !Number.isFinite(element)) return at;
  }
  return -1;
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

/** The members of a parsed line in the order of its text, each with its form and with what is wrong about it. */
export function checkMembers(text: string, object: JsonObject, forms: Forms): Member[] {
  if (Object.values(object).some((value) => formOf(value) === undefined)) return nestedMembers(object, forms);
  const seen = new Set<string>();
  return keysOf(text).map((key) => {
    const form = formOf(object[key]) ?? 'unknown';
    const issue = seen.has(key) ? duplicateKey : (issueOf(key, object[key]) ?? mixture(form, forms.get(key)));
    seen.add(key);
    return { key, form, ...(issue ? { issue } : {}) };
  });
}

/** The text of a line with objects in it does not tell whose its keys are. */
function nestedMembers(object: JsonObject, forms: Forms): Member[] {
  return Object.entries(object).map(([key, value]) => {
    const form = formOf(value);
    const issue = form === undefined ? nestedValue(value) : mixture(form, forms.get(key));
    return { key, form: form ?? 'unknown', ...(issue ? { issue } : {}) };
  });
}

const mixedForms: Partial<Record<ColumnForm, string>> = {
  list: 'the value is a list, and the rows above hold single values',
  scalar: 'the value is no list, and the rows above hold lists',
};

function mixture(form: ColumnForm, above: ColumnForm = 'unknown'): MemberIssue | undefined {
  if (form === 'unknown' || above === 'unknown' || form === above) return undefined;
  const detail = `${mixedForms[form]}; a column is of one kind: write each value as a list, such as [1], or none`;
  return { code: 'mixed_values', detail };
}

const duplicateKey = {
  code: 'duplicate_column',
  detail: 'this object has the key more than once; keep one of them',
} as const;

function nestedValue(value: unknown): MemberIssue {
  if (Array.isArray(value)) return { code: 'nested_value', detail: brokenList(value) };
  const detail =
    'the value is an object, and a column holds texts, numbers, booleans, lists of numbers and null; spread it over columns of its own, or leave it out';
  return { code: 'nested_value', detail };
}

function brokenList(list: readonly unknown[]): string {
  const at = firstMisfit(list);
  return `element ${at + 1} of this list is ${nameOfElement(list[at])}, and a list holds numbers alone; give numbers, such as token ids for words, or null for the whole list where it is unknown`;
}

function nameOfElement(element: unknown): string {
  if (element === null) return 'null';
  if (Array.isArray(element)) return 'a list';
  if (typeof element === 'number') return 'a number past the range of a double';
  return typeof element === 'object' ? 'an object' : `a ${typeof element}`;
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
