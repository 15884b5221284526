import { patchResource } from '../../resources/any-resource.ts';
import { ifMatchRefusal } from '../if-match.ts';
import type { ControlOperation } from '../operation.ts';
import { answer } from '../outcome.ts';
import { anyResource, nameOf, readNamed, resourcesContext } from './resource.ts';

export const updateResource: ControlOperation = {
  method: 'PATCH',
  path: '{resource}',
  action: 'write',
  async run(call) {
    const found = await readNamed(call, nameOf(call));
    if (!found.ok) return found;
    const refused = ifMatchRefusal(call, found.resource.etag);
    if (refused !== undefined) return refused;
    const patched = await patchResource(found.record, call.body, resourcesContext(call));
    if (!patched.ok) return patched;
    const { resource, change, principals } = patched.value;
    return { ...answer(200, anyResource(resource, call.names)), change, principals };
  },
};
