import assert from 'node:assert/strict';
import { Agent, request } from 'node:https';
import { after, before, suite, test } from 'node:test';
import { randomUUID } from 'node:crypto';
import { tokenLifetimeSeconds } from '../../src/authority/access-token.ts';
import { clockSkewSeconds } from '../../src/caller/verify.ts';
import type { Answered, Sent } from '../world/client.ts';
import { startServer } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import { acls, auditRecords, networks, putVault, vaultPath } from './vaults.ts';

let world: TestServer;

before(async () => {
  world = await startServer();
});

after(() => world[Symbol.asyncDispose]());

/** Settings of a vault, and the answer to a GET of its secret from the allowed network. */
interface State {
  readonly properties: Readonly<Record<string, unknown>>;
  readonly expected: string;
}

/** The complete settings, because a PUT keeps some members that it does not have. */
const opened = { networkAcls: acls.deny, publicNetworkAccess: 'Enabled', enableRbacAuthorization: false };
const otherRule = { ...acls.deny, ipRules: [{ value: '203.0.113.8' }] };

const open: State = { properties: opened, expected: '200' };
const noRule: State = { properties: { ...opened, networkAcls: otherRule }, expected: '403 ForbiddenByFirewall' };
const noAccess: State = { properties: { ...opened, policies: [] }, expected: '403 AccessDenied' };
const closed: State = {
  properties: { ...opened, publicNetworkAccess: 'Disabled' },
  expected: '403 ForbiddenByConnection',
};
const rbac: State = { properties: { ...opened, enableRbacAuthorization: true }, expected: '403 ForbiddenByRbac' };

function outcome({ status, body }: Answered): string {
  const error = body['error'];
  const code = error?.['innererror']?.['code'] ?? error?.['code'];
  return code === undefined ? String(status) : `${status} ${String(code)}`;
}

/** One client on one connection, which it keeps. */
function keepAlive(vault: string, given: Sent = {}) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const sockets = new Set<unknown>();
  agent.on('free', (socket) => sockets.add(socket));
  const { client } = world;
  return {
    get: async (path = '/secrets/s') =>
      outcome(await client.vault(vault, 'GET', path, { agent, from: networks.allowed, ...given })),
    connections: () => sockets.size,
    end: () => agent.destroy(),
  };
}

async function vaultWithSecret(name: string): Promise<string> {
  await putVault(world.client, name, open.properties);
  const body = { value: 'v' };
  const set = await world.client.vault(name, 'PUT', '/secrets/s', { body, from: networks.allowed });
  assert.equal(set.status, 200, JSON.stringify(set.body));
  return name;
}

suite('a change is in force for the very next request on an open connection', () => {
  const flips: Readonly<Record<string, State>> = {
    'of the IP rules': noRule,
    'of the access policies': noAccess,
    'of publicNetworkAccess': closed,
    'of the permission model': rbac,
  };
  for (const [index, [what, other]] of Object.entries(flips).entries()) {
    test(what, async () => {
      const vault = await vaultWithSecret(`kv-next-${index}`);
      const client = keepAlive(vault);
      for (const { properties, expected } of [open, other, open, other, open]) {
        await putVault(world.client, vault, properties);
        assert.equal(await client.get(), expected);
      }
      assert.equal(client.connections(), 1);
      client.end();
    });
  }

  test('of the policies through accessPolicies/remove and add', async () => {
    const vault = await vaultWithSecret('kv-policies');
    const client = keepAlive(vault);
    const { tenantId, objectId } = world.client.identity;
    const policy = { tenantId, objectId, permissions: { secrets: ['get'] } };
    for (const [kind, expected] of [
      ['remove', '403 AccessDenied'],
      ['add', '200'],
    ] as const) {
      const permissions = kind === 'remove' ? { secrets: ['all'] } : policy.permissions;
      const body = { properties: { accessPolicies: [{ ...policy, permissions }] } };
      const changed = await world.client.arm('PUT', `${vaultPath(vault)}/accessPolicies/${kind}`, body);
      assert.ok([200, 201].includes(changed.status), JSON.stringify(changed.body));
      assert.equal(await client.get(), expected);
    }
    client.end();
  });

  test('of the vault: deleted, it answers 404 from then on', async () => {
    const vault = await vaultWithSecret('kv-deleted');
    const client = keepAlive(vault);
    assert.equal(await client.get(), '200');
    await world.client.arm('DELETE', vaultPath(vault));
    assert.equal(await client.get(), '404 VaultNotFound');
    assert.equal(client.connections(), 1);
    client.end();
  });

  test('of the time: a token that expired is refused although it was verified before', async () => {
    await using later = await startServer();
    const { client } = later;
    await putVault(client, 'kv-time', open.properties);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const token = await client.token('vault');
    const get = () => client.vault('kv-time', 'GET', '/secrets', { token, agent, from: networks.allowed });
    assert.equal((await get()).status, 200);
    // Valid for an hour, and 300 s more for clocks that differ.
    later.advance(3_600_000 + 290_000);
    assert.equal((await get()).status, 200);
    later.advance(20_000);
    const answer = await get();
    assert.equal(answer.status, 401);
    assert.match(String(answer.body['error']?.['message']), /^\[TokenExpired\] Error validating token: it expired at /);
    agent.destroy();
  });
});

