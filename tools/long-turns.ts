import type { LongTurn } from './turns.ts';

/**
 * The turns of the event loop that may take longer than others, because no client is served yet, or no other can be.
 */
export const longTurns: readonly LongTurn[] = [
  { where: /^\(module\) src\//, why: 'a process loads its modules before it serves requests' },
];
