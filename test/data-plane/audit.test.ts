import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, suite, test } from 'node:test';
import type { AuditRecord } from '../../src/audit/event.ts';
import { subnetKey } from '../../src/resources/keys.ts';
import { decode } from '../../src/store/store.ts';
import type { SubnetState } from '../../src/types/vault.ts';
import { connect } from '../world/client.ts';
import type { Answered, Sent } from '../world/client.ts';
import { putNetwork, subnetId } from '../control-plane/resources.ts';
import { freePort } from '../world/free-port.ts';
import { startServer } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import { accessDenied, acls, auditRecords, auditText, networks, putVault, recordsWhere, register } from './vaults.ts';
import type { Registered } from './vaults.ts';

let world: TestServer;
let nobody: Registered;

before(async () => {
  world = await startServer();
  nobody = await register(world);
  const { client } = world;
  const ipRules = [{ value: '198.51.100.0/24' }, { value: '203.0.113.7' }];
  await putVault(client, 'kv-rule', { networkAcls: { ...acls.deny, ipRules } });
  await putVault(client, 'kv-open', { networkAcls: acls.allow });
  await putVault(client, 'kv-closed', { networkAcls: acls.allow, publicNetworkAccess: 'Disabled' });
  await putVault(client, 'kv-rbac', { networkAcls: acls.allow, enableRbacAuthorization: true });
});

after(() => world[Symbol.asyncDispose]());

/** The records of one request. */
function recordsOf(id: string): Promise<readonly AuditRecord[]> {
  return recordsWhere(world, ({ correlationId }) => correlationId === id);
}

async function ask(vault: string, method: string, path: string, sent: Sent = {}) {
  const id = randomUUID();
  const headers = { 'x-ms-client-request-id': id, 'user-agent': 'a-client/1.0' };
  const answer = await world.client.vault(vault, method, path, { from: networks.allowed, headers, ...sent });
  return { answer, id };
}

interface Case {
  readonly what: string;
  readonly vault: string;
  readonly request?: readonly [method: string, path: string];
  readonly sent?: () => Sent | Promise<Sent>;
  readonly status: number;
  readonly signature: string;
  readonly operation: string;
  readonly because?: string;
  readonly rule?: string;
  /** Azure's keys of the network decision and of the permission. */
  readonly keys: Readonly<Record<string, unknown>>;
}

const allowed = { isAddressAuthorized: true, addrAuthType: 'PublicIP' };
const denied = { isAddressAuthorized: false, addrAuthType: 'PublicIP' };
const missing: readonly [string, string] = ['GET', '/secrets/missing'];

const cases: readonly Case[] = [
  {
    what: 'allowed by a rule',
    vault: 'kv-rule',
    request: ['GET', '/secrets'],
    status: 200,
    signature: 'OK',
    operation: 'SecretList',
    because: 'ipRule',
    rule: '203.0.113.7',
    keys: { ...allowed, isAccessPolicyMatch: true },
  },
  {
    what: 'allowed by the default action',
    vault: 'kv-open',
    request: missing,
    status: 404,
    signature: 'Not Found',
    operation: 'SecretGet',
    because: 'defaultAction',
    keys: { isAccessPolicyMatch: true },
  },
  {
    what: 'refused because no rule allows it',
    vault: 'kv-rule',
    request: missing,
    sent: () => ({ from: networks.refused }),
    status: 403,
    signature: 'Forbidden',
    operation: 'SecretGet',
    because: 'noIpRule',
    keys: denied,
  },
  {
    what: 'refused because public network access is disabled',
    vault: 'kv-closed',
    request: ['DELETE', '/secrets/a'],
    status: 403,
    signature: 'Forbidden',
    operation: 'SecretDelete',
    because: 'publicNetworkAccessDisabled',
    keys: denied,
  },
  {
    what: 'refused because no access policy allows it',
    vault: 'kv-rule',
    request: missing,
    sent: async () => ({ token: await world.client.token('vault', nobody) }),
    status: 403,
    signature: 'Forbidden',
    operation: 'SecretGet',
    because: 'ipRule',
    rule: '203.0.113.7',
    keys: { ...allowed, isAccessPolicyMatch: false },
  },
  {
    what: 'refused because no role assignment allows it',
    vault: 'kv-rbac',
    request: missing,
    status: 403,
    signature: 'Forbidden',
    operation: 'SecretGet',
    because: 'defaultAction',
    keys: { isRbacAuthorized: false },
  },
  {
    what: 'refused because of its body',
    vault: 'kv-rule',
    request: ['PUT', '/secrets/a'],
    sent: () => ({ body: '{' }),
    status: 400,
    signature: 'Bad Request',
    operation: 'SecretSet',
    because: 'ipRule',
    rule: '203.0.113.7',
    keys: { ...allowed, isAccessPolicyMatch: true },
  },
  {
    what: 'without a token',
    vault: 'kv-rule',
    request: missing,
    sent: () => ({ token: undefined, from: networks.refused }),
    status: 401,
    signature: 'Unauthorized',
    operation: 'Authentication',
    keys: {},
  },
  {
    what: 'with a malformed token',
    vault: 'kv-rule',
    request: missing,
    sent: () => ({ token: 'a.b.c' }),
    status: 401,
    signature: 'Unauthorized',
    operation: 'Authentication',
    keys: {},
  },
  {
    what: 'for a vault that does not exist',
    vault: 'no-such-vault',
    request: missing,
    status: 404,
    signature: 'Not Found',
    operation: 'Authentication',
    keys: {},
  },
  {
    what: 'for a path without an operation',
    vault: 'kv-rule',
    request: ['GET', '/no/such/%zz'],
    status: 404,
    signature: 'Not Found',
    operation: 'Authentication',
    keys: {},
  },
];

