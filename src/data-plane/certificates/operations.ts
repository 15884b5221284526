import type { OperationCard } from '../operation.ts';

/** Every operation on certificates. */
export const certificateOperations: readonly OperationCard[] = [];
