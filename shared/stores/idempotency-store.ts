import { createHash, randomUUID } from 'node:crypto';
import { ConflictError, IdempotencyMismatchError } from '../errors/request-errors';
import { ConditionFailedError } from '../errors/store-errors';
import type { Clock } from '../ports/clock';
import type { KeyService } from '../ports/key-service';
import type { RecordKey, RecordStore } from '../ports/record-store';
import { openSealed, type SealedText, sealer } from './sealed-text';

export interface IdempotentRequest {
  tenant: string;
  method: string;
  path: string;
  /** As the caller sent it. */
  key: string;
  body: string;
}

export interface IdempotencyStore {
  /**
   * Runs a request once for its key: the same request again gets the answer that was kept, for 24 hours. A request that
   * throws is forgotten, so that it may be sent again. `IdempotencyMismatchError` for another body under the same key,
   * `ConflictError` while the first one runs. `run` gets the request's intent: until there is an answer it is the same
   * for every try, so that what a crash left behind is known again.
   */
  once(
    request: IdempotentRequest,
    run: (intent: string) => Promise<string>,
  ): Promise<{ answer: string; replayed: boolean }>;
}

/** Longer than any request may take; a holder that is silent for so long has crashed. */
export const leaseSeconds = 60;
const keptHours = 24;
const retryAfterSeconds = 1;

type Entry = { body_sha256: string } & (
  | { state: 'running'; leased_until: string; intent: string }
  | { state: 'answered'; answer: SealedText }
  | { state: 'free'; intent: string }
);

interface IdempotencyStoreDependencies {
  records: RecordStore;
  keys: KeyService;
  clock: Clock;
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

const keyOf = ({ tenant, method, path, key }: IdempotentRequest): RecordKey => ({
  partition: `tenant#${tenant}#idempotency`,
  sort: sha256(JSON.stringify([method, path, key])),
});

/** Answers may hold a secret or an upload's URL, so they are kept sealed, each bound to its own place. */
const contextOf = ({ partition, sort }: RecordKey) => ({ purpose: 'idempotency', partition, sort });

const inSeconds = (clock: Clock, seconds: number) => new Date(clock.now().getTime() + seconds * 1000);

/** Writes where nobody else has written since; false where somebody has. */
async function write(
  { records, clock }: IdempotencyStoreDependencies,
  key: RecordKey,
  { value, expect }: { value: Entry; expect: 'absent' | number },
): Promise<number | undefined> {
  try {
    return await records.put({ ...key, value, expect, expiresAt: inSeconds(clock, keptHours * 3600) });
  } catch (error) {
    if (error instanceof ConditionFailedError) return undefined;
    throw error;
  }
}

const stillRunning = () =>
  new ConflictError(
    'the first request with this idempotency key is still running: send it again in a moment',
    'idempotency_in_progress',
    { retryAfterSeconds },
  );

/** The entry that stands against running the request: it was answered, or runs. A silent holder has crashed. */
function standing(entry: Entry | undefined, now: Date): Exclude<Entry, { state: 'free' }> | undefined {
  if (entry === undefined || entry.state === 'free') return undefined;
  return entry.state === 'answered' || new Date(entry.leased_until) > now ? entry : undefined;
}

/** That of an earlier try with the same body which got no answer, else a new one. */
const intentOf = (earlier: Entry | undefined, body_sha256: string): string =>
  earlier !== undefined && earlier.state !== 'answered' && earlier.body_sha256 === body_sha256
    ? earlier.intent
    : randomUUID();

/** The lease of a request that is to run, or the answer that it got before. */
async function claim(deps: IdempotencyStoreDependencies, request: IdempotentRequest) {
  const key = keyOf(request);
  const body_sha256 = sha256(request.body);
  const stored = await deps.records.get<Entry>(key);
  const entry = standing(stored?.value, deps.clock.now());
  if (entry !== undefined) {
    if (entry.body_sha256 !== body_sha256) throw new IdempotencyMismatchError(request.key);
    if (entry.state === 'answered') return { answer: entry.answer };
    throw stillRunning();
  }
  const leased_until = inSeconds(deps.clock, leaseSeconds).toISOString();
  const intent = intentOf(stored?.value, body_sha256);
  const value: Entry = { body_sha256, state: 'running', leased_until, intent };
  const version = await write(deps, key, { value, expect: stored?.version ?? 'absent' });
  if (version === undefined) throw stillRunning();
  return { lease: { key, version, body_sha256, intent } };
}

type Lease = NonNullable<Awaited<ReturnType<typeof claim>>['lease']>;

async function runLeased(
  deps: IdempotencyStoreDependencies,
  lease: Lease,
  run: (intent: string) => Promise<string>,
) {
  const { key, version: expect, body_sha256, intent } = lease;
  try {
    // the data key first: once it has run, only one write stands between the answer and its being kept
    const seal = await sealer(deps.keys, contextOf(key));
    const answer = await run(intent);
    return {
      answer,
      keep: () =>
        write(deps, key, { value: { body_sha256, state: 'answered', answer: seal(answer) }, expect }),
    };
  } catch (error) {
    // where this fails too, the lease runs out by itself
    await write(deps, key, { value: { body_sha256, state: 'free', intent }, expect }).catch(() => undefined);
    throw error;
  }
}

/** Requests that were sent with an `Idempotency-Key`: each has one record, leased by one conditional write while it runs. */
export const idempotencyStore = (deps: IdempotencyStoreDependencies): IdempotencyStore => ({
  async once(request, run) {
    const claimed = await claim(deps, request);
    if (claimed.lease !== undefined) {
      const { answer, keep } = await runLeased(deps, claimed.lease, run);
      await keep();
      return { answer, replayed: false };
    }
    const answer = await openSealed(deps.keys, claimed.answer, contextOf(keyOf(request)));
    return { answer, replayed: true };
  },
});
