/**
 * When AWS Batch gives a run another attempt: its machine was reclaimed, its image could not be pulled, or the container
 * said so itself (exit 75, sysexits EX_TEMPFAIL). The first match decides; the last row keeps Batch from retrying all else.
 * Both the job definitions and each submission carry it, because a submission that sets the attempts replaces their whole
 * strategy.
 */
export const retryRules = [
  { onStatusReason: 'Host EC2*', action: 'RETRY' },
  { onExitCode: '75', action: 'RETRY' },
  { onReason: 'CannotPullContainerError:*', action: 'RETRY' },
  { onReason: '*', action: 'EXIT' },
] as const;
