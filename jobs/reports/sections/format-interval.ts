import type { Interval } from '../../compression/compression-report';
import { formatNumber } from '../format-number';

/** Where a number would lie for other rows of the same kind. */
export const formatInterval = ({ low, high }: Interval): string =>
  `${formatNumber(low)} to ${formatNumber(high)}`;
