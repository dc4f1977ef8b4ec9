import type { DatasetIssue } from '../../shared/contracts/dataset';
import { ingestLimits } from './ingest-limits';

/** The errors found in an upload so far, in the order of the file, up to the limit. */
export class IssueList {
  readonly issues: DatasetIssue[] = [];
  /** More were found than are listed: reading on is of no use. */
  truncated = false;

  add(issue: DatasetIssue): void {
    if (this.issues.length < ingestLimits.issues) this.issues.push(issue);
    else this.truncated = true;
  }

  get any(): boolean {
    return this.issues.length > 0;
  }
}
