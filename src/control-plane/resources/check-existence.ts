import type { ControlOperation } from '../operation.ts';
import { answer } from '../outcome.ts';
import { nameOf, readNamed } from './resource.ts';

/** HEAD: 204 when the resource is there, 404 when it is not. */
export const checkResourceExistence: ControlOperation = {
  method: 'HEAD',
  path: '{resource}',
  action: 'read',
  async run(call) {
    const found = await readNamed(call, nameOf(call));
    return answer(found.ok ? 204 : 404);
  },
};
