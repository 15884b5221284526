import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { decodeJwt } from 'jose';
import { headerBinding, workloadBinding } from '../../src/directory/bindings.ts';
import { putClient, registerClient } from '../../src/directory/client-registration.ts';
import type { ClientRegistration } from '../../src/directory/client-registration.ts';
import { findObject, putObject } from '../../src/directory/objects.ts';
import type { Source } from '../../src/types/source.ts';
import { startAuthority, tenant, vaultResource } from './world.ts';
import type { TestAuthority } from './world.ts';

const group = '/subscriptions/s/resourcegroups/g/providers';
const header = 'header-of-the-application-0123456789';
const incarnation = '99999999-0000-4000-8000-000000000001';
const address = { family: 4, value: 0x0a_00_00_04, text: '10.0.0.4' } as const;
const inside: Source = { kind: 'subnet', subnet: '/s', incarnation, address, assurance: 'enforced' };

const system: ClientRegistration = {
  clientId: 'a5555555-0000-4000-8000-000000000001',
  objectId: 'b5555555-0000-4000-8000-000000000001',
  tenantId: tenant,
  displayName: 'application',
  managedIdentity: `${group}/Microsoft.Web/sites/app`,
  bindings: [headerBinding(header), workloadBinding(incarnation, address.text)],
};
const assigned: ClientRegistration = {
  ...system,
  clientId: 'a5555555-0000-4000-8000-000000000002',
  objectId: 'b5555555-0000-4000-8000-000000000002',
  managedIdentity: `${group}/Microsoft.ManagedIdentity/userAssignedIdentities/shared`,
};
/** Of another workload. */
const others: ClientRegistration = {
  ...system,
  clientId: 'a5555555-0000-4000-8000-000000000003',
  objectId: 'b5555555-0000-4000-8000-000000000003',
  managedIdentity: `${group}/Microsoft.Web/sites/other`,
  bindings: [headerBinding(`${header}x`)],
};

interface Call {
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
}

const forms = {
  'the form of App Service': { path: '/msi/token', version: '2019-08-01', headers: { 'x-identity-header': header } },
  'the form of a machine': {
    path: '/metadata/identity/oauth2/token',
    version: '2018-02-01',
    headers: { metadata: 'true' },
  },
};

async function start(
  t: TestContext,
  registrations: readonly ClientRegistration[] = [system, assigned, others],
  source = inside,
) {
  const authority = await startAuthority(t, { source });
  for (const registration of registrations) await registerClient(authority.world.store, registration);
  return authority;
}

async function ask({ app }: TestAuthority, form: (typeof forms)[keyof typeof forms], { query, headers }: Call = {}) {
  const parameters = { 'api-version': form.version, resource: vaultResource, ...query };
  const entries = Object.entries(parameters).filter(([, value]) => value !== '');
  const response = await app.inject({
    method: 'GET',
    url: `${form.path}?${new URLSearchParams(entries).toString()}`,
    headers: { host: 'localhost:8443', ...form.headers, ...headers },
  });
  const body: Readonly<Record<string, unknown>> = response.json();
  return { status: response.statusCode, body };
}

