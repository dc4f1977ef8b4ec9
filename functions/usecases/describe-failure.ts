import { type JobFailure, jobFailure, type RunEvent } from '../../shared/contracts/events';
import { objectKeys } from '../../shared/contracts/job-files';
import type { ObjectStore } from '../../shared/ports/object-store';
import type { JobRecord } from '../../shared/stores/job-record';
import { parsedJson } from './parsed-json';
import { readSmallObject } from './read-small-object';

const longestDetail = 4_000;

/** What a container's exit code means where it left no word itself; 64 to 78 after sysexits.h, 128 + n is signal n. */
const byExitCode: Readonly<Record<number, JobFailure>> = {
  64: { code: 'bad_spec', detail: 'the job refused its spec' },
  65: { code: 'unusable_data', detail: 'nothing could be made of the data as asked' },
  70: { code: 'internal', detail: 'an internal error stopped the job; its log says more' },
  75: { code: 'retries_exhausted', detail: 'the job was interrupted in every attempt that it had' },
  78: { code: 'configuration', detail: 'the container was not set up as it must be' },
  134: { code: 'crashed', detail: 'the job aborted (SIGABRT); its log may say more' },
  137: {
    code: 'killed',
    detail:
      'the job was killed (SIGKILL), most often because it needed more memory than resources.memory_mib allows',
  },
  139: { code: 'crashed', detail: 'the job crashed (SIGSEGV)' },
  143: { code: 'terminated', detail: 'the job was told to stop (SIGTERM)' },
};

/** What the runner's own words mean; the first row that matches. */
const byReason: readonly { pattern: RegExp; code: string; detail: string }[] = [
  {
    pattern: /time(d )?\s?-?out|attempt duration exceeded/i,
    code: 'timed_out',
    detail: 'the job ran longer than timeout_seconds allows',
  },
  {
    pattern: /out\s?of\s?memory/i,
    code: 'out_of_memory',
    detail: 'the job needed more memory than resources.memory_mib allows',
  },
  {
    pattern: /attempts are used up|host ec2/i,
    code: 'retries_exhausted',
    detail: 'the job was interrupted in every attempt that it had',
  },
  {
    pattern: /cannotpullcontainer|cannotstartcontainer|resourceinitialization/i,
    code: 'not_started',
    detail: 'the container could not be started',
  },
];

function derived({ exit_code, reason }: RunEvent): JobFailure {
  const said = reason === undefined ? undefined : byReason.find(({ pattern }) => pattern.test(reason));
  const known = said ?? (exit_code === undefined ? undefined : byExitCode[exit_code]);
  const code = known?.code ?? 'run_failed';
  const what = known?.detail ?? 'the run failed';
  const facts = [exit_code === undefined ? undefined : `exit code ${exit_code}`, reason];
  const why = facts.filter((fact) => fact !== undefined).join(', ');
  return { code, detail: why === '' ? what : `${what} (${why})` };
}

/** Why a run failed: in the words that its last attempt left, else from the runner's reason and the exit code. */
export async function describeFailure(
  objects: ObjectStore,
  job: JobRecord,
  event: RunEvent,
): Promise<JobFailure> {
  const text = await readSmallObject(objects, objectKeys.failure(job.tenant, job.id, event.attempt));
  const left = text === undefined ? undefined : jobFailure.safeParse(parsedJson(text));
  const { code, detail } = left?.success ? left.data : derived(event);
  return { code: code.slice(0, 100), detail: detail.slice(0, longestDetail) };
}
