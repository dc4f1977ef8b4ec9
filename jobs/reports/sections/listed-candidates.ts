import type { CandidateReport, CompressionReport, Measured } from '../../compression/compression-report';

/** How a candidate stands to the contract, the best standing first. */
export const standings = ['chosen', 'keeps it', 'breaks it', 'failed'] as const;
export type Standing = (typeof standings)[number];

/** A candidate by its place in the table, which is its name in the pictures. */
export interface ListedCandidate {
  readonly number: number;
  readonly standing: Standing;
  readonly candidate: CandidateReport;
}

/** One that there are numbers of. */
export interface MeasuredCandidate extends ListedCandidate {
  readonly measured: Measured;
}

function standingOf({ id, measured, breaks }: CandidateReport, chosen: string): Standing {
  if (measured === undefined) return 'failed';
  if (id === chosen) return 'chosen';
  return breaks.length === 0 ? 'keeps it' : 'breaks it';
}

/** Every candidate: the chosen one, those that keep the contract, those that break it, those that failed; small ones first. */
export function listedCandidates({ candidates, chosen }: CompressionReport): readonly ListedCandidate[] {
  const ranked = candidates.map((candidate) => {
    const standing = standingOf(candidate, chosen.id);
    return { candidate, standing, rank: standings.indexOf(standing) };
  });
  const bytesOf = ({ measured }: CandidateReport) => measured?.bytes ?? 0;
  return ranked
    .sort((a, b) => a.rank - b.rank || bytesOf(a.candidate) - bytesOf(b.candidate))
    .map(({ candidate, standing }, index) => ({ number: index + 1, standing, candidate }));
}

export const measuredOf = (listed: readonly ListedCandidate[]): readonly MeasuredCandidate[] =>
  listed.flatMap((one) =>
    one.candidate.measured === undefined ? [] : [{ ...one, measured: one.candidate.measured }],
  );

export const chosenOf = (listed: readonly ListedCandidate[]): MeasuredCandidate | undefined =>
  measuredOf(listed).find(({ standing }) => standing === 'chosen');
