import { runBenches } from '../run-benches';
import { autoBench } from './auto-bench';
import { calibrationBench } from './calibration-bench';
import { cleanupBench } from './cleanup-bench';
import { distillationBench } from './distillation-bench';
import { fashionBench } from './fashion-bench';
import { magikaBench } from './magika-bench';
import { qemuBench } from './qemu-bench';
import { textBench } from './text-bench';

/** `npm run bench:compress`: everything; `npm run bench:compress -- magika qemu`: those parts. */
await runBenches({
  benches: {
    cleanup: cleanupBench,
    magika: magikaBench,
    auto: autoBench,
    fashion: fashionBench,
    distillation: distillationBench,
    text: textBench,
    calibration: calibrationBench,
    qemu: qemuBench,
  },
  asked: process.argv.slice(2),
  prefix: 'compress-',
});
