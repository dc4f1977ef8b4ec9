import { join } from 'node:path';
import { z } from 'zod';
import type { CandidateReport, LayerReport } from '../compression/compression-report';
import type { JobContext } from '../kinds/job-kind';
import { layerReport } from './orders';

/** What is kept of a candidate between the attempts of a job. */
export interface TriedCandidate {
  readonly report: CandidateReport;
  readonly layers: readonly LayerReport[];
}

const name = 'candidates.json';

const saved = z.array(
  z.object({
    report: z.custom<CandidateReport>(
      (value) => typeof value === 'object' && value !== null && 'id' in value,
    ),
    layers: z.array(layerReport),
  }),
);

/** What earlier attempts of the job tried: a job that is interrupted does not measure it again. */
export async function earlierCandidates({ checkpoints }: JobContext): Promise<TriedCandidate[]> {
  const latest = await checkpoints.latest();
  const text = latest?.files[name];
  return text === undefined ? [] : saved.parse(JSON.parse(new TextDecoder().decode(text)));
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
