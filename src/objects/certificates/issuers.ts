import { get, list, recordPut } from '../../store/records.ts';
import type { Reading } from '../../store/records.ts';
import { certificateKeys, refused } from '../object.ts';
import type { Outcome, VaultScope } from '../object.ts';
import { requireUnchanged } from '../state.ts';
import { isReserved } from './policy.ts';
import type { Page, PageRequest } from '../read.ts';

/** An issuer that a vault can request certificates from, with the vault's account at its provider. */
export interface IssuerRecord {
  readonly name: string;
  readonly provider: IssuerProvider;
  readonly accountId?: string;
  /** Never returned. */
  readonly password?: string;
  readonly organization?: Organization;
  readonly enabled: boolean;
  /** Seconds since 1970, like `updated`. */
  readonly created: number;
  readonly updated: number;
}

export interface Organization {
  readonly id?: string;
  readonly zip?: number;
  readonly administrators?: readonly Administrator[];
}

export interface Administrator {
  readonly firstName?: string;
  readonly lastName?: string;
  readonly email?: string;
  readonly phone?: string;
}

/** `Test` is this server's own authority. The others are Azure's partners, which cannot be reached from here. */
export const issuerProviders = [
  'Test',
  'DigiCert',
  'GlobalSign',
  'OneCert',
  'OneCertV2-PublicCA',
  'OneCertV2-PrivateCA',
  'SslAdminV2',
] as const;

export type IssuerProvider = (typeof issuerProviders)[number];

/** An issuer from a client; every member is optional in an update. */
export interface IssuerParameters {
  readonly provider?: string;
  readonly accountId?: string;
  readonly password?: string;
  readonly organization?: Organization;
  readonly enabled?: boolean;
}

export function* listIssuers(vault: VaultScope, page: PageRequest): Reading<Page<IssuerRecord>> {
  const prefix = certificateKeys(vault).issuers();
  const after = page.after === undefined ? undefined : `${prefix}${page.after}`;
  const records = yield* list({ prefix, after, limit: page.limit + 1 });
  const shown = records.slice(0, page.limit);
  const items = shown.map(({ value }) => value);
  const last = shown.at(-1);
  return records.length > page.limit && last !== undefined ? { items, next: last.key.slice(prefix.length) } : { items };
}

export function* getIssuer(vault: VaultScope, name: string): Reading<Outcome<IssuerRecord>> {
  const [record] = yield* get(certificateKeys(vault).issuer(name));
  if (record === undefined) return refused({ kind: 'issuerNotFound' });
  return { ok: true, value: record.value };
}

/** Creates an issuer, or replaces one, which keeps its creation time. */
export function* setIssuer(
  vault: VaultScope,
  asked: { readonly name: string; readonly parameters: IssuerParameters; readonly nowSeconds: number },
): Reading<Outcome<IssuerRecord>> {
  const { name, parameters, nowSeconds } = asked;
  if (isReserved(name)) {
    return bad(
      `'${name}' is reserved: in a policy, Self and Unknown mean that there is no issuer. Choose another name.`,
    );
  }
  const key = certificateKeys(vault).issuer(name);
  const [record] = yield* get(key);
  const created = record === undefined ? nowSeconds : record.value.created;
  const value = issuerFrom({ name, created }, parameters, nowSeconds);
  if (!value.ok) return value;
  const change = { require: [...vault.require, requireUnchanged(key, record)], put: [recordPut(key, value.value)] };
  return { ...value, change };
}

/** Changes those members of an issuer that are given. */
export function* updateIssuer(
  vault: VaultScope,
  asked: { readonly name: string; readonly parameters: IssuerParameters; readonly nowSeconds: number },
): Reading<Outcome<IssuerRecord>> {
  const key = certificateKeys(vault).issuer(asked.name);
  const [record] = yield* get(key);
  if (record === undefined) return refused({ kind: 'issuerNotFound', name: asked.name });
  const value = issuerFrom(record.value, asked.parameters, asked.nowSeconds);
  if (!value.ok) return value;
  const change = { require: [...vault.require, requireUnchanged(key, record)], put: [recordPut(key, value.value)] };
  return { ...value, change };
}

/** Certificates that it issued stay; their renewals fail until there is an issuer of that name again. */
export function* deleteIssuer(vault: VaultScope, name: string): Reading<Outcome<IssuerRecord>> {
  const key = certificateKeys(vault).issuer(name);
  const [record] = yield* get(key);
  if (record === undefined) return refused({ kind: 'issuerNotFound' });
  const change = { require: [...vault.require, requireUnchanged(key, record)], delete: [key] };
  return { ok: true, value: record.value, change };
}

function issuerFrom(
  before: Pick<IssuerRecord, 'name' | 'created'> & Partial<IssuerRecord>,
  parameters: IssuerParameters,
  nowSeconds: number,
): Outcome<IssuerRecord> {
  const found = parameters.provider ?? before.provider;
  if (found === undefined) return bad('The member provider is missing.');
  const provider = issuerProviders.find((known) => known.toLowerCase() === found.toLowerCase());
  if (provider === undefined) {
    return bad(`provider is '${found.slice(0, 64)}'; it must be one of ${issuerProviders.join(', ')}.`);
  }
  return { ok: true, value: { enabled: true, ...before, ...parameters, provider, updated: nowSeconds } };
}

function bad(message: string) {
  return refused({ kind: 'badParameter', message });
}
