import type { Page } from '../../shared/contracts/lists';
import { firstWithin } from './first-within';

/** Lambda answers 6 MB at most. */
const longestPage = 4 * 1024 * 1024;

/** A page as it is answered: of large items it has fewer than were asked for, and says that there are more. */
export function answeredPage<T>(items: readonly T[], hasMore: boolean): Page<T> {
  const data = firstWithin(items, longestPage);
  return { object: 'list', data, has_more: hasMore || data.length < items.length };
}
