import { listVersions } from '../../objects/read.ts';
import { objectName } from '../object-id.ts';
import type { OperationCard } from '../operation.ts';
import { listBody, pageRequest } from '../paging.ts';
import { keyItem } from './bundle.ts';

/** GET /keys/{name}/versions */
export const getKeyVersions: OperationCard = {
  name: 'KeyListVersions',
  permission: 'keys/list',
  method: 'GET',
  path: '/keys/:name/versions',
  *run(call) {
    const name = objectName(call);
    if (!name.ok) return name;
    const asked = pageRequest(call);
    if (!asked.ok) return asked;
    const page = yield* listVersions(call.vault, 'keys', { ...asked.page, name: name.value });
    const body = listBody(call, `/keys/${name.value}/versions`, page, (key) => keyItem(call, key, key.current.version));
    return { ok: true, value: { status: 200, body } };
  },
};
