import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey, sign as signBytes } from 'node:crypto';
import { SignJWT } from 'jose';
import type { JWTPayload } from 'jose';
import { decodeAssertion } from '../../../src/authority/client-assertion.ts';
import { admit, createVerifier } from '../../../src/caller/verify.ts';
import type { Verifier } from '../../../src/caller/verify.ts';
import { createIssuers } from '../../../src/caller/issuers.ts';
import samples from '../samples.json' with { type: 'json' };
import { bytesOf, jsonOf, textOf } from '../target.ts';
import type { FuzzTarget } from '../target.ts';

const tenant = '11111111-1111-4111-8111-111111111111';
const audience = 'https://vault.localhost:8443';
const foreignTenant = '22222222-2222-4222-8222-222222222222';
const nowMs = 1_700_000_000_000;
const own = `https://sts.windows.net/${tenant}/`;
const foreign = 'https://idp.example.com';
const key = createPrivateKey({ key: Buffer.from(samples.key, 'base64'), format: 'der', type: 'pkcs8' });
const publicKey = createPublicKey(key);

const claims = {
  iss: own,
  aud: audience,
  iat: 1_700_000_000,
  nbf: 1_700_000_000,
  exp: 1_700_003_600,
  appid: 'a1111111-1111-4111-8111-111111111111',
  appidacr: '1',
  idtyp: 'app',
  oid: 'b1111111-1111-4111-8111-111111111111',
  sub: 'b1111111-1111-4111-8111-111111111111',
  tid: tenant,
  ver: '1.0',
  groups: ['c1111111-1111-4111-8111-111111111111'],
  xms_mirid: '/subscriptions/s/resourcegroups/g/providers/Microsoft.Web/sites/app',
};

function openVerifier(): Verifier {
  const keys = () => Promise.resolve({ ok: true as const, key: publicKey });
  const forbiddenIds = (ids: readonly string[]) => Promise.resolve(new Set(ids.filter((id) => id.startsWith('b'))));
  return createVerifier({
    issuers: createIssuers([
      { issuer: own, tenant, issuerClass: 'own', keys },
      { issuer: foreign, tenant: foreignTenant, issuerClass: 'external', keys, forbiddenIds },
    ]),
    now: () => nowMs,
    cacheSize: 100,
    groupsOf: () => Promise.resolve([]),
  });
}

function sign(payload: JWTPayload): Promise<string> {
  return new SignJWT(payload).setProtectedHeader({ alg: 'RS256', kid: '1', typ: 'JWT' }).sign(key);
}

/** Only what was signed is accepted; and what a client sends as its assertion is read without harm. */
export const token: FuzzTarget = {
  form: 'text',
  words: ['.', '..', '=', 'eyJhbGciOiJub25lIn0', 'eyJhbGciOiJIUzI1NiJ9', 'e30', 'bnVsbA'],
  async samples() {
    const signed = await Promise.all([sign(claims), sign({ ...claims, iss: foreign })]);
    const bodies = new Set(signed.map((text) => text.slice(0, text.lastIndexOf('.'))));
    const verifier = openVerifier();
    return {
      inputs: signed.map(bytesOf),
      async read(input) {
        const text = textOf(input);
        decodeAssertion(text);
        const verification = await verifier.verify(text);
        if (!verification.ok) return;
        assert.ok(bodies.has(text.slice(0, text.lastIndexOf('.'))), 'a token was taken that nobody signed');
      },
    };
  },
};

/** Any signed claims: they give a caller of the issuer's tenant, or none. */
export const tokenClaims: FuzzTarget = {
  form: 'json',
  words: Object.keys(claims),
  samples() {
    const verifier = openVerifier();
    return {
      inputs: [bytesOf(claims), bytesOf({ ...claims, iss: foreign, oid: 'd1', sub: 'd1', hasgroups: true })],
      async read(input) {
        const payload = jsonOf(input);
        if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) return;
        // jose refuses to sign some claims, such as an `exp` that is not a number: those are inserted as they are.
        const body = `${bytesAsPart({ alg: 'RS256', kid: '1' })}.${bytesAsPart(payload)}`;
        const signature = signBytes('sha256', Buffer.from(body), key).toString('base64url');
        const verification = await verifier.verify(`${body}.${signature}`);
        if (!verification.ok) return;
        const { caller } = verification;
        assert.equal(caller.tenant, caller.issuer === own ? tenant : foreignTenant);
        const verdict = admit(caller, { tenant, services: false, audiences: [audience], now: nowMs, skewSeconds: 300 });
        if (verdict.ok) assert.equal(caller.issuer, own);
        // A refusal with a time has a date, or says that there is none.
        else JSON.stringify(verdict.refusal);
      },
    };
  },
};

function bytesAsPart(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
