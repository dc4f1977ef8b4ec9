import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { hasFashion, withoutFashion } from '../../support/fashion-images';
import { type Bench, median, type Row, withGoal } from '../row';
import { fashionCnn } from './own-models';

const run = promisify(execFile);

const script = join(import.meta.dirname, 'calibrate-once.ts');
const told = z.object({ peakBytes: z.number() });

async function peakOf(path: string, rows: number, how: 'alone' | 'calibrated'): Promise<number> {
  const { stdout } = await run(process.execPath, ['--import', 'tsx', script, path, `${rows}`, how]);
  return told.parse(JSON.parse(stdout)).peakBytes / 2 ** 20;
}

const rounds = 3;
const samples = 10_000;

/** How much memory a calibration holds, beside a process that runs the model over the same rows and looks at none of its inside. */
export const calibrationBench: Bench = async () => {
  if (!hasFashion) {
    console.log(`calibration is left out: ${withoutFashion}`);
    return [];
  }
  const { path } = await fashionCnn();
  const peaks = { few: [] as number[], all: [] as number[], alone: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    peaks.alone.push(await peakOf(path, samples, 'alone'));
    peaks.few.push(await peakOf(path, samples / 10, 'calibrated'));
    peaks.all.push(await peakOf(path, samples, 'calibrated'));
  }
  const [few, all, alone] = [median(peaks.few), median(peaks.all), median(peaks.alone)];
  const row = (name: string, value: number, peer: string, peer_value: number): Row => ({
    name: `CNN, calibration over ${name}: peak memory of the process`,
    unit: 'MiB',
    value,
    peer,
    peer_value,
    ratio: value / peer_value,
  });
  return [
    withGoal(row('10,000 samples', all, 'the model alone', alone), '<=', 1.2),
    row('10,000 samples', all, '1,000 samples', few),
  ];
};
