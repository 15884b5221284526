import type { OperationCard } from '../operation.ts';

/** Every operation on keys. */
export const keyOperations: readonly OperationCard[] = [];
