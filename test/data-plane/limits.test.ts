/** The largest values that are accepted. `rows/` has the near misses that are refused; for secrets see `secret-limits.test.ts`. */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { Json } from '../world/client.ts';
import { startServer } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import { acls, items, members, putVault } from './vaults.ts';

const vault = 'kv-limits';
let world: TestServer;

before(async () => {
  world = await startServer();
  await putVault(world.client, vault, { networkAcls: acls.allow });
});

after(() => world[Symbol.asyncDispose]());

async function ok(method: string, path: string, body?: unknown): Promise<Json> {
  const answer = await world.client.vault(vault, method, path, body === undefined ? {} : { body });
  assert.ok(answer.status < 300, JSON.stringify(answer.body));
  return answer.body;
}

const longest = 'n'.repeat(127);
const text = (length: number) => 'x'.repeat(length);
const tags = {
  ...Object.fromEntries(Array.from({ length: 14 }, (_, n) => [`t${n}`, ''])),
  [text(512)]: text(512),
};
const times = { enabled: true, nbf: 5, exp: 5 };
const signed = { issuer: { name: 'Unknown' }, key_props: { kty: 'EC' }, x509_props: { subject: 'CN=limit' } };

suite('a key', () => {
  const made: Readonly<Record<string, object>> = {
    'RSA of 2048 bits': { kty: 'RSA', key_size: 2048, public_exponent: 65_537 },
    'RSA of 4096 bits': { kty: 'RSA', key_size: 4096 },
    'oct of 128 bits': { kty: 'oct', key_size: 128 },
    'oct of 192 bits': { kty: 'oct', key_size: 192 },
    'oct of 256 bits': { kty: 'oct', key_size: 256 },
    'EC with every purpose': { kty: 'EC', key_ops: ['sign', 'verify', 'export'] },
    'EC with no purpose': { kty: 'EC', key_ops: [] },
  };
  for (const [what, body] of Object.entries(made)) {
    test(`may be ${what}`, async () => {
      const key = await ok('POST', '/keys/made/create', body);
      assert.equal(key['key']?.['kty'], what.split(' ')[0]);
      assert.deepEqual(await ok('GET', '/keys/made'), key);
    });
  }

  for (const bits of [128, 192, 256]) {
    test(`of ${bits} bits may be imported`, async () => {
      const k = Buffer.alloc(bits / 8, 1).toString('base64url');
      await ok('PUT', '/keys/imported', { key: { kty: 'oct', k } });
    });
  }

  test('has a name of 127 characters, 15 tags of 512 characters, and an exp at its nbf', async () => {
    for (const [method, path, body] of [
      ['POST', `/keys/${longest}/create`, { kty: 'EC' }],
      ['PATCH', `/keys/${longest}`, {}],
      ['PUT', `/keys/${longest}`, { key: { kty: 'oct', k: Buffer.alloc(16, 1).toString('base64url') } }],
    ] as const) {
      const key = await ok(method, path, { ...body, tags, attributes: times });
      assert.deepEqual(members(key['tags']), tags);
      const { enabled, nbf, exp } = members(key['attributes']);
      assert.deepEqual({ enabled, nbf, exp }, times);
    }
  });
});

suite('a rotation policy', () => {
  const rotate = { type: 'Rotate' };
  const triggers = [
    ['P90D', { timeAfterCreate: 'P7D' }],
    ['P90D', { timeAfterCreate: 'P83D' }],
    ['P90D', { timeBeforeExpiry: 'P7D' }],
    ['P90D', { timeBeforeExpiry: 'P83D' }],
    ['P28D', { timeAfterCreate: 'PT168H' }],
    [undefined, { timeAfterCreate: 'P10Y' }],
  ] as const;
  for (const [expiryTime, trigger] of triggers) {
    test(`of ${expiryTime ?? 'no expiry'} and ${Object.values(trigger).join('')} is accepted`, async () => {
      await ok('POST', '/keys/turning/create', { kty: 'EC' });
      const lifetimeActions = [{ trigger, action: rotate }];
      const sent = { lifetimeActions, attributes: expiryTime === undefined ? {} : { expiryTime } };
      const policy = await ok('PUT', '/keys/turning/rotationpolicy', sent);
      assert.deepEqual(policy['lifetimeActions']?.[0], lifetimeActions[0]);
      assert.equal(policy['attributes']?.['expiryTime'], expiryTime);
    });
  }
});