const networkKeys = [
  'isAddressAuthorized',
  'addrAuthType',
  'isAccessPolicyMatch',
  'isRbacAuthorized',
  'appliedAssignmentId',
  'trustedService',
  'subnetId',
];

suite('the record of a request', () => {
  for (const { what, vault, request = missing, sent, ...expected } of cases) {
    test(`${what} is written before the answer, with Azure's keys and our reason`, async () => {
      const given = (await sent?.()) ?? {};
      const { answer, id } = await ask(vault, ...request, given);
      // Without waiting: it was there before the answer.
      const records = auditRecords(world).filter(({ correlationId }) => correlationId === id);
      assert.equal(answer.status, expected.status, JSON.stringify(answer.body));
      assert.equal(records.length, 1);
      const [record] = records;
      assert.ok(record);
      const { properties, resultDescription } = record;
      assert.equal(record.operationName, expected.operation);
      assert.equal(record.resultSignature, expected.signature);
      assert.equal(record.category, 'AuditEvent');
      assert.equal(record.callerIpAddress, given.from === networks.refused ? '203.0.113.8' : '203.0.113.7');
      assert.equal(properties.httpStatusCode, expected.status);
      assert.equal(properties.clientInfo, 'a-client/1.0');
      assert.equal(properties.tlsVersion, 'TLS1_3');
      assert.match(
        String(properties.requestUri),
        new RegExp(`^https://${vault}\\.vault\\.localhost:${world.port}${request[1]}`),
      );
      assert.equal(properties.verdict?.because, expected.because);
      assert.equal(properties.verdict?.rule, expected.rule);
      const keys = Object.fromEntries(
        networkKeys.filter((key) => key in properties).map((key) => [key, properties[key]]),
      );
      assert.deepEqual(keys, expected.keys);
      const message = answer.body['error']?.['message'];
      assert.equal(resultDescription, message === undefined ? undefined : String(message).replaceAll('\r\n', '\n'));
      assert.equal(record.identity === undefined, expected.operation === 'Authentication');
    });
  }

  test('names the caller by object and application, and the vault by its id', async () => {
    const { id } = await ask('kv-rule', 'GET', '/secrets');
    const [record] = await recordsOf(id);
    const { objectId, clientId, subscriptionId } = world.client.identity;
    assert.equal(record?.identity?.claim['oid'], objectId);
    assert.equal(record.identity.claim['appid'], clientId);
    assert.equal(
      record.resourceId,
      `/SUBSCRIPTIONS/${subscriptionId.toUpperCase()}/RESOURCEGROUPS/RG/PROVIDERS/MICROSOFT.KEYVAULT/VAULTS/KV-RULE`,
    );
    assert.equal(record.operationVersion, '7.4');
    assert.match(String(record.properties.verdict?.explanation), /^Allowed: 203\.0\.113\.7 is in ipRules\[1\]/);
  });

  test('of a change appears exactly once, even if other requests change the same secret', async () => {
    const ids = await Promise.all(
      Array.from({ length: 40 }, async (_, n) => {
        const { answer, id } = await ask('kv-open', 'PUT', `/secrets/once-${n % 4}`, { body: { value: 'v' } });
        assert.ok([200, 409].includes(answer.status));
        return { id, status: answer.status };
      }),
    );
    for (const { id, status } of ids) {
      const records = await recordsOf(id);
      assert.equal(records.length, 1);
      assert.equal(records[0]?.operationName, 'SecretSet');
      assert.equal(records[0].properties.httpStatusCode, status);
      assert.equal(records[0].properties.recordId !== undefined, status === 200);
    }
  });

  test('of a refused change says that it was refused', async () => {
    const token = await world.client.token('vault', nobody);
    const { answer, id } = await ask('kv-open', 'PUT', '/secrets/refused', { token, body: { value: 'v' } });
    assert.equal(answer.status, 403);
    const [record] = await recordsOf(id);
    assert.equal(record?.resultDescription, accessDenied(nobody, 'secrets/set', 'kv-open'));
    assert.equal(record.properties.recordId, undefined);
  });
});

