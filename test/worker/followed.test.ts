import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, before, suite, test } from 'node:test';
import { subnetKey } from '../../src/resources/keys.ts';
import { decode, Unavailable } from '../../src/store/store.ts';
import type { SubnetState } from '../../src/types/vault.ts';
import { putNetwork } from '../control-plane/resources.ts';
import { acls, putVault } from '../data-plane/vaults.ts';
import { assign } from '../world/assign.ts';
import { connect } from '../world/client.ts';
import { freePort } from '../world/free-port.ts';
import { startNodes } from '../world/nodes.ts';
import type { TestNode, TestNodes } from '../world/nodes.ts';
import { Pipelined } from '../world/pipelined.ts';
import { until } from '../world/process.ts';

let nodes: TestNodes<'a' | 'b'>;
let a: TestNode;
let b: TestNode;

before(async () => {
  nodes = await startNodes(['a', 'b']);
  ({ a, b } = nodes.of);
});

after(() => nodes[Symbol.asyncDispose]());

suite('a node hears of the changes of another', () => {
  test('a rule is in force at once, and a vault can be used on both', async () => {
    await putVault(a.client, 'kv-shared', { networkAcls: acls.allow });
    const set = await b.client.vault('kv-shared', 'PUT', '/secrets/s', { body: { value: 'v' } });
    assert.equal(set.status, 200, JSON.stringify(set.body));
    for (let round = 0; round < 10; round += 1) {
      await putVault(a.client, 'kv-shared', { networkAcls: { defaultAction: 'Deny', bypass: 'None' } });
      assert.equal((await b.client.vault('kv-shared', 'GET', '/secrets/s')).status, 403);
      await putVault(b.client, 'kv-shared', { networkAcls: acls.allow });
      assert.equal((await a.client.vault('kv-shared', 'GET', '/secrets/s')).body['value'], 'v');
    }
  });

  test('the name of a vault is in its hosts file', async () => {
    await putVault(a.client, 'kv-named');
    await until(() => readFileSync(b.folder.hostsFile, 'utf8').includes('kv-named.'), 'the name');
  });

  test('a request that waits for a change of the networks is answered', async () => {
    const path = `${b.client.home}/providers/Postern.Fabric/networks`;
    const token = await b.client.token('arm');
    const ask = (since: string) => b.client.send(`${path}?api-version=2026-11-01${since}`, { token });
    const { status, body } = await ask('');
    assert.equal(status, 200, JSON.stringify(body));
    const waiting = ask(`&after=${encodeURIComponent(String(body['version']))}`);
    await until(() => b.server.networkWatch.waiting === 1, 'the wait');
    await putNetwork(a.client, 'net-waited', ['sub']);
    assert.notEqual((await waiting).body['version'], body['version']);
  });
});

suite('a subnet whose rules another node changes', () => {
  /** A subnet that the other node made, and its listener on this one. */
  async function subnetOn(node: TestNode, name: string) {
    await putNetwork(a.client, name, ['sub']);
    const records = await a.folder.store.list({ prefix: subnetKey(''), limit: 100 });
    const states = records.map((record) => decode<SubnetState>(record));
    const found = states.find(({ id }) => id.includes(`/${name}/`));
    assert.ok(found);
    const port = await freePort();
    const { id, incarnation } = found;
    await node.server.ingress.addSubnetListener({ port, host: '127.0.0.1' }, { subnet: id, incarnation });
    await putVault(a.client, 'kv-subnet', {
      networkAcls: { defaultAction: 'Deny', bypass: 'None', virtualNetworkRules: [{ id }] },
    });
    const { identity, certificates } = node.folder;
    const { ca } = node.client;
    const names = Number(new URL(node.client.home).port);
    const client = connect({ port, publicPort: names, domain: certificates.domain, ca, identity });
    const token = await b.client.token('vault');
    return { port, get: () => client.vault('kv-subnet', 'GET', '/secrets', { token }) };
  }

  const changes = {
    'that is switched off': (name: string) => putNetwork(a.client, name, ['sub'], {}),
    'that is deleted': (name: string) =>
      a.client.arm('DELETE', `/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/${name}/subnets/sub`),
  } as const;
  for (const [what, change] of Object.entries(changes)) {
    test(`its connections here end when its endpoint ${what} there, without a request on them`, async () => {
      const name = `net-${what.replace('that is ', '').replace(' ', '-')}`;
      const { port, get } = await subnetOn(b, name);
      assert.equal((await get()).status, 200);
      const { socket } = await Pipelined.open({ client: b.client, vault: 'kv-subnet', port }, () => undefined);
      await change(name);
      await until(() => socket.closed, 'the end of the connection');
      await assert.rejects(get);
    });
  }

  test('is looked up before its connection is refused: made, and switched on, there a moment ago', async () => {
    const { get } = await subnetOn(b, 'net-new');
    assert.equal((await get()).status, 200);
    await putNetwork(a.client, 'net-new', ['sub'], {});
    await assert.rejects(get);
    await putNetwork(a.client, 'net-new', ['sub']);
    assert.equal((await get()).status, 200);
  });
});

test('a node that cannot follow the changes of others lists the role assignments of now', async () => {
  await using pair = await startNodes(['one', 'other']);
  const { one, other } = pair.of;
  other.folder.store.changes = () => Promise.reject(new Unavailable('the changes cannot be read'));
  const list = '/providers/Microsoft.Authorization/roleAssignments';
  const principalId = randomUUID();
  const isListed = async () => JSON.stringify((await other.client.arm('GET', list)).body).includes(principalId);
  assert.equal(await isListed(), false);
  const path = await assign(one.client, { role: 'Reader', principalId });
  assert.equal(await isListed(), true);
  assert.equal((await one.client.arm('DELETE', path)).status, 200);
  assert.equal(await isListed(), false);
});