suite('a certificate', () => {
  test('has a name of 127 characters and 15 tags of 512 characters', async () => {
    const path = `/certificates/${'c'.repeat(127)}`;
    await ok('POST', `${path}/create`, { policy: signed, tags });
    assert.deepEqual(members((await ok('GET', path))['tags']), tags);
    const updated = await ok('PATCH', path, { tags: { ...tags, t0: 'changed' } });
    assert.equal(updated['tags']?.['t0'], 'changed');
  });

  const action = { action_type: 'AutoRenew' };
  const policies: Readonly<Record<string, object>> = {
    'a subject of 200 characters': { x509_props: { subject: `CN=${text(64)},O=${text(64)},OU=${text(61)}` } },
    '100 alternative names': {
      x509_props: { sans: { dns_names: Array.from({ length: 100 }, (_, n) => `n${n}.example.com`) } },
    },
    'a validity of 1 month': { x509_props: { validity_months: 1 } },
    'a validity of 1200 months': { x509_props: { validity_months: 1200 } },
    'no ekus and no key usage': { x509_props: { ekus: [], key_usage: [] } },
    'an action at 1 %': { lifetime_actions: [{ trigger: { lifetime_percentage: 1 }, action }] },
    'an action at 99 %': { lifetime_actions: [{ trigger: { lifetime_percentage: 99 }, action }] },
    'an action a day before the end': {
      x509_props: { validity_months: 1 },
      lifetime_actions: [{ trigger: { days_before_expiry: 1 }, action }],
    },
    'an action 27 days before the end of a month': {
      x509_props: { validity_months: 1 },
      lifetime_actions: [{ trigger: { days_before_expiry: 27 }, action }],
    },
    'no action': { lifetime_actions: [] },
  };
  for (const [what, given] of Object.entries(policies)) {
    test(`has a policy with ${what}`, async () => {
      const name = what.replaceAll(/[^a-z0-9]/gi, '-');
      const { x509_props: x509, ...rest }: { readonly x509_props?: object } = given;
      const policy = { ...signed, ...rest, x509_props: { ...signed.x509_props, ...x509 } };
      await ok('POST', `/certificates/${name}/create`, { policy });
      const found = members(await ok('GET', `/certificates/${name}/policy`));
      for (const [member, value] of Object.entries(policy)) {
        const shown = members((found as Readonly<Record<string, Json>>)[member]);
        for (const [inner, expected] of Object.entries(value))
          assert.deepEqual(shown[inner], expected, `${member}.${inner}`);
      }
    });
  }

  test('has 100 contacts, and an issuer 100 administrators', async () => {
    const contacts = Array.from({ length: 100 }, (_, n) => ({ email: `${n}@example.com` }));
    assert.equal(Object.keys((await ok('PUT', '/certificates/contacts', { contacts }))['contacts'] ?? {}).length, 100);
    const issuer = { provider: 'test', org_details: { admin_details: contacts } };
    const set = await ok('PUT', `/certificates/issuers/${longest}`, issuer);
    assert.equal(Object.keys(set['org_details']?.['admin_details'] ?? {}).length, 100);
    assert.equal(set['provider'], 'Test');
  });
});

suite('a page', () => {
  for (const list of [
    '/secrets',
    '/secrets/listed/versions',
    '/deletedsecrets',
    '/keys',
    '/keys/listed/versions',
    '/deletedkeys',
    '/certificates',
    '/certificates/listed/versions',
    '/deletedcertificates',
    '/certificates/issuers',
  ]) {
    test(`of ${list} has 1 to 25 items`, async () => {
      for (const maxresults of ['1', '01', '25']) {
        const page = await ok('GET', `${list}?maxresults=${maxresults}`);
        assert.ok(items(page).length <= Number(maxresults));
      }
    });
  }
});
