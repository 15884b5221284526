import type { ControlOperation } from '../operation.ts';
import { answer } from '../outcome.ts';
import { connectionAction, connectionPath, connectionResource, readConnectionOf } from './resource.ts';

export const getPrivateEndpointConnection: ControlOperation = {
  method: 'GET',
  path: connectionPath,
  action: `${connectionAction}/read`,
  audit: 'GetPrivateEndpointConnection',
  async run(call) {
    const found = await readConnectionOf(call);
    return found.ok ? answer(200, connectionResource(found.vault, found.connection)) : found;
  },
};
