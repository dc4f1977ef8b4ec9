import { exitCodes } from './exit-code';

const orphanMilliseconds = 60_000;

// the only lines that know the process: its environment, its arguments, its signals, its parent, its exit code
const stop = new AbortController();
process.on('SIGTERM', () => stop.abort('SIGTERM'));
process.on('disconnect', () => {
  stop.abort('whoever started this job is gone');
  // nobody is left to end a process that does not hear of it
  setTimeout(() => process.exit(exitCodes.retry), orphanMilliseconds).unref();
});

const [node, program = '', task = 'job', order = ''] = process.argv;
const self = [node ?? 'node', ...process.execArgv, program] as const;
const { signal } = stop;
const send = (message: unknown) => process.send?.(message);

/**
 * What this program does: a job by its environment, and parts of one, started by it, by a file with their order. Each loads
 * what it needs alone, for parts are many and short.
 */
const tasks: Readonly<Record<string, () => Promise<number>>> = {
  job: async () => (await import('./run-container')).runContainer(process.env, self, signal),
  trial: async () => (await import('./run-trial')).runTrial(order, { signal, send }),
  candidate: async () => (await import('./run-candidate')).runCandidate(order, { signal, send }),
};

process.exit(await (tasks[task]?.() ?? exitCodes.badSpec));
