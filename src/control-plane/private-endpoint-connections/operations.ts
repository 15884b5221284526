import type { ControlOperation } from '../operation.ts';
import { deletePrivateEndpointConnection } from './delete.ts';
import { getPrivateEndpointConnection } from './get.ts';
import { listPrivateEndpointConnections } from './list-by-resource.ts';
import { putPrivateEndpointConnection } from './put.ts';

/** Every operation on the private endpoint connections of a vault. */
export const connectionOperations: readonly ControlOperation[] = [
  getPrivateEndpointConnection,
  listPrivateEndpointConnections,
  putPrivateEndpointConnection,
  deletePrivateEndpointConnection,
];
