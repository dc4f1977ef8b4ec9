import { z } from 'zod';
import {
  createDatasetRequest,
  dataset,
  datasetColumn,
  datasetIssue,
  datasetProfile,
  upload,
} from './dataset';
import { jobEvent } from './events';
import { inferAnswer, inferRequest, modelMetadataAnswer } from './inference';
import { internalKinds, job, jobProgress, jobResources, jobSpecs, submitJobRequest } from './job';
import { apiKey, createdKey, createKeyRequest } from './keys';
import { writtenNumber } from './lists';
import {
  aliasTarget,
  importModelRequest,
  model,
  modelLineage,
  modelSignature,
  modelVersion,
  predictAnswer,
  predictRequest,
  simplePredictAnswer,
  simplePredictRequest,
} from './model';
import { writtenVersion } from './path-params';
import { problem } from './problem';
import { routes } from './routes';

type Json = Readonly<Record<string, unknown>>;
type Named = Readonly<Record<string, z.ZodType>>;

const capitalised = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
export const pascalCase = (name: string) => name.split('-').map(capitalised).join('');

/** What callers send. */
const requests: Named = {
  CreateDatasetRequest: createDatasetRequest,
  CreateKeyRequest: createKeyRequest,
  SubmitJobRequest: submitJobRequest,
  JobResources: jobResources,
  ImportModelRequest: importModelRequest,
  AliasTarget: aliasTarget,
  PredictRequest: predictRequest,
  SimplePredictRequest: simplePredictRequest,
  InferRequest: inferRequest,
};

const submittedKinds = Object.entries(jobSpecs).filter(
  ([kind]) => !internalKinds.some((name) => name === kind),
);
const specs: Named = Object.fromEntries(
  submittedKinds.map(([kind, spec]) => [`${pascalCase(kind)}Spec`, spec]),
);

const isInline = (schema: z.ZodType, named: Named) => !Object.values(named).includes(schema);

const namedAnswers: Named = {
  Dataset: dataset,
  DatasetColumn: datasetColumn,
  DatasetIssue: datasetIssue,
  DatasetProfile: datasetProfile,
  Upload: upload,
  Job: job,
  JobProgress: jobProgress,
  JobEvent: jobEvent,
  Model: model,
  ModelVersion: modelVersion,
  ModelSignature: modelSignature,
  ModelLineage: modelLineage,
  Key: apiKey,
  CreatedKey: createdKey,
  PredictAnswer: predictAnswer,
  SimplePredictAnswer: simplePredictAnswer,
  InferAnswer: inferAnswer,
  ModelMetadata: modelMetadataAnswer,
  Problem: problem,
};

/** What callers get; an answer that has no name of its own goes by its route's. */
const answers: Named = {
  ...Object.fromEntries(
    Object.values(routes)
      .filter((route) => isInline(route.answer, namedAnswers))
      .map((route) => [`${pascalCase(route.name)}Answer`, route.answer]),
  ),
  ...namedAnswers,
};

const reference = (name: string) => `#/components/schemas/${name}`;

/** Numbers that come as text in a path or query: whoever makes a client thinks of them as numbers. */
const writtenNumbers = new Map([
  [writtenNumber.source, 0],
  [writtenVersion.source, 1],
]);

function asNumber(jsonSchema: z.core.JSONSchema.BaseSchema): void {
  const minimum = writtenNumbers.get(jsonSchema.pattern ?? '');
  if (minimum !== undefined) Object.assign(jsonSchema, { type: 'integer', minimum });
}

/** Reads as a person would write it: no bounds that every double has, no pattern where there is a format. */
function plain({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  asNumber(jsonSchema);
  const unbounded = [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER];
  if (jsonSchema.maximum !== undefined && unbounded.includes(jsonSchema.maximum)) delete jsonSchema.maximum;
  if (jsonSchema.minimum !== undefined && unbounded.includes(jsonSchema.minimum)) delete jsonSchema.minimum;
  if (jsonSchema.format === 'date-time' || jsonSchema.type === 'integer') delete jsonSchema.pattern;
  if (jsonSchema.propertyNames !== undefined && !('pattern' in Object(jsonSchema.propertyNames))) {
    delete jsonSchema.propertyNames;
  }
}

/** Answers may get more members later, so a client must not refuse those it does not know. */
function open(context: { jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  plain(context);
  if (context.jsonSchema.additionalProperties === false) delete context.jsonSchema.additionalProperties;
}

function componentsOf(named: Named, io: 'input' | 'output'): Record<string, Json> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(named)) registry.add(schema, { id });
  const override = io === 'input' ? plain : open;
  const { schemas } = z.toJSONSchema(registry, { io, uri: reference, override });
  return Object.fromEntries(
    Object.entries(schemas).map(([name, { $id: _, $schema: __, ...schema }]) => [name, { ...schema }]),
  );
}

/** A schema of its own, for a parameter. */
export const inlineSchema = (schema: z.ZodType): z.core.JSONSchema.BaseSchema =>
  z.toJSONSchema(schema, { io: 'input', override: plain });

/** The kinds that a caller may submit, each with the schema of its spec. */
function submission(schema: Json): Json {
  const kinds = submittedKinds.map(([kind]) => kind);
  const spec = { anyOf: Object.keys(specs).map((name) => ({ $ref: reference(name) })) };
  const properties = { ...Object(schema.properties), kind: { type: 'string', enum: kinds }, spec };
  return { ...schema, properties };
}

const nameOf = (schema: z.ZodType, named: Named) =>
  Object.entries(named).find(([, known]) => known === schema)?.[0];

export const bodyReference = (schema: z.ZodType): Json => ({
  $ref: reference(nameOf(schema, requests) ?? ''),
});
export const answerReference = (schema: z.ZodType): Json => ({
  $ref: reference(nameOf(schema, answers) ?? ''),
});

/** `components.schemas`: every request, spec and answer by its name. */
export function componentSchemas(): Record<string, Json> {
  const sent = componentsOf({ ...requests, ...specs }, 'input');
  const { SubmitJobRequest = {} } = sent;
  return { ...sent, SubmitJobRequest: submission(SubmitJobRequest), ...componentsOf(answers, 'output') };
}
