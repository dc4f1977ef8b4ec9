import { AppError } from '../../shared/errors/app-error';
import { startIngot } from './start-ingot';

/** `npm start`: the whole system on this machine until Ctrl-C. */
async function main(): Promise<void> {
  const ingot = await startIngot(process.env);
  process.stdout.write(`ready ${ingot.url}\n`);
  let stopping = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, async () => {
      // a second Ctrl-C does not wait for the jobs to save where they are
      if (stopping) process.exit(130);
      stopping = true;
      await ingot.stop();
      process.exit(0);
    });
  }
}

try {
  await main();
} catch (error) {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  process.stderr.write(`${error instanceof AppError ? message : stack}\n`);
  process.exit(error instanceof AppError && error.code === 'configuration' ? 78 : 70);
}
