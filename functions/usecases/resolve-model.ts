import { LRUCache } from 'lru-cache';
import type { ManifestFile } from '../../shared/contracts/events';
import type { AliasTarget, ModelSignature } from '../../shared/contracts/model';
import { ConfigurationError } from '../../shared/errors/job-errors';
import { NotFoundError } from '../../shared/errors/request-errors';
import type { Clock } from '../../shared/ports/clock';
import type { VersionAddress } from '../../shared/stores/model-record';
import type { ModelRegistry } from '../../shared/stores/model-registry';

/** Which model somebody asks for; without alias and version it is the one that serves by the registry's rule. */
export interface ModelRequest {
  tenant: string;
  name: string;
  alias?: string | undefined;
  version?: number | undefined;
}

/** A version that can serve. */
export interface ServingVersion extends VersionAddress {
  readonly artifact: ManifestFile;
  readonly signature: ModelSignature;
}

export type ResolveModel = (request: ModelRequest) => Promise<ServingVersion>;

export interface ResolveModelDependencies {
  registry: Pick<ModelRegistry, 'resolve' | 'getVersion'>;
  clock: Clock;
  /** From [0, 1): which requests the canary gets. */
  random: () => number;
}

/** So long after an alias has moved, every process serves its new target. */
export const aliasLifetimeMilliseconds = 5_000;
/** A version that is ready never changes; this bounds how long one that was deleted is served. */
const versionLifetimeMilliseconds = 60_000;
const maximumEntries = 10_000;

/** Finds the version that serves a request, without a call where it did so a moment ago, and lets the canary have its share. */
export function resolveModel({ registry, clock, random }: ResolveModelDependencies): ResolveModel {
  const cached = { max: maximumEntries, perf: { now: () => clock.now().getTime() }, ttlResolution: 0 };
  const targets = new LRUCache<string, AliasTarget, ModelRequest>({
    ...cached,
    ttl: aliasLifetimeMilliseconds,
    fetchMethod: (_key, _stale, { context }) => registry.resolve(context),
  });
  const versions = new LRUCache<string, ServingVersion, VersionAddress>({
    ...cached,
    ttl: versionLifetimeMilliseconds,
    fetchMethod: (_key, _stale, { context }) => readVersion(registry, context),
  });

  return async (request) => {
    const { tenant, name, alias = '', version = '' } = request;
    // Names hold no slash, so no two requests share a key. What is there is taken without waiting for a turn.
    const targetKey = `${tenant}/${name}/${alias}/${version}`;
    const target = targets.get(targetKey) ?? (await targets.forceFetch(targetKey, { context: request }));
    const { canary } = target;
    const chosen = canary !== undefined && random() < canary.fraction ? canary.version : target.version;
    const versionKey = `${tenant}/${name}/${chosen}`;
    const context = { tenant, name, version: chosen };
    return versions.get(versionKey) ?? versions.forceFetch(versionKey, { context });
  };
}

async function readVersion(
  registry: Pick<ModelRegistry, 'getVersion'>,
  address: VersionAddress,
): Promise<ServingVersion> {
  const record = await registry.getVersion(address);
  if (record === undefined) throw new NotFoundError('model version', `${address.name}/${address.version}`);
  const { artifact, signature } = record;
  if (artifact === undefined || signature === undefined)
    throw new ConfigurationError(
      `version ${address.version} of the model '${address.name}' has no artifact or no signature on record`,
    );
  return { ...address, artifact, signature };
}
