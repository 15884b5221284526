import { deleteNetwork } from '../../resources/virtual-networks.ts';
import type { ControlOperation } from '../operation.ts';
import { answer, refuse } from '../outcome.ts';
import { ifMatchHolds, networkPath, readNetworkOf } from './resource.ts';

export const deleteVirtualNetwork: ControlOperation = {
  method: 'DELETE',
  path: networkPath,
  action: 'Microsoft.Network/virtualNetworks/delete',
  async run(call) {
    const found = await readNetworkOf(call);
    if (!found.ok) return found.refusal.kind === 'resourceNotFound' ? answer(204) : found;
    if (!ifMatchHolds(call, found.network)) return refuse({ kind: 'preconditionFailed', id: call.path });
    return { ...answer(200), change: deleteNetwork(found.record) };
  },
};
