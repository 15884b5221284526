import { rotateKey as rotate } from '../../objects/key-change.ts';
import { getCurrent } from '../../objects/read.ts';
import { objectName } from '../object-id.ts';
import type { OperationCard } from '../operation.ts';
import { keyAnswer } from './bundle.ts';

/** POST /keys/{name}/rotate: makes the next version of the key now, with or without a policy. */
export const rotateKey: OperationCard = {
  name: 'KeyRotate',
  permission: 'keys/rotate',
  method: 'POST',
  path: '/keys/:name/rotate',
  *makes(call) {
    const name = objectName(call);
    const found = name.ok ? yield* getCurrent(call.vault, 'keys', name.value) : name;
    return found.ok ? found.value.current.kty : undefined;
  },
  *run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const { nowSeconds: now, engine } = call;
    const rotated = yield* rotate(call.vault, { name: name.value, version: call.newVersion(), now, engine });
    return keyAnswer(call, rotated);
  },
};
