import { distance } from 'fastest-levenshtein';
import { type DatasetProfile, datasetProfile } from '../../shared/contracts/dataset';
import type { JobKind, JobSpec } from '../../shared/contracts/job';
import { jobSpecs } from '../../shared/contracts/job';
import type { ModelSignature } from '../../shared/contracts/model';
import {
  compressionViolations,
  isLabelled,
  judgedSignature,
  metricOfContract,
  refuseSteps,
  refuseTeacherOfOthers,
} from '../../shared/datasets/check-compression';
import {
  evaluationViolations,
  isLanguageModel,
  measurableSignature,
} from '../../shared/datasets/check-evaluation';
import { askedFeatures, readableFeatures } from '../../shared/datasets/check-features';
import { checkTarget, checkTextTarget } from '../../shared/datasets/check-target';
import type { Violation } from '../../shared/errors/app-error';
import { BadSpecError } from '../../shared/errors/job-errors';
import { IntegrityError } from '../../shared/errors/store-errors';
import type { ObjectStore } from '../../shared/ports/object-store';
import { type JobInputStores, requireReadyDataset, requireVersion, teacherOf } from './job-inputs';
import { parsedJson } from './parsed-json';
import { readSmallObject } from './read-small-object';
import { refuseBaseModel } from './refuse-base-model';
import { refuseLoss, refuseTeacher } from './refuse-loss';

export interface CheckColumnsDependencies extends JobInputStores {
  objects: Pick<ObjectStore, 'get'>;
}

const namesShown = 3;

function nearest(wanted: string, names: readonly string[]): string[] {
  const scored = names.map((name) => ({
    name,
    edits: distance(wanted.toLowerCase(), name.toLowerCase()),
  }));
  const sorted = scored.toSorted((a, b) => a.edits - b.edits);
  return sorted.slice(0, namesShown).map(({ name }) => name);
}

const absent = (pointer: string, name: string, dataset: string, names: readonly string[]): Violation => ({
  pointer,
  detail: `the data set '${dataset}' has no column '${name}'; the most like it are ${nearest(name, names)
    .map((near) => `'${near}'`)
    .join(', ')}`,
});

async function readProfile(
  deps: CheckColumnsDependencies,
  tenant: string,
  id: string,
): Promise<DatasetProfile> {
  const { profile } = await requireReadyDataset({ stores: deps, tenant }, id);
  const text = await readSmallObject(deps.objects, profile.key);
  const parsed = datasetProfile.safeParse(text === undefined ? undefined : parsedJson(text));
  if (parsed.success) return parsed.data;
  throw new IntegrityError(`the profile of the data set '${id}' cannot be read`, parsed.error);
}

/** Every column that a spec names, and where it names it. */
function columnsNamed({ target, features }: JobSpec<'train'>): { pointer: string; name: string }[] {
  const listed = (['include', 'exclude'] as const).flatMap((list) =>
    (features?.[list] ?? []).map((name, index) => ({ pointer: `/spec/features/${list}/${index}`, name })),
  );
  return [{ pointer: '/spec/target', name: target }, ...listed];
}

function violationsIn(spec: JobSpec<'train'>, columns: readonly string[]): Violation[] {
  const missing = columnsNamed(spec)
    .filter(({ name }) => !columns.includes(name))
    .map(({ pointer, name }) => absent(pointer, name, spec.dataset, columns));
  const asFeature = spec.features?.include?.indexOf(spec.target) ?? -1;
  if (asFeature < 0) return missing;
  const detail = `'${spec.target}' is the target, and cannot be a feature too`;
  return [...missing, { pointer: `/spec/features/include/${asFeature}`, detail }];
}

async function checkTrain(deps: CheckColumnsDependencies, tenant: string, spec: JobSpec<'train'>) {
  const { columns, rows } = await readProfile(deps, tenant, spec.dataset);
  const names = columns.map(({ name }) => name);
  const errors = violationsIn(spec, names);
  if (spec.test_dataset !== undefined) {
    const test = (await readProfile(deps, tenant, spec.test_dataset)).columns.map(({ name }) => name);
    if (!test.includes(spec.target)) {
      errors.push(absent('/spec/test_dataset', spec.target, spec.test_dataset, test));
    }
  }
  refuseAny(errors);
  const features = askedFeatures(columns, spec);
  readableFeatures({ model: spec.model, columns: features, at: '/spec' });
  await refuseBaseModel({ stores: deps, tenant }, spec.model, features);
  refuseTarget(spec, { columns, rows });
  refuseLoss(spec, { columns });
  await refuseTeacher({ stores: deps, tenant }, spec, { columns });
}

