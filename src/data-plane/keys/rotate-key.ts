import { rotateKey as rotate } from '../../objects/key-change.ts';
import type { KeyVersion } from '../../objects/key.ts';
import { getVersion } from '../../objects/read.ts';
import { objectName } from '../object-id.ts';
import type { OperationCard } from '../operation.ts';
import { keyAnswer } from './bundle.ts';

/** POST /keys/{name}/rotate: makes the next version of the key now, with or without a policy. */
export const rotateKey: OperationCard = {
  name: 'KeyRotate',
  permission: 'keys/rotate',
  method: 'POST',
  path: '/keys/:name/rotate',
  async makes(call) {
    const name = objectName(call);
    const found = name.ok ? await getVersion<KeyVersion>(call.vault, 'keys', { name: name.value }) : name;
    return found.ok ? found.value.current.kty : undefined;
  },
  async run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const { now, engine } = call;
    const rotated = await rotate(call.vault, { name: name.value, version: call.newVersion(), now, engine });
    return keyAnswer(call, rotated);
  },
};
