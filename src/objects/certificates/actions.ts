import { duePut } from '../../schedule/due.ts';
import type { Reading } from '../../store/records.ts';
import type { Put, Transaction } from '../../store/store.ts';
import { isIssued } from './certificate.ts';
import type { CertificateRecord } from './certificate.ts';
import { beginCertificate } from './create.ts';
import type { CertificateServices } from './create.ts';
import { isUnknown } from './policy.ts';
import type { CertificatePolicy, LifetimeAction } from './policy.ts';
import { actionTime } from './policy-lifetime.ts';
import { subjectOf } from './pending.ts';
import { certificateState, checkFree } from './state.ts';
import type { VaultScope } from '../object.ts';

const dayMs = 86_400_000;

/** The next lifetime action of a certificate and when it is due, in milliseconds; `undefined` if there is none. */
function nextAction({
  current,
}: CertificateRecord): { readonly action: LifetimeAction; readonly at: number } | undefined {
  const [action] = current.policy.lifetimeActions;
  const { notBefore, expires, enabled } = current.attributes;
  if (action === undefined || !isIssued(current) || !enabled) return undefined;
  if (notBefore === undefined || expires === undefined) return undefined;
  return { action, at: actionTime(action, { notBefore, expires }) };
}

/**
 * The due record of a certificate's next action, for the change that the action follows from; none for an expired
 * certificate.
 */
export function putActions(vault: VaultScope, object: CertificateRecord, from = vault.nowMs): readonly Put[] {
  const next = nextAction(object);
  const { expires = 0 } = object.current.attributes;
  if (next === undefined || expires * 1000 <= from) return [];
  // An announcement is made once, unless the policy is new.
  const { policy } = object.current;
  if (isOnlyAnnounced(policy, next.action) && next.at < vault.nowMs && (policy.updated + 1) * 1000 <= vault.nowMs)
    return [];
  return [duePut('renewCertificate', Math.max(next.at, from), subjectOf(vault, object.name))];
}

/** A certificate whose issuer is `Unknown` cannot be renewed automatically. */
function isOnlyAnnounced({ issuer }: CertificatePolicy, { action }: LifetimeAction): boolean {
  return action === 'EmailContacts' || isUnknown(issuer);
}

/** Tries again a day later: a soft-deleted vault may be recovered, and an operation may end without a certificate. */
export function retryAction(vault: VaultScope, name: string): Transaction {
  return { require: vault.require, put: [duePut('renewCertificate', vault.nowMs + dayMs, subjectOf(vault, name))] };
}

/**
 * Does a certificate's lifetime action if it is due: begins a renewal, or announces it to the contacts. `undefined`
 * when it is not due, because the certificate, its policy or its version has changed; a later action has its own due
 * record. While an operation is in progress, it is tried again later.
 */
export function* actIfDue(
  vault: VaultScope,
  name: string,
  services: CertificateServices,
): Reading<{ readonly change: Transaction; readonly acted: 'renewed' | 'announced' | 'nothing' } | undefined> {
  const state = yield* certificateState(vault, { name });
  const object = state.own.current?.value;
  const next = object === undefined ? undefined : nextAction(object);
  if (object === undefined || next === undefined || next.at > vault.nowMs) return undefined;
  const refusal = checkFree(vault, state);
  if (refusal?.kind === 'certificatePending') return { change: retryAction(vault, name), acted: 'nothing' };
  if (refusal !== undefined) return undefined;
  const { policy, tags, preserveCertOrder } = object.current;
  if (isOnlyAnnounced(policy, next.action)) {
    return { change: { require: state.require }, acted: 'announced' };
  }
  const facts = { ...(tags !== undefined && { tags }), ...(preserveCertOrder !== undefined && { preserveCertOrder }) };
  const begun = yield* beginCertificate(vault, { state, policy, facts }, services);
  if (!begun.ok) throw new Error(`the certificate ${name} cannot be renewed: ${JSON.stringify(begun.refusal)}`);
  return { change: begun.change ?? {}, acted: 'renewed' };
}
