import { knownTypes } from '../../resources/resource-types.ts';
import type { ControlOperation } from '../operation.ts';
import { answer } from '../outcome.ts';
import { groupPath, placeOf } from '../resource-groups/resource.ts';
import { readNamed } from '../resources/resource.ts';

/** A private endpoint has no names here, which is asked by every client that reads one to find the address behind them. */
export const listPrivateDnsZoneGroups: ControlOperation = {
  method: 'GET',
  path: `${groupPath}/providers/${knownTypes.privateEndpoint}/:endpoint/privateDnsZoneGroups`,
  action: `${knownTypes.privateEndpoint}/privateDnsZoneGroups/read`,
  async run(call) {
    const names = [call.params['endpoint'] ?? ''];
    const found = await readNamed(call, { ...placeOf(call), type: knownTypes.privateEndpoint, names });
    return found.ok ? answer(200, { value: [] }) : found;
  },
};
