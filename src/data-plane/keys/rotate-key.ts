import { rotateKey as rotate } from '../../objects/key-change.ts';
import { objectName } from '../object-id.ts';
import type { OperationCard } from '../operation.ts';
import { keyAnswer } from './bundle.ts';

/** POST /keys/{name}/rotate: makes the next version of the key now, with or without a policy. */
export const rotateKey: OperationCard = {
  name: 'KeyRotate',
  permission: 'keys/rotate',
  method: 'POST',
  path: '/keys/:name/rotate',
  async run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const { now, engine } = call;
    const rotated = await rotate(call.vault, { name: name.value, version: call.newVersion(), now, engine });
    return keyAnswer(call, rotated);
  },
};
