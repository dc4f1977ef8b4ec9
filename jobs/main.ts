import { exitCodes } from './exit-code';
import { runCandidate } from './run-candidate';
import { runContainer } from './run-container';
import { runTrial } from './run-trial';

// the only lines that know the process: its environment, its arguments, its signals, its parent, its exit code
const stop = new AbortController();
process.on('SIGTERM', () => stop.abort('SIGTERM'));
process.on('disconnect', () => stop.abort('whoever started this job is gone'));

const [node, program = '', task = 'job', order = ''] = process.argv;
const self = [node ?? 'node', ...process.execArgv, program] as const;
const send = (message: unknown) => process.send?.(message);

/** What this program does: a job by its environment, and parts of one, started by it, by a file with their order. */
const tasks: Readonly<Record<string, () => Promise<number>>> = {
  job: () => runContainer(process.env, self, stop.signal),
  trial: () => runTrial(order, { signal: stop.signal, send }),
  candidate: () => runCandidate(order, { signal: stop.signal, send }),
};

process.exit(await (tasks[task]?.() ?? exitCodes.badSpec));
