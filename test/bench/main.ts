import { benches } from './benches';
import { runBenches } from './run-benches';

/** `npm run bench`: all of them; `npm run bench -- training serving`: those. */
await runBenches({ benches, asked: process.argv.slice(2) });