for (const [name, form] of Object.entries(forms)) {
  test(`${name} gives the system-assigned identity by default, and another by name`, async (t) => {
    const authority = await start(t);
    const { status, body } = await ask(authority, form);
    assert.equal(status, 200, JSON.stringify(body));
    const { access_token: token, ...rest } = body;
    assert.deepEqual(rest, {
      client_id: system.clientId,
      expires_in: '3599',
      ext_expires_in: '3599',
      expires_on: '1700003600',
      not_before: '1700000000',
      resource: vaultResource,
      token_type: 'Bearer',
    });
    const claims = decodeJwt(String(token));
    assert.deepEqual(
      [claims['appid'], claims['oid'], claims['xms_mirid'], claims['idtyp'], claims['appidacr']],
      [system.clientId, system.objectId, system.managedIdentity, 'app', '2'],
    );
    const names = [
      { client_id: assigned.clientId.toUpperCase() },
      { object_id: assigned.objectId },
      { principal_id: assigned.objectId },
      { mi_res_id: assigned.managedIdentity?.toLowerCase() ?? '' },
    ];
    for (const query of names) {
      assert.equal((await ask(authority, form, { query })).body['client_id'], assigned.clientId, JSON.stringify(query));
    }
  });

  test(`${name} refuses an invalid request with the reason`, async (t) => {
    const authority = await start(t);
    const cases = [
      [{ client_id: others.clientId }, 'Identity not found'],
      [{ client_id: assigned.clientId, object_id: assigned.objectId }, 'Name the identity by one of client_id'],
      [{ resource: '' }, "The query parameter 'resource' is missing"],
      [{ 'api-version': '2017-09-01' }, "The api-version '2017-09-01' is not supported: use 201"],
      [{ resource: 'https://elsewhere.example' }, 'AADSTS500011: '],
    ] as const;
    for (const [query, says] of cases) {
      const { status, body } = await ask(authority, form, { query });
      assert.equal(status, 400);
      assert.ok(String(body['error_description']).startsWith(says), String(body['error_description']));
    }
  });

  test(`${name} has no default without a system-assigned identity`, async (t) => {
    const { status, body } = await ask(await start(t, [assigned]), form);
    assert.equal(status, 400);
    assert.match(String(body['error_description']), /^The workload has no system-assigned identity: name/);
  });
}

test("without the workload's header no request gets a token, from any address", async (t) => {
  const authority = await start(t);
  const form = forms['the form of App Service'];
  for (const value of ['', `${header} `, header.toUpperCase(), system.clientId]) {
    const { status, body } = await ask(authority, form, { headers: { 'x-identity-header': value } });
    // A header's value has no spaces at its ends (RFC 9110 section 5.5).
    if (value.trim() === header) continue;
    assert.deepEqual([status, body['error']], [401, 'unauthorized'], value);
  }
  const stranger = await ask(authority, form, { headers: { 'x-identity-header': `${header}x` } });
  assert.equal(stranger.body['client_id'], others.clientId);
});

test('a machine is identified by the address proved in its subnet, and by nothing that it sends', async (t) => {
  const form = forms['the form of a machine'];
  const elsewhere: readonly Source[] = [
    { ...inside, address: { ...address, value: address.value + 1, text: '10.0.0.5' } },
    { ...inside, incarnation: '99999999-0000-4000-8000-000000000002' },
    { ...inside, assurance: 'declared' },
    { kind: 'public', address },
    { kind: 'unknown', reason: 'a test' },
  ];
  for (const source of elsewhere) {
    const { status, body } = await ask(await start(t, [system], source), form);
    assert.deepEqual([status, body['error']], [400, 'invalid_request'], JSON.stringify(source));
    assert.match(
      String(body['error_description']),
      /^Identity not found\. No managed identity is bound to the address/,
    );
  }
  const authority = await start(t);
  const bare = await ask(authority, form, { headers: { metadata: 'false' } });
  assert.match(String(bare.body['error_description']), /^Required metadata header not specified Trace/);
  const forwarded = await ask(authority, form, { headers: { 'x-forwarded-for': '10.0.0.4' } });
  assert.match(String(forwarded.body['error_description']), /^The request came through a proxy/);
});

test('a removed binding has no effect, and a disabled identity gets no token', async (t) => {
  const authority = await start(t, [system]);
  const { store } = authority.world;
  await putClient(store, { ...system, bindings: [workloadBinding(incarnation, address.text)] });
  assert.equal((await ask(authority, forms['the form of App Service'])).status, 401);
  assert.equal((await ask(authority, forms['the form of a machine'])).status, 200);
  const stored = await findObject(store, { tenantId: tenant, kind: 'servicePrincipal' }, system.objectId);
  assert.ok(stored !== undefined);
  await store.transact(putObject('servicePrincipal', { ...stored.record, accountEnabled: false }, stored));
  const { body } = await ask(authority, forms['the form of a machine']);
  assert.deepEqual(body['error_codes'], [7000112]);
});
