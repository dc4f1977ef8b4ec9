import { splitCsv } from './split-csv';

const candidates = [',', ';', '\t', '|'] as const;
const probeBytes = 64 * 1024;
const probeRecords = 100;

/**
 * The separator under which the most of the first records have as many fields as the header, and at least two; at a tie
 * the one that makes more fields, then the more usual one. A file of one column has a comma, which is as good as any.
 */
export function sniffDelimiter(head: Buffer, isWhole: boolean): string {
  const probe = head.subarray(0, probeBytes);
  const scored = candidates.map((delimiter) => {
    const records = splitCsv(probe, {
      delimiter,
      records: probeRecords,
      isWhole: isWhole && head.length <= probeBytes,
    });
    return { delimiter, ...score(records) };
  });
  const usable = scored.filter(({ fields }) => fields > 1);
  usable.sort((a, b) => b.agreement - a.agreement || b.fields - a.fields);
  return usable[0]?.delimiter ?? ',';
}

function score(records: readonly string[][]): { fields: number; agreement: number } {
  const fields = records[0]?.length ?? 0;
  const agreeing = records.filter((record) => record.length === fields).length;
  return { fields, agreement: agreeing / Math.max(1, records.length) };
}
