import { createHmac, timingSafeEqual } from 'node:crypto';
import { InvalidSignatureError } from '../../errors/access-errors';
import type { Clock } from '../../ports/clock';

/** What a signed URL lets its bearer do, and how such a URL looks. */
export interface UrlKind {
  readonly what: string;
  readonly method: 'PUT' | 'GET';
  /** With a '/' at both ends; the key follows. */
  readonly path: `/${string}/`;
  /** Beside the end of its life, in the order in which they are signed. */
  readonly fields: readonly string[];
}

export interface SignedUrlsOptions {
  /** The gateway's, without a '/' at its end. */
  baseUrl: string;
  /** 256 bits of `FileKeyService.derive`. */
  signingKey: Uint8Array;
  clock?: Clock;
}

/** What is signed. */
export interface Claim {
  readonly key: string;
  /** Seconds since 1970. */
  readonly expires: string;
  /** In the order of the kind's fields; what was not declared is empty. */
  readonly values: readonly string[];
}

const signatureOf = (signingKey: Uint8Array, { method }: UrlKind, { key, expires, values }: Claim): string =>
  createHmac('sha256', signingKey)
    .update([method, key, expires, ...values].join('\n'))
    .digest('hex');

/** Compares digests of the two, so that neither length nor content shows in the time it takes. */
const isSame = (signingKey: Uint8Array, a: string, b: string): boolean => {
  const blind = (text: string) => createHmac('sha256', signingKey).update(text).digest();
  return timingSafeEqual(blind(a), blind(b));
};

/** The URL of a claim: `{baseUrl}{path}{key}?expires=…&signature=…`, with the fields that were declared between the two. */
export function urlOf({ baseUrl, signingKey }: SignedUrlsOptions, kind: UrlKind, claim: Claim): string {
  const parameters = new URLSearchParams({ expires: claim.expires });
  for (const [index, field] of kind.fields.entries()) {
    const value = claim.values[index] ?? '';
    if (value !== '') parameters.set(field, value);
  }
  parameters.set('signature', signatureOf(signingKey, kind, claim));
  return `${baseUrl}${kind.path}${claim.key}?${parameters}`;
}

export const tampered = ({ what }: { readonly what: string }, fault: string) =>
  new InvalidSignatureError(`${fault}: use the ${what}'s URL and headers exactly as they were given`);

const base = 'http://gateway.invalid';

/** The claim of a request's URL; `InvalidSignatureError` unless it was signed, is unchanged and in time. */
export function claimOf(
  { signingKey, clock }: Required<SignedUrlsOptions>,
  kind: UrlKind,
  request: { readonly method: string; readonly url: string },
): Claim {
  const url = URL.canParse(request.url, base) ? new URL(request.url, base) : new URL(base);
  const at = url.pathname.indexOf(kind.path);
  if (request.method !== kind.method || at < 0)
    throw tampered(kind, `this is no ${kind.what} URL, or its method is not ${kind.method}`);
  const parameter = (name: string) => url.searchParams.getAll(name).join('\n');
  const claim = {
    key: url.pathname.slice(at + kind.path.length),
    expires: parameter('expires'),
    values: kind.fields.map(parameter),
  };
  if (!isSame(signingKey, parameter('signature'), signatureOf(signingKey, kind, claim)))
    throw tampered(kind, 'the signature of this URL does not hold');
  if (clock.now().getTime() >= Number(claim.expires) * 1000)
    throw new InvalidSignatureError('the time of this URL is over: ask for a new one', 'signature_expired');
  return claim;
}
