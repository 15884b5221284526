import { duePut } from '../../schedule/due.ts';
import type { Reading } from '../../store/records.ts';
import type { Put, Transaction } from '../../store/store.ts';
import { isIssued } from './certificate.ts';
import type { CertificateRecord } from './certificate.ts';
import { beginCertificate } from './create.ts';
import type { CertificateWorld } from './create.ts';
import { isUnknown } from './policy.ts';
import type { CertificatePolicy, LifetimeAction } from './policy.ts';
import { actionTime } from './policy-lifetime.ts';
import { subjectOf } from './pending.ts';
import { certificateState, checkFree } from './state.ts';
import type { VaultScope } from '../object.ts';

const dayMs = 86_400_000;

/** The next action in a certificate's life, when it is due; `undefined` for none. */
function nextAction({
  current,
}: CertificateRecord): { readonly action: LifetimeAction; readonly at: number } | undefined {
  const [action] = current.policy.lifetimeActions;
  const { notBefore, expires, enabled } = current.attributes;
  if (action === undefined || !isIssued(current) || !enabled) return undefined;
  if (notBefore === undefined || expires === undefined) return undefined;
  return { action, at: actionTime(action, { notBefore, expires }) };
}

/** The due record of a certificate's next action, beside the change that makes it what it is; none for one that has expired. */
export function putActions(vault: VaultScope, object: CertificateRecord, from = vault.nowMs): readonly Put[] {
  const next = nextAction(object);
  const { expires = 0 } = object.current.attributes;
  if (next === undefined || expires * 1000 <= from) return [];
  // Once is enough, unless the policy is a new one.
  const { policy } = object.current;
  if (isOnlyAnnounced(policy, next.action) && next.at < vault.nowMs && (policy.updated + 1) * 1000 <= vault.nowMs)
    return [];
  return [duePut('renewCertificate', Math.max(next.at, from), subjectOf(vault, object.name))];
}

/** A certificate whose issuer is `Unknown` cannot be renewed without people. */
function isOnlyAnnounced({ issuer }: CertificatePolicy, { action }: LifetimeAction): boolean {
  return action === 'EmailContacts' || isUnknown(issuer);
}

/** Asks again a day later: a vault that is soft-deleted may be recovered, an operation may end without a certificate. */
export function actionLater(vault: VaultScope, name: string): Transaction {
  return { require: vault.require, put: [duePut('renewCertificate', vault.nowMs + dayMs, subjectOf(vault, name))] };
}

/**
 * What a certificate's lifetime action changes, if it is due by now: a renewal begins, or its contacts are to be told.
 * `undefined` when nothing is due, because the certificate, its policy or its version is another one by now; what is due
 * later has a record of its own. While an operation is under way, it is asked again later.
 */
export function* actIfDue(
  vault: VaultScope,
  name: string,
  world: CertificateWorld,
): Reading<{ readonly change: Transaction; readonly acted: 'renewed' | 'announced' | 'nothing' } | undefined> {
  const state = yield* certificateState(vault, { name });
  const object = state.own.current?.value;
  const next = object === undefined ? undefined : nextAction(object);
  if (object === undefined || next === undefined || next.at > vault.nowMs) return undefined;
  const refusal = checkFree(vault, state);
  if (refusal?.kind === 'certificatePending') return { change: actionLater(vault, name), acted: 'nothing' };
  if (refusal !== undefined) return undefined;
  const { policy, tags, preserveCertOrder } = object.current;
  if (isOnlyAnnounced(policy, next.action)) {
    return { change: { require: state.require }, acted: 'announced' };
  }
  const facts = { ...(tags !== undefined && { tags }), ...(preserveCertOrder !== undefined && { preserveCertOrder }) };
  const begun = yield* beginCertificate(vault, { state, policy, facts }, world);
  if (!begun.ok) throw new Error(`the certificate ${name} cannot be renewed: ${JSON.stringify(begun.refusal)}`);
  return { change: begun.change ?? {}, acted: 'renewed' };
}
