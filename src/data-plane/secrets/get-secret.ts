import { refused } from '../../objects/object.ts';
import { getVersion } from '../../objects/read.ts';
import type { SecretVersion } from '../../objects/secret.ts';
import type { OperationCard } from '../operation.ts';
import { secretBundle, secretName } from './bundle.ts';

/** GET /secrets/{name}/{version?}. A secret's `nbf` and `exp` are for its readers' information; `enabled` is enforced. */
export const getSecret: OperationCard = {
  name: 'SecretGet',
  permission: 'secrets/get',
  method: 'GET',
  path: '/secrets/:name/:version?',
  async run(call) {
    const name = secretName(call);
    if (!name.ok) return name;
    const asked = { name: name.value, version: call.params['version'] || undefined };
    const found = await getVersion<SecretVersion>(call.vault, 'secrets', asked);
    if (!found.ok) return found;
    if (!found.value.current.attributes.enabled) return refused({ kind: 'objectDisabled', collection: 'secrets' });
    return { ok: true, value: { status: 200, body: secretBundle(call, found.value, { value: true }) } };
  },
};