suite('the record of an answer', () => {
  const origin = () => `https://kv-open.vault.localhost:${world.port}`;
  const body = {
    value: 'the value',
    contentType: 'text/plain',
    attributes: { nbf: 1_000_000_000, exp: 4_000_000_000 },
    tags: { a: 'tag' },
  };
  const described = { type: 'text/plain', attributes: { enabled: true, nbf: 1_000_000_000, exp: 4_000_000_000 } };

  async function propertiesOf(method: string, path: string, sent: Sent = {}) {
    const { answer, id } = await ask('kv-open', method, path, sent);
    assert.ok(answer.status < 300, `${method} ${path}: ${JSON.stringify(answer.body)}`);
    const [record] = await recordsOf(id);
    assert.ok(record);
    return { answer: answer.body, properties: record.properties };
  }

  test('names the version of a secret that was disclosed or made, with its properties but not its value', async () => {
    const path = '/secrets/Named';
    const first = await propertiesOf('PUT', path, { body });
    const second = await propertiesOf('PUT', path, { body: { value: 'another' } });
    const [id, current] = [String(first.answer['id']), String(second.answer['id'])];
    const recorded = ({ properties }: typeof first) => [properties.id, properties['secretProperties']];
    assert.match(id, new RegExp(`^${origin()}${path}/[0-9a-f]{32}$`));
    assert.deepEqual(recorded(first), [id, described]);
    const bare = { attributes: { enabled: true } };
    assert.deepEqual(recorded(second), [current, bare]);
    assert.deepEqual(recorded(await propertiesOf('GET', path.toLowerCase())), [current, bare]);
    const older = id.slice(origin().length);
    assert.deepEqual(recorded(await propertiesOf('GET', older)), [id, described]);
    const off = { ...described, attributes: { ...described.attributes, enabled: false } };
    assert.deepEqual(recorded(await propertiesOf('PATCH', older, { body: { attributes: { enabled: false } } })), [
      id,
      off,
    ]);
    assert.deepEqual(recorded(await propertiesOf('DELETE', path)), [current, bare]);
    assert.doesNotMatch(auditText(world.folder.path), /the value|another|"tag"/);
  });

  test('names the object in the request if the answer is not an object', async () => {
    const list = await propertiesOf('GET', '/secrets?maxresults=1');
    assert.deepEqual([list.properties.id, list.properties['secretProperties']], [`${origin()}/secrets`, undefined]);
    const { id } = await ask('kv-open', 'GET', '/secrets/not-there');
    const [missed] = await recordsOf(id);
    assert.equal(missed?.properties.id, `${origin()}/secrets/not-there`);
    assert.equal(missed.properties['secretProperties'], undefined);
  });

  test('names the version of a key that was used, even if the answer is only true or false', async () => {
    const made = await propertiesOf('POST', '/keys/used/create', { body: { kty: 'EC', crv: 'P-256' } });
    const kid = String(made.answer['key']?.['kid']);
    assert.equal(made.properties.id, kid);
    const value = Buffer.alloc(32).toString('base64url');
    const signed = await propertiesOf('POST', '/keys/used/sign', { body: { alg: 'ES256', value } });
    assert.equal(signed.properties.id, kid);
    const verify = { body: { alg: 'ES256', digest: value, value: signed.answer['value'] } };
    const verified = await propertiesOf('POST', '/keys/used/verify', verify);
    assert.deepEqual(verified.answer, { value: true });
    assert.equal(verified.properties.id, kid);
  });
});

