import { createHmac, timingSafeEqual } from 'node:crypto';
import { InvalidSignatureError } from '../../errors/access-errors';
import { type Clock, systemClock } from '../../ports/clock';
import { checkObjectKey } from '../../ports/object-key';
import type { PresignedRequest, UploadRequest } from '../../ports/object-store';

/** Where the gateway takes uploads. */
export const uploadsPath = '/_uploads/';

export interface IncomingUpload {
  method: string;
  /** Whole, or from its path on. */
  url: string;
  /** With lower-case names, as Node gives them. */
  headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** What the signer allowed: hand `sha256` to `put`, with `ifAbsent: true`. */
export interface AllowedUpload {
  key: string;
  bytes?: number;
  sha256?: string;
}

export interface SignedUrls {
  sign(request: UploadRequest): Promise<PresignedRequest>;
  /** `InvalidSignatureError` unless the request is one that was signed, unchanged and in time. */
  verifyUpload(request: IncomingUpload): AllowedUpload;
}

interface Claim {
  key: string;
  expires: string;
  bytes: string;
  sha256: string;
}

const signatureOf = (signingKey: Uint8Array, claim: Claim): string =>
  createHmac('sha256', signingKey)
    .update(['PUT', claim.key, claim.expires, claim.bytes, claim.sha256].join('\n'))
    .digest('hex');

/** Compares digests of the two, so that neither length nor content shows in the time it takes. */
const isSame = (signingKey: Uint8Array, a: string, b: string): boolean => {
  const blind = (text: string) => createHmac('sha256', signingKey).update(text).digest();
  return timingSafeEqual(blind(a), blind(b));
};

const tampered = (what: string) =>
  new InvalidSignatureError(`${what}: use the upload's URL and headers exactly as they were given`);

const base = 'http://gateway.invalid';

const parse = (request: IncomingUpload): { claim: Claim; signature: string } => {
  const url = URL.canParse(request.url, base) ? new URL(request.url, base) : new URL(base);
  const at = url.pathname.indexOf(uploadsPath);
  if (request.method !== 'PUT' || at < 0) throw tampered('this is no upload URL, or its method is not PUT');
  const parameter = (name: string) => url.searchParams.getAll(name).join('\n');
  const claim = {
    key: url.pathname.slice(at + uploadsPath.length),
    expires: parameter('expires'),
    bytes: parameter('bytes'),
    sha256: parameter('sha256'),
  };
  return { claim, signature: parameter('signature') };
};

const holdToSize = (claim: Claim, headers: IncomingUpload['headers']) => {
  if (claim.bytes !== '' && headers['content-length'] !== claim.bytes)
    throw tampered(`the header content-length must be ${claim.bytes}, as it was declared`);
};

const sign = (options: Required<SignedUrlsOptions>, request: UploadRequest): PresignedRequest => {
  const expires = Math.ceil(options.clock.now().getTime() / 1000) + request.expiresInSeconds;
  const claim = {
    key: checkObjectKey(request.key),
    expires: String(expires),
    bytes: request.bytes === undefined ? '' : String(request.bytes),
    sha256: request.sha256 ?? '',
  };
  const query = Object.entries(claim).filter(([name, value]) => name !== 'key' && value !== '');
  const parameters = new URLSearchParams([...query, ['signature', signatureOf(options.signingKey, claim)]]);
  return {
    method: 'PUT',
    url: `${options.baseUrl}${uploadsPath}${claim.key}?${parameters}`,
    headers: request.bytes === undefined ? {} : { 'content-length': String(request.bytes) },
    expiresAt: new Date(expires * 1000),
  };
};

const verify = (options: Required<SignedUrlsOptions>, request: IncomingUpload): AllowedUpload => {
  const { claim, signature } = parse(request);
  if (!isSame(options.signingKey, signature, signatureOf(options.signingKey, claim)))
    throw tampered('the signature of this URL does not hold');
  if (options.clock.now().getTime() >= Number(claim.expires) * 1000)
    throw new InvalidSignatureError('the time of this URL is over: ask for a new one', 'signature_expired');
  holdToSize(claim, request.headers);
  return {
    key: claim.key,
    ...(claim.bytes === '' ? {} : { bytes: Number(claim.bytes) }),
    ...(claim.sha256 === '' ? {} : { sha256: claim.sha256 }),
  };
};

export interface SignedUrlsOptions {
  /** The gateway's, without a '/' at its end. */
  baseUrl: string;
  /** 256 bits of `FileKeyService.derive`. */
  signingKey: Uint8Array;
  clock?: Clock;
}

/**
 * The embedded cloud's presigned uploads: `{baseUrl}/_uploads/{key}?expires=…&bytes=…&sha256=…&signature=…`, an
 * HMAC-SHA256 over method, key, end of life (seconds since 1970), size and digest.
 */
export const signedUrls = (options: SignedUrlsOptions): SignedUrls => {
  const complete = { clock: systemClock, ...options };
  return {
    sign: async (request) => sign(complete, request),
    verifyUpload: (request) => verify(complete, request),
  };
};
