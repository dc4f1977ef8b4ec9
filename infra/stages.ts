import { z } from 'zod';
import type { FunctionName } from '../shared/config/env';

/** What a Lambda function is given. Memory also sets its share of a processor: 1,769 MB is one whole vCPU. */
export interface FunctionSize {
  memoryMegabytes: number;
  timeoutSeconds: number;
  /** Kept for this function, and never exceeded by it; absent: it shares what the account has. */
  reservedConcurrency?: number;
}

const sizes: Readonly<Record<FunctionName, FunctionSize>> = {
  control: { memoryMegabytes: 1024, timeoutSeconds: 29 },
  // models are kept warm in it: a cache of 768 MB, and ONNX Runtime's own copies
  predict: { memoryMegabytes: 3072, timeoutSeconds: 29 },
  // API Gateway streams an answer for at most 15 minutes; a client then comes back with Last-Event-ID
  'stream-job-events': { memoryMegabytes: 512, timeoutSeconds: 900 },
  authorize: { memoryMegabytes: 512, timeoutSeconds: 10 },
  'dispatch-jobs': { memoryMegabytes: 512, timeoutSeconds: 60 },
  'record-container-events': { memoryMegabytes: 512, timeoutSeconds: 60 },
  'record-run-events': { memoryMegabytes: 512, timeoutSeconds: 120 },
  'sweep-jobs': { memoryMegabytes: 512, timeoutSeconds: 55 },
  'issue-job-credentials': { memoryMegabytes: 512, timeoutSeconds: 15 },
};

const stages = {
  dev: {
    keepData: false,
    logDays: 14,
    requestsPerSecond: 50,
    requestBurst: 100,
    firewall: false,
    endpointZones: 1,
    cpuMaxVcpus: 32,
    gpuMaxVcpus: 16,
    hostDiskGibibytes: 100,
    // a new account may have as few as 10 concurrent executions in all, and none of those can be reserved
    functions: sizes,
  },
  prod: {
    keepData: true,
    logDays: 365,
    requestsPerSecond: 1000,
    requestBurst: 2000,
    firewall: true,
    endpointZones: 2,
    cpuMaxVcpus: 256,
    gpuMaxVcpus: 192,
    hostDiskGibibytes: 200,
    functions: {
      ...sizes,
      predict: { ...sizes.predict, reservedConcurrency: 200 },
      authorize: { ...sizes.authorize, reservedConcurrency: 200 },
      'issue-job-credentials': { ...sizes['issue-job-credentials'], reservedConcurrency: 20 },
      // each open stream holds an execution for up to 14 minutes: readers of events must not use up everybody's
      'stream-job-events': { ...sizes['stream-job-events'], reservedConcurrency: 100 },
    },
  },
} as const;

const flag = z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')]);
const count = z.coerce.number().int();

/** What `-c name=value` may set; everything that is left out comes from the stage. */
const contextSchema = z.object({
  stage: z.enum(['dev', 'prod']),
  /** Gets every alarm, after confirming by the mail that SNS sends. */
  alarmEmail: z.email('must be an e-mail address').optional(),
  /** AWS WAF before the API. */
  firewall: flag.optional(),
  /** `endpoints`: containers reach AWS and nothing else. `nat`: they reach the internet too, through one NAT gateway. */
  egress: z.enum(['endpoints', 'nat']).default('endpoints'),
  /** Availability zones with interface endpoints; each endpoint is paid by the hour in each. */
  endpointZones: count.min(1).max(2).optional(),
  cpuMaxVcpus: count.min(2).max(10_000).optional(),
  gpuMaxVcpus: count.min(4).max(10_000).optional(),
});

/** Everything in which two deployments of Ingot may differ. */
export interface StageConfig {
  name: 'dev' | 'prod';
  /** Whether table, bucket and key outlive their stack, and stacks refuse to be deleted. */
  keepData: boolean;
  logDays: 14 | 365;
  requestsPerSecond: number;
  requestBurst: number;
  firewall: boolean;
  egress: 'endpoints' | 'nat';
  endpointZones: number;
  cpuMaxVcpus: number;
  gpuMaxVcpus: number;
  /** Root disk of a machine that runs containers; their scratch folders lie on it. */
  hostDiskGibibytes: number;
  alarmEmail?: string;
  functions: Readonly<Record<FunctionName, FunctionSize>>;
}

/** Context that names no deployment that there is. */
export class StageContextError extends Error {
  constructor(issues: readonly z.core.$ZodIssue[], context: Readonly<Record<string, unknown>>) {
    const lines = issues.map(({ path, message }) => {
      const name = path.join('.');
      return `context '${name}' is ${JSON.stringify(context[name]) ?? 'not set'}: ${message}; set it with -c ${name}=<value>`;
    });
    super(lines.join('\n'));
    this.name = 'StageContextError';
  }
}

/** Reads the stage and its overrides from the CDK context, i.e. `cdk.json` and `-c name=value`. */
export function readStage(contextOf: (name: string) => unknown): StageConfig {
  const context = Object.fromEntries(Object.keys(contextSchema.shape).map((name) => [name, contextOf(name)]));
  const parsed = contextSchema.safeParse(context);
  if (!parsed.success) throw new StageContextError(parsed.error.issues, context);
  const { stage: name, alarmEmail, egress, ...overrides } = parsed.data;
  const stage = stages[name];
  return {
    ...stage,
    name,
    egress,
    firewall: overrides.firewall ?? stage.firewall,
    endpointZones: overrides.endpointZones ?? stage.endpointZones,
    cpuMaxVcpus: overrides.cpuMaxVcpus ?? stage.cpuMaxVcpus,
    gpuMaxVcpus: overrides.gpuMaxVcpus ?? stage.gpuMaxVcpus,
    ...(alarmEmail === undefined ? {} : { alarmEmail }),
  };
}
