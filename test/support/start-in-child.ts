import { startIngot } from '../../infra/local/start-ingot';

// ends by itself only where a start that failed has left nothing open
startIngot(process.env).then(
  ({ url }) => process.stdout.write(`started ${url}\n`),
  (error: unknown) => process.stdout.write(`${error instanceof Error ? error.message : String(error)}\n`),
);
