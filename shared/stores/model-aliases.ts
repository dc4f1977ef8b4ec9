import type { AliasTarget } from '../contracts/model';
import { ConflictError, NotFoundError } from '../errors/request-errors';
import type { RecordStore } from '../ports/record-store';
import { changeRecord } from './change-record';
import { modelKeys } from './model-keys';
import type { ModelAddress, ModelRecord, VersionAddress, VersionRecord } from './model-record';
import type { ModelVersions } from './model-versions';

export interface AliasAddress extends ModelAddress {
  alias: string;
}

export interface VersionWanted extends ModelAddress {
  alias?: string | undefined;
  version?: number | undefined;
}

export interface ModelAliases {
  /** One conditional write: a request sees the old target or the new one. `ConflictError` for a version that cannot serve. */
  setAlias(address: AliasAddress, target: AliasTarget): Promise<void>;
  /** `NotFoundError` where there is no such alias. */
  deleteAlias(address: AliasAddress): Promise<void>;
  /**
   * Which version serves: the one named; or where the alias points; or where `production` points, else the latest that is
   * ready. `NotFoundError` where there is none; a named version that is not ready is a `ConflictError`.
   */
  resolve(wanted: VersionWanted): Promise<AliasTarget>;
}

/** What serves a request that names neither alias nor version. */
const defaultAlias = 'production';

interface ModelAliasesDependencies {
  records: RecordStore;
  versions: Pick<ModelVersions, 'getVersion'>;
}

/** A version that can serve, or the error that says why it cannot. */
async function requireReady(
  versions: Pick<ModelVersions, 'getVersion'>,
  address: VersionAddress,
): Promise<VersionRecord> {
  const { name, version } = address;
  const found = await versions.getVersion(address);
  if (found === undefined) throw new NotFoundError('model version', `${name}/${version}`);
  if (found.state === 'ready') return found;
  throw new ConflictError(
    `version ${version} of the model '${name}' is ${found.state}; only a version that is ready can serve`,
    'version_not_ready',
  );
}

const changeModel = (
  records: RecordStore,
  address: ModelAddress,
  change: (model: ModelRecord) => ModelRecord,
) =>
  changeRecord<ModelRecord>(records, modelKeys.model(address), (model) => {
    if (model === undefined) throw new NotFoundError('model', address.name);
    return change(model);
  });

async function setAlias(
  { records, versions }: ModelAliasesDependencies,
  { alias, ...address }: AliasAddress,
  target: AliasTarget,
): Promise<void> {
  if ((await records.get(modelKeys.model(address))) === undefined) {
    throw new NotFoundError('model', address.name);
  }
  // a version that is ready stays so, so this cannot have changed when the write comes
  await requireReady(versions, { ...address, version: target.version });
  if (target.canary) await requireReady(versions, { ...address, version: target.canary.version });
  await changeModel(records, address, (model) => ({
    ...model,
    aliases: { ...model.aliases, [alias]: target },
  }));
}

/** Where an alias points; `Object.hasOwn`, because `constructor` is a name that an alias may have. */
const targetOf = ({ aliases }: ModelRecord, alias: string): AliasTarget | undefined =>
  Object.hasOwn(aliases, alias) ? aliases[alias] : undefined;

async function resolve(
  { records, versions }: ModelAliasesDependencies,
  { alias, version, ...address }: VersionWanted,
): Promise<AliasTarget> {
  const model = (await records.get<ModelRecord>(modelKeys.model(address)))?.value;
  if (model === undefined) throw new NotFoundError('model', address.name);
  if (version !== undefined) {
    await requireReady(versions, { ...address, version });
    return { version };
  }
  const target = targetOf(model, alias ?? defaultAlias);
  if (target !== undefined) return target;
  if (alias !== undefined) throw new NotFoundError('alias', alias);
  if (model.latest_ready !== undefined) return { version: model.latest_ready };
  throw new NotFoundError('ready version of the model', address.name);
}

/** Where requests go; all of a model's aliases are in its one record, so that moving traffic is one write. */
export const modelAliases = (deps: ModelAliasesDependencies): ModelAliases => ({
  setAlias: (address, target) => setAlias(deps, address, target),
  async deleteAlias({ alias, ...address }) {
    await changeModel(deps.records, address, (model) => {
      if (targetOf(model, alias) === undefined) throw new NotFoundError('alias', alias);
      const { [alias]: _, ...aliases } = model.aliases;
      return { ...model, aliases };
    });
  },
  resolve: (wanted) => resolve(deps, wanted),
});
