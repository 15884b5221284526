import type { ControlOperation } from '../operation.ts';
import { answer } from '../outcome.ts';
import { anyResource, nameOf, readNamed } from './resource.ts';

export const getResource: ControlOperation = {
  method: 'GET',
  path: '{resource}',
  action: 'read',
  async run(call) {
    const found = await readNamed(call, nameOf(call));
    return found.ok ? answer(200, anyResource(found.resource, call.names)) : found;
  },
};
