/** What a store knows of an object without reading it; `sha256` is lower-case hex. */
export interface ObjectInfo {
  key: string;
  bytes: number;
  sha256: string;
  modifiedAt: Date;
}

export type ObjectBody = Uint8Array | AsyncIterable<Uint8Array>;

export interface PutOptions {
  /** Refuse (`ConditionFailedError`) when an object is there already. */
  ifAbsent?: boolean;
  /** Lower-case hex digest that the body must have, else `IntegrityError` and nothing is stored. */
  sha256?: string;
}

export interface UploadRequest {
  key: string;
  expiresInSeconds: number;
  /** Exact size and digest that the upload must have, where the caller declared them. */
  bytes?: number;
  sha256?: string;
}

export interface DownloadRequest {
  key: string;
  expiresInSeconds: number;
  contentType: string;
}

/** A request that anybody may send until it expires; an upload never overwrites (`If-None-Match: *` is signed in). */
export interface PresignedRequest {
  method: 'PUT' | 'GET';
  url: string;
  headers: Record<string, string>;
  expiresAt: Date;
}

/** Encrypted, immutable-by-habit bytes under slash-separated keys. Keys match `[A-Za-z0-9._/-]+`, no `..` segment. */
export interface ObjectStore {
  head(key: string): Promise<ObjectInfo | undefined>;
  /** Streams the body; `ObjectNotFoundError` where there is none, `IntegrityError` where it was tampered with. */
  get(key: string): Promise<AsyncIterable<Uint8Array>>;
  /** Atomic: readers see the whole object or none of it. */
  put(key: string, body: ObjectBody, options?: PutOptions): Promise<ObjectInfo>;
  /** Removing what is not there is no error. */
  remove(key: string): Promise<void>;
  /** In key order. */
  list(prefix: string): AsyncIterable<ObjectInfo>;
  presignUpload(request: UploadRequest): Promise<PresignedRequest>;
  /**
   * The object as a file to be saved (`content-disposition: attachment`) under the last segment of its key, never shown in
   * place: what is in it may come from anybody. Whether it is there shows when the request is sent.
   */
  presignDownload(request: DownloadRequest): Promise<PresignedRequest>;
}
