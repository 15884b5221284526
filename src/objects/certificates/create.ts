import { describeRefusal } from '../../crypto/certificates/refusal.ts';
import { makeRequest } from '../../crypto/certificates/request.ts';
import { recordPut, wait } from '../../store/records.ts';
import type { Reading } from '../../store/records.ts';
import type { CertifiableKey } from '../../types/certificate.ts';
import type { KeyEngine } from '../../types/key.ts';
import { checkTimes, isIssued } from './certificate.ts';
import type { CertificateParameters, CurrentCertificate } from './certificate.ts';
import { getIssuer } from './issuers.ts';
import { isSelf, isUnknown, validity } from './policy.ts';
import type { CertificatePolicy, PolicyIssuer, PolicyParameters } from './policy.ts';
import { fitsPolicy, keySpecOf } from './policy-key.ts';
import { putPending } from './pending.ts';
import type { CertificateDraft, PendingCertificate } from './pending.ts';
import { policyFrom } from './policy-rules.ts';
import { certificateState, checkFree } from './state.ts';
import type { CertificateState } from './state.ts';
import { isManaged } from './parts.ts';
import { makeKey } from '../keys/make.ts';
import { objectKeys, refused } from '../object.ts';
import type { Outcome, VaultScope } from '../object.ts';

/** The services that the rules of certificates need besides a vault. */
export interface CertificateServices {
  readonly engine: KeyEngine;
  /** How long an issuer takes to issue a certificate. */
  readonly issueMs: number;
  /** 32 random hexadecimal digits. */
  readonly newVersion: () => string;
}

/** Begins a certificate, or a new version of one: makes the key and the request. */
export function* createCertificate(
  vault: VaultScope,
  asked: {
    readonly name: string;
    readonly policy: PolicyParameters | undefined;
    readonly parameters: CertificateParameters;
  },
  services: CertificateServices,
): Reading<Outcome<PendingCertificate>> {
  const state = yield* certificateState(vault, asked);
  const refusal = checkFree(vault, state);
  if (refusal !== undefined) return refused(refusal);
  const times = checkTimes(asked.parameters);
  if (times !== undefined) return times;
  const before = state.own.current?.value.current;
  const nowSeconds = Math.floor(vault.nowMs / 1000);
  const policy = policyFrom(vault, asked.policy ?? {}, {
    // Without a policy the version before is repeated.
    before: asked.policy === undefined ? before?.policy : undefined,
    nowSeconds,
  });
  if (!policy.ok) return policy;
  const { enabled, tags, preserveCertOrder } = asked.parameters;
  return yield* beginCertificate(
    vault,
    {
      state,
      policy: { ...policy.value, created: before?.policy.created ?? nowSeconds },
      facts: {
        ...(enabled !== undefined && { enabled }),
        ...(tags !== undefined && { tags }),
        ...(preserveCertOrder !== undefined && { preserveCertOrder }),
      },
    },
    services,
  );
}

/** The operation that will make the next version by this policy, which becomes the certificate's policy at once. */
export function* beginCertificate(
  vault: VaultScope,
  begun: {
    readonly state: CertificateState;
    readonly policy: CertificatePolicy;
    readonly facts: Pick<CertificateDraft, 'enabled' | 'tags' | 'preserveCertOrder'>;
  },
  { engine, issueMs, newVersion }: CertificateServices,
): Reading<Outcome<PendingCertificate>> {
  const { state, policy, facts } = begun;
  const issuer = yield* checkIssuer(vault, policy.issuer);
  if (!issuer.ok) return issuer;
  const material = yield* keyFor(state, policy, engine);
  if (!material.ok) return material;
  const request = yield* wait(makeRequest(material.value, policy.x509));
  if (!request.ok) return bad(describeRefusal(request.refusal));
  const current = state.own.current?.value;
  const pending: PendingCertificate = {
    name: current?.name ?? state.name,
    requestId: newVersion(),
    status: 'inProgress',
    cancellationRequested: false,
    issuer: policy.issuer,
    csr: Buffer.from(request.value).toString('base64'),
    ...(!isUnknown(policy.issuer) && { readyAt: vault.nowMs + issueMs }),
    draft: { version: newVersion(), policy, material: material.value, ...facts },
  };
  const isFirst = current === undefined || !isIssued(current.current);
  const object = {
    name: pending.name,
    current: isFirst ? unissuedVersion(vault, pending) : { ...current.current, policy },
  };
  const put = [
    ...putPending(vault, pending),
    recordPut(objectKeys(vault, 'certificates').current(pending.name), object),
  ];
  return { ok: true, value: pending, change: { require: state.require, put } };
}

/** A first version before it is issued, as Azure shows it: disabled, and with the policy. */
function unissuedVersion({ nowMs }: VaultScope, { draft }: PendingCertificate): CurrentCertificate {
  if (draft === undefined) throw new Error('a certificate is intended by an operation that has begun');
  const seconds = Math.floor(nowMs / 1000);
  const { notBefore, notAfter } = validity(draft.policy, seconds);
  return {
    version: draft.version,
    attributes: { enabled: false, notBefore, expires: notAfter, created: seconds, updated: seconds },
    ...(draft.tags !== undefined && { tags: draft.tags }),
    subject: draft.policy.x509.subject,
    policy: draft.policy,
  };
}

/** The key of the version before, if the policy reuses it and it still fits the policy; otherwise a new one. */
function* keyFor(
  state: CertificateState,
  { key }: CertificatePolicy,
  engine: KeyEngine,
): Reading<Outcome<CertifiableKey>> {
  const before = state.keys.current?.value.current;
  if (key.reuse && before !== undefined && isManaged(before) && fitsPolicy(before, key))
    return { ok: true, value: before.material };
  const made = yield* wait(makeKey(engine, keySpecOf(key)));
  if (!made.ok) return made;
  const { value } = made;
  if (value.kty === 'oct') throw new Error('the engine made a symmetric key for a certificate');
  return { ok: true, value };
}

/** Refuses at once an issuer that does not exist or cannot be reached, because the operation would fail later. */
function* checkIssuer(vault: VaultScope, issuer: PolicyIssuer): Reading<Outcome<null>> {
  if (isSelf(issuer) || isUnknown(issuer)) return { ok: true, value: null };
  const found = yield* getIssuer(vault, issuer.name);
  if (!found.ok) {
    return bad(
      `issuer.name is '${issuer.name}', and the vault has no issuer of that name. ` +
        'Set it as a certificate issuer first, or use Self or Unknown.',
    );
  }
  const { name, provider, enabled } = found.value;
  if (!enabled) return bad(`The issuer '${name}' is disabled.`);
  if (provider === 'Test') return { ok: true, value: null };
  return bad(
    `The issuer '${name}' is of the provider ${provider}, which cannot be reached from here. ` +
      "Use an issuer of the provider Test, or 'Unknown' and merge the certificate that the provider gives you.",
  );
}

function bad(message: string) {
  return refused({ kind: 'badParameter', message });
}
