import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { z } from 'zod';
import { type DataFormat, type Dataset, dataset as datasetSchema } from '../../shared/contracts/dataset';
import {
  type Job,
  type JobKind,
  job as jobSchema,
  jobState,
  jobTransitions,
} from '../../shared/contracts/job';

export interface ApiAnswer {
  status: number;
  headers: Headers;
  body: unknown;
}

export interface ApiClient {
  /** Sends one request; every status is an answer, none an exception. */
  send(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<ApiAnswer>;
  /** Sends one request and reads its answer; throws with the problem's words on any other status than 2xx. */
  call<S extends z.ZodType>(schema: S, method: string, path: string, body?: unknown): Promise<z.infer<S>>;
  /** From bytes to a data set that is `ready` or `rejected`. */
  uploadDataset(name: string, bytes: Uint8Array, format?: DataFormat): Promise<Dataset>;
  /** From a spec to a job that has ended; `onProgress` sees each state that a poll finds. */
  runJob(kind: JobKind, spec: unknown, onProgress?: (job: Job) => void): Promise<Job>;
  waitForJob(id: string, onProgress?: (job: Job) => void): Promise<Job>;
}

const pollMilliseconds = 100;
const hasEnded = ({ state }: Job) => jobTransitions[jobState.parse(state)].length === 0;

/** A small client of the API for the demo, the flow tests and the benches. */
export function apiClient(url: string, key: string): ApiClient {
  const send: ApiClient['send'] = async (method, path, body, headers = {}) => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true;
    return {
      status: response.status,
      headers: response.headers,
      body: isJson && text !== '' ? JSON.parse(text) : text,
    };
  };

  const call: ApiClient['call'] = async (schema, method, path, body) => {
    const answer = await send(method, path, body);
    if (answer.status >= 300)
      throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return schema.parse(answer.body);
  };

  const waitForJob: ApiClient['waitForJob'] = async (id, onProgress) => {
    for (;;) {
      const job = await call(jobSchema, 'GET', `/v1/jobs/${id}`);
      onProgress?.(job);
      if (hasEnded(job)) return job;
      await sleep(pollMilliseconds);
    }
  };

  return {
    send,
    call,
    waitForJob,
    async uploadDataset(name, bytes, format) {
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      const created = await call(datasetSchema, 'POST', '/v1/datasets', {
        name,
        format,
        bytes: bytes.length,
        sha256,
      });
      if (created.upload === undefined) throw new Error('the data set was made without an upload');
      const put = await fetch(created.upload.url, {
        method: 'PUT',
        headers: created.upload.headers,
        body: new Uint8Array(bytes),
      });
      if (!put.ok) throw new Error(`upload: ${put.status} ${await put.text()}`);
      await send('POST', `/v1/datasets/${created.id}/complete`);
      for (;;) {
        const dataset = await call(datasetSchema, 'GET', `/v1/datasets/${created.id}`);
        if (dataset.state === 'ready' || dataset.state === 'rejected') return dataset;
        await sleep(pollMilliseconds);
      }
    },
    async runJob(kind, spec, onProgress) {
      const { id } = await call(jobSchema, 'POST', '/v1/jobs', { kind, spec });
      return waitForJob(id, onProgress);
    },
  };
}
