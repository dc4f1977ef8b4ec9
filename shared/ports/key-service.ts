/** Envelope encryption: a data key in the clear for use now, and wrapped to be stored beside what it encrypts. */
export interface KeyService {
  /** 256 bits; `context` is authenticated (KMS encryption context) and must be given again to unwrap. */
  generateDataKey(context: Record<string, string>): Promise<{ plaintext: Uint8Array; wrapped: Uint8Array }>;
  /** `IntegrityError` when the wrapped key or its context was changed. */
  unwrapDataKey(wrapped: Uint8Array, context: Record<string, string>): Promise<Uint8Array>;
}
