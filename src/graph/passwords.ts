import { addPassword as add, removePassword as remove } from '../directory/credentials.ts';
import type { CredentialHolder } from '../directory/credentials.ts';
import { secretsAdded, secretsRemoved } from './activities.ts';
import { bodyOf, dateTime, object, required, boundedString } from './body.ts';
import type { Collection } from './collections.ts';
import { objectOf, changeableObjectOf } from './objects.ts';
import { answer, done, entity, targetOf } from './operation.ts';
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
      const added = await add(store, { kind, before, now: nowMs }, { ...passwordCredential, keyId: newId() });
      if (!added.ok) return added;
      const { credential, secret } = added.value;
      const shown = { ...passwordCredentialResource(credential), secretText: secret };
      const answered = answer(200, entity(call, 'microsoft.graph.passwordCredential', shown));
      return { ...answered, change: added.change, targets: [targetOf(before.record)] };
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
