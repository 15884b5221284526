import { addPassword as add, removePassword as remove } from '../directory/credentials.ts';
import type { CredentialHolder } from '../directory/credentials.ts';
import { secretsAdded, secretsRemoved } from './activities.ts';
import { bodyOf, dateTime, object, required, boundedString } from './body.ts';
import type { Collection } from './collections.ts';
import { objectOf, changeableObjectOf } from './objects.ts';
import { answer, done, entity, orRefuse, targetOf } from './operation.ts';
import type { GraphOperation } from './operation.ts';
import { passwordCredentialResource } from './resource.ts';

const readAdd = bodyOf({
  passwordCredential: object({ displayName: boundedString, startDateTime: dateTime, endDateTime: dateTime }),
});
const readRemove = bodyOf({ keyId: boundedString });

/** `POST /applications/{id}/addPassword`. The server generates the secret, and this answer is the only one that shows it. */
export function addPassword<K extends CredentialHolder>({ kind, segment }: Collection<K>): GraphOperation {
  return {
    method: 'POST',
    path: `/${segment}/:id/addPassword`,
    access: 'write',
    activity: () => secretsAdded[kind],
    async run(call) {
      const { passwordCredential = {} } = readAdd(call.body);
      const before = await changeableObjectOf(call, kind);
      const { store, nowMs, newId } = call;
      const asked = { ...passwordCredential, keyId: newId() };
      const { value, change } = orRefuse(await add(store, { kind, before, now: nowMs }, asked));
      const shown = { ...passwordCredentialResource(value.credential), secretText: value.secret };
      const body = entity(call, 'microsoft.graph.passwordCredential', shown);
      return { ...answer(200, body), change, targets: [targetOf(before.record)] };
    },
  };
}

/** `POST /applications/{id}/removePassword`. */
export function removePassword<K extends CredentialHolder>({ kind, segment }: Collection<K>): GraphOperation {
  return {
    method: 'POST',
    path: `/${segment}/:id/removePassword`,
    access: 'write',
    activity: () => secretsRemoved[kind],
    async run(call) {
      const keyId = required(readRemove(call.body).keyId, 'keyId');
      const before = await objectOf(call, kind);
      return done(await remove(call.store, { kind, before }, keyId), targetOf(before.record));
    },
  };
}
