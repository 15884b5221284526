import { readCertificate, matches } from '../../crypto/certificates/certificate.ts';
import { issue, selfSign } from '../../crypto/certificates/issue.ts';
import { describeRefusal } from '../../crypto/certificates/refusal.ts';
import { wait } from '../../store/records.ts';
import type { Reading } from '../../store/records.ts';
import type { Put, Transaction } from '../../store/store.ts';
import type { CertifiedMaterial } from '../../types/certificate.ts';
import { certificateKeys, refused } from '../object.ts';
import type { Outcome, VaultScope } from '../object.ts';
import { checkTimes } from './certificate.ts';
import type { CertificateRecord } from './certificate.ts';
import { getIssuer } from './issuers.ts';
import { isSelf, validity, isUnknown } from './policy.ts';
import { putActions } from './actions.ts';
import { makeParts } from './parts.ts';
import { getPending, putPending } from './pending.ts';
import type { CertificateDraft, PendingCertificate } from './pending.ts';
import { certificateState, checkState, putParts } from './state.ts';
import type { CertificateState } from './state.ts';
import type { ObjectRefusal } from '../refusal.ts';
import { readChain } from '../../crypto/certificates/chain.ts';
import type { ObjectParameters } from '../parameters.ts';

/** The services that issuing certificates needs besides a vault. */
export interface IssuingServices {
  /** 32 random hexadecimal digits. */
  readonly newVersion: () => string;
  /** The certificate authority of the provider Test. */
  readonly testIssuer: () => Promise<CertifiedMaterial>;
}

const againMs = 86_400_000;

/**
 * Ends an operation that is due: with a certificate, its key and secret, or with the status `cancelled` or `failed`.
 * `undefined` for an operation that is not due, or does not exist any more.
 */
export function* completeCertificate(
  vault: VaultScope,
  name: string,
  services: IssuingServices,
): Reading<{ readonly change: Transaction; readonly ended: 'issued' | 'cancelled' | 'failed' } | undefined> {
  const state = yield* certificateState(vault, { name });
  const pending = state.pending?.value;
  if (pending?.status !== 'inProgress' || (pending.readyAt ?? Infinity) > vault.nowMs) return undefined;
  const { draft } = pending;
  if (draft === undefined) return undefined;
  if (pending.cancellationRequested) {
    return { change: without(vault, state, { ...pending, status: 'cancelled' }), ended: 'cancelled' };
  }
  const issued = yield* issueCertificate(vault, draft, { pending, services });
  const finished = issued.ok
    ? yield* finish(vault, { state, pending, draft: draftOf(state, draft), certificates: issued.value })
    : issued;
  if (finished.ok) return { change: finished.change ?? {}, ended: 'issued' };
  const error = { code: 'Request rejected', message: reasonOf(finished.refusal) };
  return { change: without(vault, state, { ...pending, status: 'failed', error }), ended: 'failed' };
}

/** The end of an operation without a certificate. A renewal that is due is tried again later. */
function without(vault: VaultScope, state: CertificateState, pending: PendingCertificate): Transaction {
  return { require: state.require, put: [...putPending(vault, pending), ...actionsAgain(vault, state)] };
}

/**
 * Deletes an operation. Existing versions stay; a first version that was never issued stays disabled, and a renewal
 * that is due is tried again later.
 */
export function* deletePending(
  vault: VaultScope,
  asked: { readonly name: string; readonly requestId?: string | undefined },
): Reading<Outcome<PendingCertificate>> {
  const found = yield* getPending(vault, asked);
  if (!found.ok) return found;
  const state = yield* certificateState(vault, asked);
  const change = {
    require: [...state.require, ...(found.change?.require ?? [])],
    put: actionsAgain(vault, state),
    delete: [certificateKeys(vault).pending(asked.name)],
  };
  return { ok: true, value: found.value, change };
}

