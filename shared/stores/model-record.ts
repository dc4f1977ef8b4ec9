import type { ManifestFile } from '../contracts/events';
import type { AliasTarget, Model, ModelSignature, ModelVersion } from '../contracts/model';

type Lineage = ModelVersion['lineage'];

/** A version as it is stored. */
export interface VersionRecord {
  tenant: string;
  name: string;
  version: number;
  state: ModelVersion['state'];
  /** The ONNX model; there once the version is ready. */
  artifact?: ManifestFile;
  signature?: ModelSignature;
  metrics?: Record<string, unknown>;
  lineage: Lineage;
  /** Held-out rows that later versions are measured on. */
  test_rows?: ManifestFile;
  /** The job that made it, or that checks its upload. */
  job?: string;
  /** What an upload must be, where its owner said so. */
  declared?: { bytes?: number; sha256?: string };
  errors?: readonly { code: string; detail: string }[];
  created_at: string;
}

/** A model as it is stored: one record, so that every move of traffic is one conditional write. */
export interface ModelRecord {
  tenant: string;
  name: string;
  description?: string;
  latest_version: number;
  /** The highest version that can serve. */
  latest_ready?: number;
  aliases: Readonly<Record<string, AliasTarget>>;
  /** The newest version as it was made; it rides here until its own record is written. */
  newest: VersionRecord;
  created_at: string;
}

export interface ModelAddress {
  tenant: string;
  name: string;
}

export interface VersionAddress extends ModelAddress {
  version: number;
}

export interface NewVersion extends ModelAddress {
  artifact: ManifestFile;
  signature: ModelSignature;
  metrics: Record<string, unknown>;
  lineage: Lineage;
  testRows?: ManifestFile | undefined;
  /** The same job always gets the same version. */
  job: string;
  /** Pointed at the new version in the same write. */
  alias?: string | undefined;
}

export interface NewImport extends ModelAddress {
  description?: string | undefined;
  bytes?: number | undefined;
  sha256?: string | undefined;
  signature?: ModelSignature | undefined;
}

export const publicModel = ({
  name,
  latest_version,
  aliases,
  description,
  created_at,
}: ModelRecord): Model => ({
  object: 'model',
  name,
  latest_version,
  aliases,
  ...(description === undefined ? {} : { description }),
  created_at,
});

/** What callers see of a version; keys of objects are nobody's business. */
export function publicVersion(record: VersionRecord): ModelVersion {
  const { name, version, state, artifact, declared, signature, metrics, lineage, errors, created_at } =
    record;
  const size = artifact ?? declared;
  return {
    object: 'model_version',
    name,
    version,
    state,
    ...(size?.bytes === undefined ? {} : { bytes: size.bytes }),
    ...(size?.sha256 === undefined ? {} : { sha256: size.sha256 }),
    ...(signature === undefined ? {} : { signature }),
    ...(metrics === undefined ? {} : { metrics }),
    ...(errors === undefined ? {} : { errors: [...errors] }),
    lineage,
    created_at,
  };
}
