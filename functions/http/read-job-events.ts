import type { JobEvent } from '../../shared/contracts/events';
import type { Page } from '../../shared/contracts/lists';
import { routes } from '../../shared/contracts/routes';
import { InvalidRequestError } from '../../shared/errors/request-errors';
import type { Following } from '../usecases/follow-job-events';
import type { JobAddress } from '../usecases/require-job';
import { type HttpEdge, route } from './route';

export interface ReadJobEventsHandlerDependencies {
  edge: HttpEdge;
  readJobEvents: (page: JobAddress & { after: number; limit: number }) => Promise<Page<JobEvent>>;
  followJobEvents: (following: Following) => Promise<AsyncIterable<JobEvent[]>>;
}

const reconnectMilliseconds = 2_000;

/** One event as the HTML standard's "Server-sent events" has it. */
const framed = (event: JobEvent) =>
  `id: ${event.id}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;

async function* serverSentEvents(batches: AsyncIterable<JobEvent[]>): AsyncGenerator<string> {
  yield `retry: ${reconnectMilliseconds}\n\n`;
  for await (const batch of batches) {
    yield batch.length === 0 ? ': still here\n\n' : batch.map(framed).join('');
  }
}

function lastEventId(headers: Readonly<Record<string, string>>): number | undefined {
  const given = headers['last-event-id'];
  if (given === undefined || given === '') return undefined;
  if (/^\d{1,9}$/.test(given)) return Number(given);
  throw new InvalidRequestError(
    `the header last-event-id must be the number of an event, not '${given.slice(0, 40)}'`,
  );
}

const wantsStream = (headers: Readonly<Record<string, string>>) =>
  (headers.accept ?? '').includes('text/event-stream');

/** `GET /v1/jobs/{id}/events`: a list, or with `Accept: text/event-stream` a stream that goes on until the job's end. */
export const readJobEventsHandler = (deps: ReadJobEventsHandlerDependencies) =>
  route(routes['read-job-events'], deps.edge, async ({ tenant, params, query, headers, signal }) => {
    const address = { tenant, jobId: params.id };
    if (wantsStream(headers)) {
      const after = lastEventId(headers) ?? query.after ?? 0;
      return { stream: serverSentEvents(await deps.followJobEvents({ ...address, after, signal })) };
    }
    return { body: await deps.readJobEvents({ ...address, after: query.after ?? 0, limit: query.limit }) };
  });
