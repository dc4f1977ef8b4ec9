import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ManifestFile } from '../shared/contracts/events';
import type { RunOrder } from '../shared/contracts/run-order';
import { InvalidRequestError } from '../shared/errors/request-errors';
import { IntegrityError } from '../shared/errors/store-errors';
import type { ObjectStore } from '../shared/ports/object-store';
import type { Inputs, Outputs } from './kinds/job-kind';

/** Passes bytes through and proves, at the end, that they are the ones that the order named. */
function proveDigest(role: string, expected: string | undefined): Transform {
  const hash = createHash('sha256');
  return new Transform({
    transform(chunk, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
    flush(done) {
      const matches = expected === undefined || hash.digest('hex') === expected;
      done(
        matches
          ? null
          : new IntegrityError(`the input '${role}' does not have the digest that the job was given`),
      );
    },
  });
}

/** Inputs streamed into the scratch folder on first use. */
export function scratchInputs(store: ObjectStore, order: RunOrder, folder: string): Inputs {
  const fetched = new Map<string, Promise<string>>();
  const fetchInput = async (role: string) => {
    const input = order.inputs[role];
    if (input === undefined) throw new InvalidRequestError(`the run order has no input '${role}'`);
    const path = join(folder, `input-${role}`);
    await pipeline(
      Readable.from(await store.get(input.key)),
      proveDigest(role, input.sha256),
      createWriteStream(path),
    );
    return path;
  };
  return {
    roles: Object.keys(order.inputs),
    has: (role) => order.inputs[role] !== undefined,
    path(role) {
      const path = fetched.get(role) ?? fetchInput(role);
      fetched.set(role, path);
      return path;
    },
  };
}

/** Outputs written in the scratch folder and published under this attempt's prefix; `files` is what the manifest will list. */
export function scratchOutputs(store: ObjectStore, prefix: string, folder: string) {
  const files: Record<string, ManifestFile> = {};
  const path = (name: string) => join(folder, `output-${name}`);
  const outputs: Outputs = {
    path,
    async publish(name, bytes) {
      const stored = await store.put(`${prefix}${name}`, bytes ?? createReadStream(path(name)));
      files[name] = { key: stored.key, bytes: stored.bytes, sha256: stored.sha256 };
    },
  };
  return { outputs, files };
}
