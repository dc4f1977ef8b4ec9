import { systemClock } from '../../ports/clock';
import { checkObjectKey } from '../../ports/object-key';
import type { DownloadRequest, PresignedRequest, UploadRequest } from '../../ports/object-store';
import { claimOf, type SignedUrlsOptions, tampered, type UrlKind, urlOf } from './signed-claims';

/** Where the gateway takes uploads, and where it gives downloads. */
export const uploadsPath = '/_uploads/';
export const downloadsPath = '/_downloads/';

const upload: UrlKind = {
  what: 'upload',
  method: 'PUT',
  path: uploadsPath,
  fields: ['bytes', 'sha256'],
};

const download: UrlKind = { what: 'download', method: 'GET', path: downloadsPath, fields: ['type'] };

export interface IncomingDownload {
  method: string;
  /** Whole, or from its path on. */
  url: string;
}

export interface IncomingUpload extends IncomingDownload {
  /** With lower-case names, as Node gives them. */
  headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** What the signer allowed: hand `sha256` to `put`, with `ifAbsent: true`. */
export interface AllowedUpload {
  key: string;
  bytes?: number;
  sha256?: string;
}

/** What the signer allowed: the object, to be saved as a file of that type. */
export interface AllowedDownload {
  key: string;
  contentType: string;
}

export interface SignedUrls {
  sign(request: UploadRequest): Promise<PresignedRequest>;
  signDownload(request: DownloadRequest): Promise<PresignedRequest>;
  /** `InvalidSignatureError` unless the request is one that was signed, unchanged and in time. */
  verifyUpload(request: IncomingUpload): AllowedUpload;
  /** `InvalidSignatureError` likewise. */
  verifyDownload(request: IncomingDownload): AllowedDownload;
}

type Options = Required<SignedUrlsOptions>;

const expiryOf = ({ clock }: Options, { expiresInSeconds }: { expiresInSeconds: number }): number =>
  Math.ceil(clock.now().getTime() / 1000) + expiresInSeconds;

const sign = (options: Options, request: UploadRequest): PresignedRequest => {
  const expires = expiryOf(options, request);
  const claim = {
    key: checkObjectKey(request.key),
    expires: String(expires),
    values: [request.bytes === undefined ? '' : String(request.bytes), request.sha256 ?? ''],
  };
  return {
    method: 'PUT',
    url: urlOf(options, upload, claim),
    headers: request.bytes === undefined ? {} : { 'content-length': String(request.bytes) },
    expiresAt: new Date(expires * 1000),
  };
};

const signDownload = (options: Options, request: DownloadRequest): PresignedRequest => {
  const expires = expiryOf(options, request);
  const claim = {
    key: checkObjectKey(request.key),
    expires: String(expires),
    values: [request.contentType],
  };
  const url = urlOf(options, download, claim);
  return { method: 'GET', url, headers: {}, expiresAt: new Date(expires * 1000) };
};

const verifyUpload = (options: Options, request: IncomingUpload): AllowedUpload => {
  const { key, values } = claimOf(options, upload, request);
  const [bytes = '', sha256 = ''] = values;
  if (bytes !== '' && request.headers['content-length'] !== bytes)
    throw tampered(upload, `the header content-length must be ${bytes}, as it was declared`);
  return {
    key,
    ...(bytes === '' ? {} : { bytes: Number(bytes) }),
    ...(sha256 === '' ? {} : { sha256 }),
  };
};

const verifyDownload = (options: Options, request: IncomingDownload): AllowedDownload => {
  const { key, values } = claimOf(options, download, request);
  const [contentType = ''] = values;
  return { key, contentType };
};

/**
 * The embedded cloud's presigned requests: `{baseUrl}/_uploads/{key}?expires=…&bytes=…&sha256=…&signature=…` and
 * `{baseUrl}/_downloads/{key}?expires=…&type=…&signature=…`, each with an HMAC-SHA256 over method, key, end of life
 * (seconds since 1970), and what else is said.
 */
export const signedUrls = (options: SignedUrlsOptions): SignedUrls => {
  const complete = { clock: systemClock, ...options };
  return {
    sign: async (request) => sign(complete, request),
    signDownload: async (request) => signDownload(complete, request),
    verifyUpload: (request) => verifyUpload(complete, request),
    verifyDownload: (request) => verifyDownload(complete, request),
  };
};