suite('while 64 clients hammer the vault', () => {
  const clients = 64;

  /** Changes the vault while all clients send requests. Returns the count of each outcome, and the faults. */
  async function hammer(
    vault: string,
    states: readonly State[],
    { flips, paths }: { readonly flips: number; readonly paths: readonly string[] },
  ) {
    const wrong: string[] = [];
    const counts = new Map<string, number>();
    /** How many changes have begun, and how many were answered. */
    const changes = { begun: 0, answered: 0 };
    const hammering = new AbortController();
    const expectedAt = (change: number) => states[change % states.length]?.expected ?? '';
    async function loop(index: number): Promise<void> {
      const client = keepAlive(vault);
      const path = paths[index % paths.length];
      while (!hammering.signal.aborted) {
        const sentAfter = changes.answered;
        const found = await client.get(path);
        counts.set(found, (counts.get(found) ?? 0) + 1);
        const allowed = new Set<string>();
        for (let change = sentAfter; change <= changes.begun; change += 1) allowed.add(expectedAt(change));
        if (!allowed.has(found)) wrong.push(`${found} after change ${sentAfter}, before ${changes.begun}`);
      }
      assert.equal(client.connections(), 1);
      client.end();
    }
    const loops = Array.from({ length: clients }, (_, index) => loop(index));
    for (let flip = 1; flip <= flips; flip += 1) {
      changes.begun = flip;
      await putVault(world.client, vault, states[flip % states.length]?.properties);
      changes.answered = flip;
      // Let every client send at least one request under the new rules.
      await Promise.all(Array.from({ length: 4 }, () => world.client.vault(vault, 'GET', '/healthstatus')));
    }
    hammering.abort();
    await Promise.all(loops);
    return { wrong, counts };
  }

  test('no request is answered by a rule set that was replaced before it was sent', async () => {
    const vault = await vaultWithSecret('kv-hammer');
    const states = [open, noRule, open, noAccess, open, closed, open, rbac];
    const { wrong, counts } = await hammer(vault, states, { flips: 8, paths: ['/secrets/s', '/secrets/S/'] });
    assert.deepEqual(wrong, []);
    assert.deepEqual([...counts.keys()].toSorted(), [...new Set(states.map(({ expected }) => expected))].toSorted());
  });

  test('nor is a request refused because of a change that leaves the rules as they were', async () => {
    const vault = await vaultWithSecret('kv-hammer-same');
    const same = { ...open.properties, enabledForDeployment: true };
    const { wrong, counts } = await hammer(vault, [open, { properties: same, expected: '200' }], {
      flips: 4,
      paths: ['/secrets/s'],
    });
    assert.deepEqual(wrong, []);
    assert.deepEqual([...counts.keys()], ['200']);
  });

  test('nor does a wrong request get an answer that the rules in force do not give', async () => {
    const vault = await vaultWithSecret('kv-hammer-wrong');
    const states = [{ ...open, expected: '400 BadParameter' }, noRule];
    const { wrong } = await hammer(vault, states, {
      flips: 4,
      paths: ['/secrets/under_score', '/secrets?maxresults=0'],
    });
    assert.deepEqual(wrong, []);
  });

  test('nor is one allowed after the vault was deleted', async () => {
    const vault = await vaultWithSecret('kv-hammer-gone');
    let deleted = false;
    const late: string[] = [];
    const loops = Array.from({ length: clients }, async () => {
      const client = keepAlive(vault);
      for (let asked = 0; asked < 3;) {
        const sentLate = deleted;
        const found = await client.get();
        if (sentLate) {
          asked += 1;
          late.push(found);
        }
      }
      client.end();
    });
    await world.client.arm('DELETE', vaultPath(vault));
    deleted = true;
    await Promise.all(loops);
    assert.deepEqual(new Set(late), new Set(['404 VaultNotFound']));
  });

  test('and writers: every acknowledged version exists, each under rules that allowed it', async () => {
    const vault = await vaultWithSecret('kv-hammer-writers');
    const acknowledged: string[] = [];
    const writing = new AbortController();
    const loops = Array.from({ length: 16 }, async (_, index) => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      while (!writing.signal.aborted) {
        const body = { value: 'v' };
        const path = `/secrets/w-${index % 4}`;
        const set = await world.client.vault(vault, 'PUT', path, { agent, body, from: networks.allowed });
        const found = outcome(set);
        assert.ok(['200', '409 Conflict', noRule.expected].includes(found), found);
        if (found === '200') acknowledged.push(String(set.body['id']));
      }
      agent.destroy();
    });
    for (const { properties } of [noRule, open, noRule, open, noRule, open]) {
      await putVault(world.client, vault, properties);
      await world.client.vault(vault, 'GET', '/secrets', { from: networks.allowed });
    }
    writing.abort();
    await Promise.all(loops);
    assert.ok(acknowledged.length > 0);
    const origin = world.client.vaultOrigin(vault);
    for (const id of acknowledged) {
      const found = await world.client.vault(vault, 'GET', id.slice(origin.length), { from: networks.allowed });
      assert.equal(found.body['id'], id);
    }
  });
});

