import type { ControlOperation } from '../operation.ts';
import { answer } from '../outcome.ts';
import { networkShown } from '../virtual-networks/answers.ts';
import { anyResource, isNetwork, nameOf, readNamed } from './resource.ts';

export const getResource: ControlOperation = {
  method: 'GET',
  path: '{resource}',
  action: 'read',
  async run(call) {
    const found = await readNamed(call, nameOf(call));
    if (!found.ok) return found;
    const body = anyResource(found.resource, call.names);
    return isNetwork(found.resource) ? networkShown(body) : answer(200, body);
  },
};
