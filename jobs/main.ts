import { runContainer } from './run-container';
import { runTrial } from './run-trial';

// the only lines that know the process: its environment, its arguments, its signals, its parent, its exit code
const stop = new AbortController();
process.on('SIGTERM', () => stop.abort('SIGTERM'));
process.on('disconnect', () => stop.abort('whoever started this job is gone'));

const [node, program = '', trial] = process.argv;
const self = [node ?? 'node', ...process.execArgv, program] as const;
const send = (message: unknown) => process.send?.(message);

process.exit(
  await (trial === undefined
    ? runContainer(process.env, self, stop.signal)
    : runTrial(trial, { signal: stop.signal, send })),
);
