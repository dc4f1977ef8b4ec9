import { runContainer } from './run-container';

// the only lines that know the process: its environment, its signals, its parent, its exit code
const stop = new AbortController();
process.on('SIGTERM', () => stop.abort('SIGTERM'));
process.on('disconnect', () => stop.abort('the server that started this job is gone'));

process.exit(await runContainer(process.env, stop.signal));
