import { refused } from '../../objects/object.ts';
import { getVersion } from '../../objects/read.ts';
import { bodyMembers, textMember } from '../body.ts';
import { objectId } from '../object-id.ts';
import type { OperationCard } from '../operation.ts';
import { pathsOf } from './cryptographic-operation.ts';

/** POST /keys/{name}/{version?}/release: refused, for nobody is configured whose attestation tokens would be believed. */
export const release: OperationCard = {
  name: 'KeyRelease',
  permission: 'keys/release',
  ...pathsOf('release'),
  changes: false,
  *run(call) {
    const asked = objectId(call, 'keys');
    if (!asked.ok) return asked;
    const members = bodyMembers(call.body, ['target', 'nonce', 'enc']);
    if (!members.ok) return members;
    for (const name of ['target', 'nonce', 'enc']) {
      const text = textMember(members.value, name);
      if (!text.ok) return text;
    }
    if (typeof members.value['target'] !== 'string') return refused({ kind: 'missing', what: 'target' });
    const found = yield* getVersion(call.vault, 'keys', asked.value);
    if (!found.ok) return found;
    return refused({ kind: 'attestationMissing', operation: 'release' });
  },
};
