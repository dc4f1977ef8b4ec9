import { ingest } from '../../jobs/kinds/ingest';
import { folderJobContext } from '../support/folder-job-context';
import { peakBytes } from '../support/peak-memory';

/** One ingestion in a process of its own; prints what it took: `{seconds, peakMebibytes, rows}`. */
const [source = ''] = process.argv.slice(2);
const context = await folderJobContext({ inputs: { source } });
const start = performance.now();
const result = await ingest.run({ dataset: 'ds_01JZZZZZZZZZZZZZZZZZZZZZZZ' }, context);
const seconds = (performance.now() - start) / 1_000;
await context.remove();
const rows = result.type === 'dataset_ready' ? result.rows : 0;
console.log(JSON.stringify({ seconds, peakMebibytes: peakBytes() / 2 ** 20, rows }));
