import { certificateOperations } from './certificates/operations.ts';
import { keyOperations } from './keys/operations.ts';
import type { OperationCard } from './operation.ts';
import { secretOperations } from './secrets/operations.ts';

/** Every operation of the data plane. */
export const operations: readonly OperationCard[] = [...secretOperations, ...keyOperations, ...certificateOperations];