suite('a request over a subnet', () => {
  test('is allowed by the rule for the subnet, which the record names, and is told its private address', async () => {
    const { client, folder } = world;
    await putNetwork(client, 'net', ['sub']);
    const subnet = subnetId(client, 'net', 'sub');
    await putVault(client, 'kv-subnet', {
      networkAcls: { defaultAction: 'Deny', bypass: 'None', virtualNetworkRules: [{ id: subnet }] },
    });
    const [record] = await folder.store.list({ prefix: subnetKey(''), limit: 1 });
    assert.ok(record);
    const { id, incarnation } = decode<SubnetState>(record);
    const port = await freePort();
    await world.server.ingress.addSubnetListener({ port, host: '127.0.0.1' }, { subnet: id, incarnation });
    const over = async (vault: string): Promise<{ readonly answer: Answered; readonly id: string }> => {
      const requestId = randomUUID();
      const token = await client.token('vault');
      // Another port of the same server, with the usual Host header.
      const { send } = connect({ port, domain: 'localhost', ca: client.ca, identity: client.identity });
      const answer = await send(`${client.vaultOrigin(vault)}/secrets?api-version=7.4`, {
        token,
        headers: { 'x-ms-client-request-id': requestId },
      });
      return { answer, id: requestId };
    };

    const admitted = await over('kv-subnet');
    assert.equal(admitted.answer.status, 200, JSON.stringify(admitted.answer.body));
    assert.equal(admitted.answer.headers['x-ms-keyvault-network-info'], 'addr=127.0.0.1;act_addr_fam=InterNetworkV6;');
    const [recorded] = await recordsOf(admitted.id);
    const { properties } = recorded ?? {};
    assert.equal(properties?.addrAuthType, 'Subnet');
    assert.equal(properties.subnetId, id);
    assert.equal(properties.assurance, 'enforced');
    assert.deepEqual(
      [properties.verdict?.because, properties.verdict?.rule?.toLowerCase()],
      ['virtualNetworkRule', id],
    );

    // An IP rule for the same address does not apply to a subnet.
    const refused = await over('kv-rule');
    assert.equal(refused.answer.status, 403);
    assert.match(String(refused.answer.body['error']?.['message']), /\r\nClient address: 127\.0\.0\.1\r\n/);
    const [refusedRecord] = await recordsOf(refused.id);
    assert.equal(refusedRecord?.properties.verdict?.because, 'noVirtualNetworkRule');
    assert.equal(refusedRecord.properties.subnetId, id);
  });
});

test('no value and no token is ever in the log, whatever the outcome of the request', async () => {
  const value = `value-${randomUUID()}`;
  const token = await world.client.token('vault');
  const powerless = await world.client.token('vault', nobody);
  const body = { value, tags: { a: 'b' }, contentType: 'text/plain' };
  const bodies: readonly unknown[] = [
    body,
    { ...body, tags: 7 },
    `{"value":"${value}`,
    { ...body, value: [value] },
    value,
  ];
  for (const given of bodies) {
    for (const sent of [{ token }, { token: powerless }, { token, from: networks.refused }, { token: `${token}x` }]) {
      await ask('kv-rule', 'PUT', '/secrets/hidden', { ...sent, body: given });
      await ask('kv-rule', 'PATCH', '/secrets/hidden', { ...sent, body: given });
    }
  }
  const read = await ask('kv-rule', 'GET', '/secrets/hidden');
  assert.equal(read.answer.body['value'], value);
  for (const name of ['access_token', 'access%5Ftoken', 'token']) {
    await ask('kv-rule', 'GET', `/secrets/hidden?${name}=${token}`, { token: undefined });
  }
  const { id } = await ask('kv-rule', 'DELETE', '/secrets/hidden');
  assert.equal((await recordsOf(id)).length, 1);
  const log = auditText(world.folder.path);
  assert.ok(log.includes('/secrets/hidden'));
  assert.ok(!log.includes(value), 'a value');
  for (const part of [token, powerless].flatMap((text) => text.split('.'))) assert.ok(!log.includes(part), 'a token');
});
