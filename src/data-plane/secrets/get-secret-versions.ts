import { listVersions } from '../../objects/read.ts';
import { objectName } from '../object-id.ts';
import type { OperationCard } from '../operation.ts';
import { secretItem } from './bundle.ts';
import { listBody, pageRequest } from '../paging.ts';

/** GET /secrets/{name}/versions */
export const getSecretVersions: OperationCard = {
  name: 'SecretListVersions',
  permission: 'secrets/list',
  method: 'GET',
  path: '/secrets/:name/versions',
  *run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const asked = pageRequest(call);
    if (!asked.ok) return asked;
    const page = yield* listVersions(call.vault, 'secrets', { ...asked.page, name: name.value });
    const path = `/secrets/${name.value}/versions`;
    const body = listBody(call, path, page, (secret) => secretItem(call, secret, secret.current.version));
    return { ok: true, value: { status: 200, body } };
  },
};