function actionsAgain(vault: VaultScope, state: CertificateState): readonly Put[] {
  const current = state.own.current?.value;
  return current === undefined ? [] : putActions(vault, current, vault.nowMs + againMs);
}

/** The draft, with the tags that a first version got while it was pending. */
function draftOf(state: CertificateState, draft: CertificateDraft): CertificateDraft {
  const current = state.own.current?.value.current;
  const tags = current?.version === draft.version ? current.tags : undefined;
  return tags === undefined ? draft : { ...draft, tags };
}

/** The issued certificate, with the end of the operation that made it and the next action. */
function* finish(
  vault: VaultScope,
  done: {
    readonly state: CertificateState;
    readonly pending: PendingCertificate;
    readonly draft: CertificateDraft;
    readonly certificates: readonly Uint8Array[];
  },
): Reading<Outcome<CertificateRecord>> {
  const { state, pending, draft, certificates } = done;
  const refusal = checkState(vault, state);
  if (refusal !== undefined) return refused(refusal);
  const parts = yield* wait(makeParts({ ...draft, certificates }, Math.floor(vault.nowMs / 1000)));
  if (!parts.ok) return parts;
  // The policy may have changed since the operation began; the new one stays.
  const { policy } = state.own.current?.value.current ?? draft;
  const { object, put } = putParts(vault, state, { ...parts.value, policy });
  const { draft: _, readyAt: __, error: ___, ...kept } = pending;
  const ended = putPending(vault, { ...kept, status: 'completed' });
  const change = { require: state.require, put: [...put, ...ended, ...putActions(vault, object)] };
  return { ok: true, value: object, change };
}

/** The certificate that the issuer makes, followed by its chain. */
function* issueCertificate(
  vault: VaultScope,
  { policy, material }: CertificateDraft,
  { pending, services }: { readonly pending: PendingCertificate; readonly services: IssuingServices },
): Reading<Outcome<readonly Uint8Array[]>> {
  const made = {
    ...validity(policy, Math.floor(vault.nowMs / 1000)),
    serial: Buffer.from(services.newVersion(), 'hex'),
  };
  if (isSelf(policy.issuer)) {
    const signed = yield* wait(selfSign(material, { ...policy.x509, ...made }));
    return signed.ok ? { ok: true, value: [signed.value] } : bad(describeRefusal(signed.refusal));
  }
  const found = yield* getIssuer(vault, policy.issuer.name);
  if (!found.ok) return bad(`The issuer '${policy.issuer.name}' does not exist any more.`);
  const { provider, enabled, name } = found.value;
  if (!enabled || provider !== 'Test') return bad(`The issuer '${name}' was disabled, or has another provider now.`);
  const issuer = yield* wait(services.testIssuer());
  const [authority = new Uint8Array()] = issuer.certificates;
  const read = readCertificate(authority);
  if (!read.ok) return bad(describeRefusal(read.refusal));
  // A certificate that outlives its issuer would not be valid in its chain (RFC 5280 section 6.1.3).
  const notAfter = Math.min(made.notAfter, read.value.notAfter);
  const issued = yield* wait(issue({ request: Buffer.from(pending.csr, 'base64'), issuer, ...made, notAfter }));
  if (!issued.ok) return bad(describeRefusal(issued.refusal));
  return { ok: true, value: [issued.value, ...issuer.certificates] };
}

function reasonOf(refusal: ObjectRefusal): string {
  if (refusal.kind === 'badParameter') return refusal.message;
  return 'An object of this name came in between; delete and purge it, and create the certificate again.';
}

function bad(message: string) {
  return refused({ kind: 'badParameter', message });
}

/**
 * Ends an operation with a certificate that was signed elsewhere. It is refused while an issuer is at work; an
 * operation that was cancelled or failed can still be merged ("Monitor and manage certificate creation"). Tags and
 * `enabled` that the client sends replace the earlier ones.
 */
export function* mergeCertificate(
  vault: VaultScope,
  asked: {
    readonly name: string;
    /** DER, the key's own certificate first. */
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
