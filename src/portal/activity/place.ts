import { hrefOf } from '../navigation.ts';
import type { Principal } from '../principals.ts';
import type { Filters } from './feed.ts';

/** The page that a line is on, as far as the line needs it. */
export interface ActivityPlace {
  /** The segments of the page's address. */
  readonly at: readonly string[];
  readonly filters: Filters;
  readonly names: ReadonlyMap<string, Principal>;
  /** Whether the lines are of several vaults. */
  readonly ofMany: boolean;
}

/** The address of the page with other filters; an empty one is taken away. */
export function filtered({ at, filters }: Pick<ActivityPlace, 'at' | 'filters'>, change: Filters): string {
  return hrefOf(at, { ...filters, ...change });
}