interface Late {
  readonly vault: string;
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  /** This many spaces come before the body, which then has no Content-Length. */
  readonly padding?: number;
}

/** The status and the records of a request from the allowed network, whose body comes only when `meanwhile` is over. */
async function sendLate(server: TestServer, asked: Late, meanwhile: () => Promise<unknown>) {
  const { client, port } = server;
  const id = randomUUID();
  const { padding = 0 } = asked;
  const body = ' '.repeat(padding) + JSON.stringify(asked.body);
  const host = `${asked.vault}.vault.localhost`;
  const outgoing = request({
    host: '127.0.0.1',
    port,
    servername: host,
    ca: client.ca,
    method: asked.method,
    path: `${asked.path}?api-version=7.4`,
    localAddress: networks.allowed,
    headers: {
      host: `${host}:${port}`,
      authorization: `Bearer ${await client.token('vault')}`,
      'content-type': 'application/json',
      ...(padding === 0 && { 'content-length': body.length }),
      'x-ms-client-request-id': id,
    },
  });
  const answered = new Promise<number>((resolve, reject) => {
    outgoing.on('response', (incoming) => {
      incoming.resume().on('end', () => resolve(incoming.statusCode ?? 0));
    });
    outgoing.on('error', reject);
  });
  outgoing.write(body.slice(0, 5));
  // The request is admitted by now, because this one came later.
  await client.vault(asked.vault, 'GET', '/secrets/s', { from: networks.allowed });
  await meanwhile();
  outgoing.end(body.slice(5));
  const status = await answered;
  return { status, records: () => auditRecords(server).filter(({ correlationId }) => correlationId === id) };
}

suite('a request that is admitted before its body arrives is decided again when it has arrived', () => {
  for (const [method, path, body] of [
    ['PUT', '/secrets/late', { value: 'late' }],
    ['POST', '/rng', { count: 1 }],
  ] as const) {
    test(`${method} ${path}, whose record has only the second decision`, async () => {
      const vault = await vaultWithSecret(`kv-late-${method.toLowerCase()}`);
      const { client } = world;
      const { status, records } = await sendLate(world, { vault, method, path, body }, () =>
        putVault(client, vault, noRule.properties),
      );
      assert.equal(status, 403);
      const [record, ...others] = records();
      assert.deepEqual(others, []);
      const { verdict, isAccessPolicyMatch, isAddressAuthorized } = record?.properties ?? {};
      assert.equal(verdict?.because, 'noIpRule');
      assert.equal(isAddressAuthorized, false);
      assert.equal(isAccessPolicyMatch, undefined);
      await putVault(client, vault, open.properties);
      assert.equal((await client.vault(vault, 'GET', '/secrets/late', { from: networks.allowed })).status, 404);
    });
  }

  test('by the token, too, which may have expired meanwhile', async () => {
    await using other = await startServer();
    await putVault(other.client, 'kv-patient', open.properties);
    const asked = { vault: 'kv-patient', method: 'PUT', path: '/secrets/late', body: { value: 'late' } };
    const inTime = await sendLate(other, asked, async () => other.advance(tokenLifetimeSeconds * 1000));
    assert.equal(inTime.status, 200);
    const tooLate = await sendLate(other, asked, async () => other.advance((clockSkewSeconds + 1) * 1000));
    assert.equal(tooLate.status, 401);
    assert.match(String(tooLate.records()[0]?.resultDescription), /^\[TokenExpired\]/);
  });

  test('but a body that was too large stays refused: its rest is not taken for the body', async () => {
    const vault = await vaultWithSecret('kv-late-large');
    const { client } = world;
    const asked = { vault, method: 'PUT', path: '/secrets/late', body: { value: 'late' }, padding: 1_200_000 };
    const same = { ...open.properties, enabledForDeployment: true };
    const { status, records } = await sendLate(world, asked, () => putVault(client, vault, same));
    assert.equal(status, 413);
    assert.equal(records().length, 1);
    assert.equal((await client.vault(vault, 'GET', '/secrets/late', { from: networks.allowed })).status, 404);
  });
});
