import { distance } from 'fastest-levenshtein';
import { z } from 'zod';
import type { Violation } from '../errors/app-error';

const maximumViolations = 50;

const quoted = (value: unknown) => (typeof value === 'string' ? `'${value}'` : String(value));
const plural = (count: number | bigint, what: string) => `${count} ${what}${Number(count) === 1 ? '' : 's'}`;

/** A value in the caller's words, short enough for a message. */
function described(value: unknown): string {
  if (typeof value === 'string') return `'${value.length > 60 ? `${value.slice(0, 57)}…` : value}'`;
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

const typeNames: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a number',
  string: 'a text',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
};

/** The known name that a wrong one was most likely meant to be. */
function nearest(given: string, known: readonly string[]): string | undefined {
  const near = known
    .map((name) => ({ name, edits: distance(given.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits)[0];
  return near && near.edits <= Math.max(1, Math.floor(near.name.length * 0.4)) ? near.name : undefined;
}

const unitOf: Readonly<Record<string, string>> = { string: 'character', array: 'item', set: 'item' };

function bound(
  issue: { origin: string; inclusive?: boolean },
  limit: number | bigint,
  words: [string, string],
) {
  const unit = unitOf[issue.origin];
  if (unit !== undefined) return `must have ${words[0]} ${plural(limit, unit)}`;
  return issue.inclusive === false ? `must be ${words[1]} ${limit}` : `must be ${words[0]} ${limit}`;
}

function allowed(values: readonly unknown[], given: unknown): string {
  const list = values.map(quoted).join(', ');
  const meant = typeof given === 'string' ? nearest(given, values.map(String)) : undefined;
  const hint = meant === undefined ? '' : ` (did you mean '${meant}'?)`;
  return values.length === 1 ? `must be ${list}${hint}` : `must be one of ${list}${hint}`;
}

/** What was given, after what is allowed and before the advice that follows a colon. */
const withGiven = (words: string, given: string) => words.replace(/(?=: )|$/, () => given);

/** Zod's issues in our words: what is allowed. What was given is added for all of them alike. */
function words(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${typeNames[issue.expected] ?? issue.expected}`;
    case 'too_small':
      return bound(issue, issue.minimum, ['at least', 'above']);
    case 'too_big':
      return bound(issue, issue.maximum, ['at most', 'below']);
    case 'invalid_value':
      return allowed(issue.values, issue.input);
    case 'invalid_format':
      return issue.format === 'regex' ? `must match ${issue.pattern}` : `must be a ${issue.format}`;
    default:
      return undefined;
  }
}

/** Zod drops the schema from an issue before it is reported; the keys it knows are kept here by the list of those it does not. */
const knownKeysBy = new WeakMap<readonly string[], readonly string[]>();

const errorMap: z.core.$ZodErrorMap = (issue) => {
  if (issue.code === 'unrecognized_keys' && issue.inst instanceof z.ZodObject) {
    knownKeysBy.set(issue.keys, Object.keys(issue.inst.shape));
  }
  return words(issue);
};

const pointerTo = (path: readonly PropertyKey[], from: string) =>
  path.reduce<string>(
    (pointer, key) => `${pointer}/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`,
    from,
  );

function unknownKeys(issue: z.core.$ZodIssueUnrecognizedKeys, from: string): Violation[] {
  const known = knownKeysBy.get(issue.keys) ?? [];
  return issue.keys.map((key) => {
    const meant = nearest(key, known);
    const hint = known.length === 0 ? 'none is taken here' : `known are: ${known.join(', ')}`;
    const detail = `unknown key ${described(key)}: ${meant === undefined ? hint : `did you mean '${meant}'?`}`;
    return { pointer: pointerTo([...issue.path, key], from), detail };
  });
}

function unionViolations(issue: z.core.$ZodIssueInvalidUnion, from: string): Violation[] {
  const pointer = pointerTo(issue.path, from);
  if ('options' in issue && issue.options !== undefined) {
    const key = issue.discriminator ?? '';
    const given = memberOf(issue.input, key);
    const detail =
      allowed(issue.options, given) +
      (given === undefined ? ', and is missing' : `, not ${described(given)}`);
    return [{ pointer: pointer.endsWith(`/${key}`) ? pointer : `${pointer}/${key}`, detail }];
  }
  const meant = issuesMeant(issue);
  if (meant !== undefined) return meant.flatMap((each) => violationsIn(placedIn(issue, each), from));
  return [{ pointer, detail: `${either(formsOf(issue))}, not ${described(issue.input)}` }];
}

const memberOf = (value: unknown, key: PropertyKey): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;

/** An issue of a member of a union, as one of the whole. */
function placedIn({ path, input }: z.core.$ZodIssueInvalidUnion, inner: z.core.$ZodIssue): z.core.$ZodIssue {
  // of objects that a key tells apart, the issue's path ends with the key, and its input is the object
  const isTold = inner.code === 'invalid_union' && 'options' in inner && inner.options !== undefined;
  const steps = isTold ? inner.path.slice(0, -1) : inner.path;
  return Object.assign({}, inner, {
    path: [...path, ...inner.path],
    input: steps.reduce<unknown>(memberOf, input),
  });
}

/** Of a union of forms, an object, or a list, can only have meant the one member whose issues lie within it. */
function issuesMeant({
  input,
  errors,
}: z.core.$ZodIssueInvalidUnion): readonly z.core.$ZodIssue[] | undefined {
  if (typeof input !== 'object' || input === null) return undefined;
  const within = errors.filter(
    (issues) =>
      issues.length > 0 && issues.every(({ path, code }) => path.length > 0 || code === 'unrecognized_keys'),
  );
  return within.length === 1 ? within[0] : undefined;
}

/** `must be a text`, `must be a number`: must be a text, or a number. */
const either = (forms: readonly string[]): string =>
  [...new Set(forms)].map((form, at) => (at === 0 ? form : form.replace(/^must be /, ''))).join(', or ');

/** What each member of a union, and of the unions in it, would take. */
const formsOf = (issue: z.core.$ZodIssue): string[] =>
  issue.code === 'invalid_union'
    ? issue.errors.flatMap((errors) => errors.slice(0, 1)).flatMap(formsOf)
    : [issue.message];

function violationsIn(issue: z.core.$ZodIssue, from: string): Violation[] {
  if (issue.code === 'unrecognized_keys') return unknownKeys(issue, from);
  if (issue.code === 'invalid_union') return unionViolations(issue, from);
  const given = issue.input === undefined ? ', and is missing' : `, not ${described(issue.input)}`;
  const detail = issue.code === 'custom' ? issue.message : withGiven(issue.message, given);
  return [{ pointer: pointerTo(issue.path, from), detail }];
}

export type Checked<T> = { ok: true; value: T } | { ok: false; errors: Violation[] };

/**
 * Parses a value, or tells each thing that is wrong with it: where, what is allowed, what was given, and which known name
 * an unknown one resembles. `from` is the JSON Pointer of the value itself; at most 50 are told.
 */
export function checked<S extends z.ZodType>(schema: S, value: unknown, from = ''): Checked<z.output<S>> {
  const parsed = schema.safeParse(value, { error: errorMap, reportInput: true });
  if (parsed.success) return { ok: true, value: parsed.data };
  const errors = parsed.error.issues.flatMap((issue) => violationsIn(issue, from));
  return { ok: false, errors: errors.slice(0, maximumViolations) };
}

/** All of them in one sentence: the first, and how many more. */
export function summarised(what: string, errors: readonly Violation[]): string {
  const [first, ...more] = errors;
  if (first === undefined) return `${what} is not valid`;
  const rest = more.length === 0 ? '' : `, and ${more.length} more`;
  return `${what} is not valid: ${first.pointer === '' ? '' : `${first.pointer} `}${first.detail}${rest}`;
}
