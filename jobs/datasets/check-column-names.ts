import { ingestLimits } from './ingest-limits';
import type { IssueList } from './issue-list';

/**
 * Every column needs a name of its own. Names that differ in upper and lower case only are refused too: the engines that
 * read the data after us take them for one.
 */
export function checkColumnNames(names: readonly string[], issues: IssueList, line?: number): void {
  const place = line === undefined ? {} : { line };
  const seen = new Map<string, number>();
  for (const [index, name] of names.entries()) {
    const first = seen.get(name.toLowerCase());
    if (name.trim() === '') issues.add({ ...place, ...blankName(index) });
    else if (first !== undefined)
      issues.add({ ...place, column: name, ...duplicate({ name, index, first, other: names[first] ?? '' }) });
    else seen.set(name.toLowerCase(), index);
  }
}

export function checkColumnCount(count: number, issues: IssueList, line?: number): void {
  if (count > ingestLimits.columns)
    issues.add({ ...(line === undefined ? {} : { line }), ...tooManyColumns(count) });
}

function tooManyColumns(count: number) {
  return {
    code: 'too_many_columns' as const,
    detail: `${count} columns, and at most ${ingestLimits.columns} are allowed; leave some out`,
  };
}

function blankName(index: number) {
  return {
    code: 'blank_column_name' as const,
    detail: `column ${index + 1} has no name; give it one, or take the column out (a separator at the end of the header makes one too)`,
  };
}

function duplicate({
  name,
  index,
  first,
  other,
}: {
  name: string;
  index: number;
  first: number;
  other: string;
}) {
  const clash =
    name === other
      ? `both are named '${name}'`
      : `'${other}' and '${name}' differ in upper and lower case only`;
  return {
    code: 'duplicate_column' as const,
    detail: `columns ${first + 1} and ${index + 1} clash: ${clash}; rename one`,
  };
}
