import { matches } from '../crypto/certificates/certificate.ts';
import { readChain } from '../crypto/certificates/chain.ts';
import { describeRefusal } from '../crypto/certificates/refusal.ts';
import type { Reading } from '../store/reading.ts';
import { checkTimes } from './certificate.ts';
import type { CertificateRecord } from './certificate.ts';
import { draftOf, finish } from './certificate-complete.ts';
import { isUnknown } from './certificate-issuer.ts';
import { certificateState } from './certificate-state.ts';
import { refused } from './object.ts';
import type { Outcome, VaultScope } from './object.ts';
import type { ObjectParameters } from './parameters.ts';

/**
 * Ends an operation with a certificate that somebody else signed. One whose issuer is at work may not be merged, one that
 * was cancelled or failed may ("Monitor and manage certificate creation"). What the client says of tags and `enabled`
 * counts more than what it said before.
 */
export function* mergeCertificate(
  vault: VaultScope,
  asked: {
    readonly name: string;
    /** DER, the key's own first. */
    readonly certificates: readonly Uint8Array[];
    readonly parameters: ObjectParameters;
  },
): Reading<Outcome<CertificateRecord>> {
  const { name } = asked;
  const { enabled, tags } = asked.parameters;
  const state = yield* certificateState(vault, { name });
  const pending = state.pending?.value;
  if (pending === undefined || state.own.current === undefined)
    return refused({ kind: 'pendingCertificateNotFound', name });
  const { draft } = pending;
  if (draft === undefined) return refused({ kind: 'mergeCompleted' });
  if (pending.status === 'inProgress' && !isUnknown(pending.issuer)) {
    return refused({ kind: 'mergeForbidden', issuer: pending.issuer.name });
  }
  const chain = readChain(asked.certificates);
  if (!chain.ok) return refused({ kind: 'badParameter', message: describeRefusal(chain.refusal) });
  const certificates = chain.value;
  const [leaf] = certificates;
  if (leaf === undefined || !matches(draft.material, leaf)) {
    const message = 'Unable to parse X5c certificate chain and locate leaf certificate';
    return refused({ kind: 'badParameter', message });
  }
  const times = checkTimes(asked.parameters);
  if (times !== undefined) return times;
  const merged = {
    ...draftOf(state, draft),
    ...(enabled !== undefined && { enabled }),
    ...(tags !== undefined && { tags }),
  };
  return yield* finish(vault, { state, pending, draft: merged, certificates });
}
