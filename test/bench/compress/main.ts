import { runBenches } from '../run-benches';
import { fashionBench } from './fashion-bench';
import { magikaBench } from './magika-bench';
import { textBench } from './text-bench';

/** `npm run bench:compress`: everything; `npm run bench:compress -- magika qemu`: those parts. */
await runBenches({
  benches: {
    magika: magikaBench,
    fashion: fashionBench,
    text: textBench,
  },
  asked: process.argv.slice(2),
  prefix: 'compress-',
});
