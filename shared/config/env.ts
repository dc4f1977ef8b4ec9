import { z } from 'zod';
import { ConfigurationError } from '../errors/job-errors';

const text = z.string().min(1);
const logLevel = z
  .enum(['DEBUG', 'INFO', 'WARN', 'ERROR', 'SILENT'], 'must be one of DEBUG, INFO, WARN, ERROR, SILENT')
  .default('INFO');

function wholeNumber(least: number, most: number) {
  const words = `must be a whole number from ${least} to ${most}`;
  return z.coerce.number(words).int(words).min(least, words).max(most, words);
}

/** Every variable that a process of Ingot reads, by its name; infra sets them by these same names. */
const variables = {
  INGOT_STAGE: text.default('dev'),
  INGOT_LOG_LEVEL: logLevel,
  /** DynamoDB table of all records. */
  INGOT_TABLE: text,
  /** Bucket of data sets and artifacts. */
  INGOT_BUCKET: text,
  /** The one customer-managed key. */
  INGOT_KEY_ARN: text,
  /** Dispatch messages (standard queue). */
  INGOT_JOB_QUEUE_URL: text,
  /** Container events (FIFO queue). */
  INGOT_EVENT_QUEUE_URL: text,
  INGOT_EVENT_QUEUE_ARN: text,
  INGOT_BUCKET_ARN: text,
  /** Batch job queues and job definitions. */
  INGOT_CPU_QUEUE: text,
  INGOT_CPU_DEFINITION: text,
  INGOT_GPU_QUEUE: text,
  INGOT_GPU_DEFINITION: text,
  /** Role that a container's credentials are a session of, narrowed to its own job. */
  INGOT_JOB_SESSION_ROLE: text,
  /** Function that a container asks for those credentials. */
  INGOT_CREDENTIALS_FUNCTION: text,
  /** Secrets Manager secret with the admin key. */
  INGOT_ADMIN_SECRET: text,
  /** What the container is to do: `RunOrder` as JSON, or the key of an object that holds it. */
  INGOT_ORDER: text.optional(),
  INGOT_ORDER_KEY: text.optional(),
  /** Whose job it is and which: what a container shows, with its token, to get its credentials. */
  INGOT_TENANT: text,
  INGOT_JOB_ID: text,
  INGOT_JOB_TOKEN: text,
  /** Set by AWS Batch, and by the embedded runner. */
  AWS_BATCH_JOB_ATTEMPT: z.coerce.number().int().min(1).default(1),
  /** Intra-op threads of ONNX Runtime and DuckDB. */
  INGOT_THREADS: wholeNumber(1, 256).default(2),
  INGOT_PROVIDER: z.enum(['cpu', 'cuda']).default('cpu'),
  /** Which adapters to wire. */
  INGOT_CLOUD: z.enum(['aws', 'embedded']).default('aws'),
  /** Embedded cloud: where everything is kept, and what it listens on. */
  INGOT_HOME: text.default('.ingot'),
  INGOT_HOST: text.default('127.0.0.1'),
  /** What callers reach it by, where that is another address: behind a proxy, or when it listens on all. */
  INGOT_PUBLIC_URL: z.url('must be a URL, such as https://models.example.com').optional(),
  INGOT_PORT: wholeNumber(0, 65_535).default(8787),
  INGOT_ADMIN_KEY: z.string().min(16, 'must have at least 16 characters').optional(),
  INGOT_JOB_SLOTS: wholeNumber(0, 64).default(1),
} as const;

type VariableName = keyof typeof variables;

const environmentOf = <const N extends readonly VariableName[]>(...names: N) =>
  z.object(
    Object.fromEntries(names.map((name) => [name, variables[name]])) as Pick<typeof variables, N[number]>,
  );

const everywhere = ['INGOT_STAGE', 'INGOT_LOG_LEVEL'] as const;
const records = ['INGOT_TABLE', 'INGOT_KEY_ARN'] as const;
const batch = ['INGOT_CPU_QUEUE', 'INGOT_CPU_DEFINITION', 'INGOT_GPU_QUEUE', 'INGOT_GPU_DEFINITION'] as const;

/** One schema per Lambda function, named as its entry file; infra's drift test reads this table. */
export const functionEnvironments = {
  control: environmentOf(...everywhere, ...records, ...batch, 'INGOT_BUCKET', 'INGOT_JOB_QUEUE_URL'),
  predict: environmentOf(...everywhere, ...records, 'INGOT_BUCKET'),
  'stream-job-events': environmentOf(...everywhere, ...records),
  authorize: environmentOf(...everywhere, ...records, 'INGOT_ADMIN_SECRET'),
  'dispatch-jobs': environmentOf(...everywhere, ...records, ...batch, 'INGOT_BUCKET'),
  'record-container-events': environmentOf(...everywhere, ...records),
  'record-run-events': environmentOf(...everywhere, ...records, ...batch, 'INGOT_BUCKET'),
  'sweep-jobs': environmentOf(...everywhere, ...records, ...batch, 'INGOT_BUCKET', 'INGOT_JOB_QUEUE_URL'),
  'issue-job-credentials': environmentOf(
    ...everywhere,
    ...records,
    'INGOT_BUCKET_ARN',
    'INGOT_EVENT_QUEUE_ARN',
    'INGOT_JOB_SESSION_ROLE',
  ),
} as const;
export type FunctionName = keyof typeof functionEnvironments;

const anyContainer = [
  'INGOT_CLOUD',
  'INGOT_ORDER',
  'INGOT_ORDER_KEY',
  'INGOT_TENANT',
  'INGOT_JOB_ID',
  'INGOT_JOB_TOKEN',
  'AWS_BATCH_JOB_ATTEMPT',
  'INGOT_THREADS',
  'INGOT_PROVIDER',
  'INGOT_EVENT_QUEUE_URL',
] as const;

/** The container's contract: on AWS the job definition and the dispatcher set it, at home the embedded runner does. */
export const containerEnvironment = environmentOf(...anyContainer);
export const awsContainerEnvironment = environmentOf(
  'INGOT_TENANT',
  'INGOT_JOB_ID',
  'INGOT_JOB_TOKEN',
  'AWS_BATCH_JOB_ATTEMPT',
  'INGOT_BUCKET',
  'INGOT_KEY_ARN',
  'INGOT_CREDENTIALS_FUNCTION',
  'INGOT_EVENT_QUEUE_URL',
);
export const embeddedContainerEnvironment = environmentOf('INGOT_HOME', 'INGOT_EVENT_QUEUE_URL');

/** What `npm start` reads. */
export const localEnvironment = environmentOf(
  'INGOT_HOME',
  'INGOT_HOST',
  'INGOT_PUBLIC_URL',
  'INGOT_PORT',
  'INGOT_ADMIN_KEY',
  'INGOT_JOB_SLOTS',
  'INGOT_LOG_LEVEL',
  'INGOT_THREADS',
);

export type Environment = Readonly<Record<string, string | undefined>>;

/** Parses the variables of one process; `ConfigurationError` names each one that is missing or wrong, never its value. */
export function readEnvironment<S extends z.ZodType>(schema: S, environment: Environment): z.infer<S> {
  const parsed = schema.safeParse(environment);
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
  throw new ConfigurationError(`the environment is incomplete or wrong: ${wrong}`, parsed.error);
}

/** Names for infra: `env.INGOT_TABLE === 'INGOT_TABLE'`. */
export const env = Object.fromEntries(Object.keys(variables).map((name) => [name, name])) as {
  readonly [N in VariableName]: N;
};
