import { generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import type { JWTPayload } from 'jose';
import { ownKeys } from '../../src/caller/key-sources.ts';
import { createIssuers } from '../../src/caller/issuers.ts';
import type { Issuer, IssuerTable } from '../../src/caller/issuers.ts';
import { servicesTenant } from '../../src/types/caller.ts';

export const tenant = '11111111-1111-4111-8111-111111111111';
export const ownIssuer = `https://sts.windows.net/${tenant}/`;
export const servicesIssuer = `https://sts.windows.net/${servicesTenant}/`;
export const vaultAudience = 'https://vault.localhost:8443';

/** The time of these tests, in seconds since 1970. */
export const issuedAt = 1_700_000_000;
export const now = (): number => issuedAt * 1000;

export const own = generateKeyPairSync('rsa', { modulusLength: 2048 });
export const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 });

export const claims = {
  iss: ownIssuer,
  aud: vaultAudience,
  iat: issuedAt,
  nbf: issuedAt,
  exp: issuedAt + 3600,
  appid: 'a1111111-1111-4111-8111-111111111111',
  appidacr: '1',
  idtyp: 'app',
  oid: 'b1111111-1111-4111-8111-111111111111',
  sub: 'b1111111-1111-4111-8111-111111111111',
  tid: tenant,
  ver: '1.0',
};

/** For verifiers whose tokens list all their groups. */
export const groupsOf = (): Promise<readonly string[]> => Promise.resolve([]);

/** For an issuer whose tenant has no directory. */
export const forbiddenIds = (): Promise<ReadonlySet<string>> => Promise.resolve(new Set());

export interface Signing {
  readonly key?: KeyObject | Uint8Array;
  readonly header?: { readonly alg: string; readonly [name: string]: unknown };
}

/** A token of our own authority, unless told otherwise. */
export function sign(payload: JWTPayload, signing: Signing = {}): Promise<string> {
  const header = signing.header ?? { alg: 'RS256', kid: 'own-1', typ: 'JWT' };
  return new SignJWT(payload).setProtectedHeader(header).sign(signing.key ?? own.privateKey);
}

/** A token as an attacker may write it, with any header and any signature. */
export function forge(header: unknown, payload: unknown, signature = ''): string {
  return `${part(header)}.${part(payload)}.${signature}`;
}

function part(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

const keys = ownKeys((kid) => (kid === 'own-1' ? own.publicKey : undefined));

/** Our own two issuers, and `others`. */
export function issuers(...others: readonly Issuer[]): IssuerTable {
  return createIssuers([
    { issuer: ownIssuer, tenant, issuerClass: 'own', keys },
    { issuer: servicesIssuer, tenant: servicesTenant, issuerClass: 'services', keys },
    ...others,
  ]);
}
