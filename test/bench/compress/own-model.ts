import { createHash } from 'node:crypto';
import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { train } from '../../../jobs/kinds/train';
import type { TrainSpec } from '../../../shared/contracts/kinds/train';
import { type ModelSignature, modelSignature } from '../../../shared/contracts/model';
import { folderJobContext } from '../../support/folder-job-context';
import type { Inputs } from '../training-job';

/** What costs minutes to make is kept here between runs, by what it was made of; it may be deleted at any time. */
export const cacheFolder = join(tmpdir(), 'ingot-bench-compress');

/** A model of our own train kind. */
export interface OwnModel {
  readonly folder: string;
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly signature: ModelSignature;
}

export interface Recipe {
  readonly name: string;
  readonly spec: TrainSpec;
  readonly ingest: (folder: string) => Promise<Inputs>;
}

/** A short name for what something was made of. */
export const digestOf = (...parts: readonly (string | Uint8Array)[]): string =>
  parts
    .reduce((hash, part) => hash.update(part), createHash('sha256'))
    .digest('hex')
    .slice(0, 16);

const files = { model: 'model.onnx', signature: 'signature.json' } as const;

async function opened(folder: string): Promise<OwnModel | undefined> {
  const path = join(folder, files.model);
  const text = await readFile(join(folder, files.signature), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const signature = modelSignature.parse(JSON.parse(text));
  return { folder, path, bytes: new Uint8Array(await readFile(path)), signature };
}

/** Into a folder beside the one it is to be, so that a run that is broken off leaves nothing that looks whole. */
async function trainInto(folder: string, { name, spec, ingest }: Recipe): Promise<void> {
  console.log(`training ${name}: this takes minutes, once`);
  const upload = await folderJobContext();
  const context = await folderJobContext({ inputs: await ingest(upload.folder) });
  const result = await train.run(spec, context);
  if (result.type !== 'model') throw new Error(`training ${name} came to a ${result.type}`);
  const making = `${folder}.making`;
  await rm(making, { recursive: true, force: true });
  await mkdir(making, { recursive: true });
  await cp(context.outputs.path(result.model), join(making, files.model));
  await writeFile(join(making, files.signature), JSON.stringify(result.signature));
  await rename(making, folder);
  await Promise.all([upload.remove(), context.remove()]);
}

/** A model that our own train kind makes of this recipe, trained in the first run that asks for it. */
export async function ownModel(recipe: Recipe): Promise<OwnModel> {
  const folder = join(cacheFolder, `${recipe.name}-${digestOf(JSON.stringify(recipe.spec))}`);
  const known = await opened(folder);
  if (known !== undefined) return known;
  await trainInto(folder, recipe);
  const made = await opened(folder);
  if (made === undefined) throw new Error(`the model ${recipe.name} was made, and is not there`);
  return made;
}
