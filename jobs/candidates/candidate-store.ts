import { join } from 'node:path';
import { z } from 'zod';
import { stepSpec } from '../../shared/contracts/compression/step-spec';
import type { CandidateReport, LayerReport } from '../compression/compression-report';
import type { JobContext } from '../kinds/job-kind';
import { layerReport } from './orders';

/** What is kept of a candidate between the attempts of a job. */
export interface TriedCandidate {
  readonly report: CandidateReport;
  readonly layers: readonly LayerReport[];
}

const name = 'candidates.json';

const interval = z.object({ value: z.number(), low: z.number(), high: z.number() });

const measured = z.object({
  bytes: z.number(),
  gzip_bytes: z.number(),
  metric: interval,
  drop: interval,
  latency_milliseconds: z.object({ p50: z.number(), p95: z.number() }),
  memory_mib: z.number(),
  lambda: z.object({ memory_mb: z.number(), billed_milliseconds: z.number(), usd_per_million: z.number() }),
});

const report = z.object({
  id: z.string(),
  steps: z.array(stepSpec),
  measured: measured.optional(),
  failed: z.string().optional(),
  breaks: z.array(z.string()),
  on_front: z.boolean(),
  notes: z.array(z.string()),
  seconds: z.number(),
});

const saved = z.array(z.object({ report, layers: z.array(layerReport) }));

/** What earlier attempts of the job tried: a job that is interrupted does not measure it again. */
export async function earlierCandidates({ checkpoints }: JobContext): Promise<TriedCandidate[]> {
  const latest = await checkpoints.latest();
  const text = latest?.files[name];
  if (text === undefined) return [];
  // what another version of this program wrote is tried again
  const parsed = saved.safeParse(JSON.parse(new TextDecoder().decode(text)));
  return parsed.success ? parsed.data : [];
}

export const saveCandidates = async (
  { checkpoints }: JobContext,
  tried: readonly TriedCandidate[],
): Promise<void> =>
  checkpoints.save({
    step: tried.length,
    files: { [name]: new TextEncoder().encode(JSON.stringify(tried)) },
  });

/** Where a candidate's model lies, by its place among those that were tried. */
export const candidateFile = ({ scratch }: Pick<JobContext, 'scratch'>, place: number): string =>
  join(scratch, `candidate-${place}.onnx`);
