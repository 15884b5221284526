import type { ControlOperation } from '../operation.ts';
import { answer } from '../outcome.ts';
import { readVaultOf } from '../vaults/resource.ts';
import { connectionAction, connectionsPath, connectionResource } from './resource.ts';

/** The connections of a vault, which are few enough for one page. */
export const listPrivateEndpointConnections: ControlOperation = {
  method: 'GET',
  path: connectionsPath,
  action: `${connectionAction}/read`,
  audit: 'GetPrivateEndpointConnections',
  async run(call) {
    const found = await readVaultOf(call);
    if (!found.ok) return found;
    const { privateEndpointConnections = [] } = found.vault;
    return answer(200, { value: privateEndpointConnections.map((one) => connectionResource(found.vault, one)) });
  },
};