/** What all trials have in common, told where it lies in the spec of the search. */
async function checkTune(
  deps: CheckColumnsDependencies,
  tenant: string,
  { train, register }: JobSpec<'tune'>,
): Promise<void> {
  const within = (text: string) => text.replaceAll('/spec/', '/spec/train/');
  await checkTrain(deps, tenant, { ...train, register }).catch((error: unknown) => {
    if (!(error instanceof BadSpecError)) throw error;
    const errors = (error.details.errors ?? []).map((one) => ({ ...one, pointer: within(one.pointer) }));
    throw new BadSpecError(within(error.message), errors);
  });
}

/** Beyond this many rows a profile's distinct counts are estimates, which refuse nobody. */
const exactRows = 1_000_000;

function refuseTarget(
  { target, task, model }: JobSpec<'train'>,
  { columns, rows }: Pick<DatasetProfile, 'columns' | 'rows'>,
) {
  const column = columns.find(({ name }) => name === target);
  if (column === undefined) return;
  const { name, type, missing, distinct } = column;
  const facts = { name, type, rows, present: rows - missing };
  if (model.family === 'transformer' && model.form === 'decoder') return checkTextTarget(facts);
  const known = rows <= exactRows ? distinct : Math.min(distinct, 2);
  checkTarget({ ...facts, task, distinct: known });
}

/** A model must have been told what it predicts, and the data set must have what it reads. */
async function checkEvaluate(deps: CheckColumnsDependencies, tenant: string, spec: JobSpec<'evaluate'>) {
  const { model } = await requireVersion({ stores: deps, tenant }, spec.model);
  const signature = measurableSignature(model, spec);
  if (spec.dataset === undefined) return;
  const { columns, rows } = await readProfile(deps, tenant, spec.dataset);
  const facts = columns.map(({ name, type, missing }) => ({ name, type, empty: missing === rows }));
  refuseAny(evaluationViolations({ spec, signature, columns: facts, nearest }));
}

/** The data set must have what the model reads, and what the contract's metric is of. */
async function checkCompress(deps: CheckColumnsDependencies, tenant: string, spec: JobSpec<'compress'>) {
  const { model } = await requireVersion({ stores: deps, tenant }, spec.model);
  const signature = judgedSignature(model.signature ?? noSignature, spec.target);
  refuseSteps(spec, signature);
  const reference = teacherOf(spec);
  if (reference !== undefined)
    refuseTeacherOfOthers((await requireVersion({ stores: deps, tenant }, reference)).model, signature);
  if (spec.dataset === undefined) {
    // held-out rows have the truth
    metricOfContract(spec, { signature, labelled: signature.target !== undefined });
    return;
  }
  const { columns, rows } = await readProfile(deps, tenant, spec.dataset);
  const facts = columns.map(({ name, type, missing }) => ({ name, type, empty: missing === rows }));
  if (!isLanguageModel(signature))
    refuseAny(compressionViolations({ spec, signature, columns: facts, nearest }));
  metricOfContract(spec, { signature, labelled: isLabelled(signature, columns) });
}

const noSignature: ModelSignature = { task: 'other', inputs: [], outputs: [] };

function refuseAny(errors: readonly Violation[]): void {
  const [first] = errors;
  if (first !== undefined) throw new BadSpecError(`${first.pointer}: ${first.detail}`, errors);
}

type Check = (deps: CheckColumnsDependencies, tenant: string, spec: unknown) => Promise<void>;

const checks: Partial<Record<JobKind, Check>> = {
  train: (deps, tenant, spec) => checkTrain(deps, tenant, jobSpecs.train.parse(spec)),
  tune: (deps, tenant, spec) => checkTune(deps, tenant, jobSpecs.tune.parse(spec)),
  compress: (deps, tenant, spec) => checkCompress(deps, tenant, jobSpecs.compress.parse(spec)),
  evaluate: (deps, tenant, spec) => checkEvaluate(deps, tenant, jobSpecs.evaluate.parse(spec)),
};

/**
 * Holds the columns that a spec names against those that its data sets have, so that a misspelt one is told before any
 * machine starts. `BadSpecError` with every place and the names most like it.
 */
export async function checkColumns(
  deps: CheckColumnsDependencies,
  { tenant, kind, spec }: { tenant: string; kind: JobKind; spec: unknown },
): Promise<void> {
  await checks[kind]?.(deps, tenant, spec);
}
