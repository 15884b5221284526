import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { parseAddress } from '../../src/address/address.ts';
import { subnetKey } from '../../src/resources/keys.ts';
import type { Rulebook } from '../../src/rulebook/rulebook.ts';
import { decode } from '../../src/store/store.ts';
import type { Source } from '../../src/types/source.ts';
import type { SubnetState } from '../../src/types/vault.ts';
import type { Answered, Sent } from '../world/client.ts';
import { networks as virtualNetworks, putNetwork } from '../control-plane/resources.ts';
import { startServer } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import { startOtherNode } from './other-node.ts';
import { acls, networks, putVault, vaultPath } from './vaults.ts';

let world: TestServer;

before(async () => {
  world = await startServer();
});

after(() => world[Symbol.asyncDispose]());

const address = parseAddress('203.0.113.7');
assert.ok(address);
const allowed: Source = { kind: 'public', address };

function outcome({ status, body }: Answered): string {
  const error = body['error'];
  return `${status} ${String(error?.['innererror']?.['code'] ?? error?.['code'] ?? '')}`.trim();
}

const open = { networkAcls: acls.deny, publicNetworkAccess: 'Enabled', enableRbacAuthorization: false };
const refusing = { ...open, networkAcls: { ...acls.deny, ipRules: [{ value: '203.0.113.8' }] } };
const powerless = { ...open, policies: [] };

async function vaultWithSecret(name: string): Promise<string> {
  await putVault(world.client, name, open);
  const sent = { body: { value: 'v' }, from: networks.allowed };
  assert.equal((await world.client.vault(name, 'PUT', '/secrets/s', sent)).status, 200);
  return name;
}

suite('a node that was not told of a change', () => {
  interface Case {
    readonly what: string;
    readonly request: readonly [method: string, path: string, sent?: Sent];
    /** While the vault is open. */
    readonly usual: string;
  }

  const cases: readonly Case[] = [
    { what: 'a read', request: ['GET', '/secrets/s'], usual: '200' },
    { what: 'a list', request: ['GET', '/secrets'], usual: '200' },
    { what: 'a change', request: ['PUT', '/secrets/t', { body: { value: 'v' } }], usual: '200' },
    { what: 'a missing secret', request: ['GET', '/secrets/missing'], usual: '404 SecretNotFound' },
    { what: 'a wrong name', request: ['GET', '/secrets/under_score'], usual: '400 BadParameter' },
    { what: 'a wrong body', request: ['PUT', '/secrets/t', { body: '{' }], usual: '400 BadParameter' },
    { what: 'a wrong query', request: ['GET', '/secrets?maxresults=1&maxresults=1'], usual: '400 BadParameter' },
  ];

  for (const [index, { what, request, usual }] of cases.entries()) {
    test(`answers ${what} by the rules in force`, async () => {
      const vault = await vaultWithSecret(`kv-untold-${index}`);
      await using node = await startOtherNode(world, { source: allowed });
      const ask = async () => outcome(await node.vault(vault, ...request));
      assert.equal(await ask(), usual);
      await putVault(world.client, vault, refusing);
      assert.equal(await ask(), '403 ForbiddenByFirewall');
      await putVault(world.client, vault, open);
      assert.equal(await ask(), usual);
      await putVault(world.client, vault, powerless);
      assert.equal(await ask(), '403 AccessDenied');
      await putVault(world.client, vault, open);
      assert.equal(await ask(), usual);
      await world.client.arm('DELETE', vaultPath(vault));
      assert.equal(await ask(), '404 VaultNotFound');
    });
  }

  test('allows a subnet that was created after it started', async () => {
    await putNetwork(world.client, 'later', ['sub']);
    const records = await world.folder.store.list({ prefix: subnetKey(''), limit: 100 });
    const record = records.find((each) => decode<SubnetState>(each).id.includes('/later/'));
    assert.ok(record);
    const { id, incarnation } = decode<SubnetState>(record);
    const vault = await vaultWithSecret('kv-later');
    const virtualNetworkRules = [{ id }];
    await putVault(world.client, vault, {
      networkAcls: { defaultAction: 'Deny', bypass: 'None', virtualNetworkRules },
    });
    const inside = parseAddress('10.0.0.4');
    assert.ok(inside);
    const source: Source = { kind: 'subnet', subnet: id, incarnation, address: inside, assurance: 'enforced' };
    const { store } = world.folder;
    await store.transact({ delete: [record.key] });
    await using node = await startOtherNode(world, { source });
    const ask = async () => outcome(await node.vault(vault, 'GET', '/secrets/s'));
    assert.equal(await ask(), '403 ForbiddenByFirewall');
    await store.transact({ put: [{ key: record.key, value: record.value }] });
    assert.equal(await ask(), '200');
    await world.client.arm('DELETE', `${virtualNetworks}/later`);
  });

  test('refuses a subnet that was deleted, or whose endpoint is off', async () => {
    const putSubnet = (others?: object) => putNetwork(world.client, 'net', ['sub'], others);
    await putSubnet();
    const [record] = await world.folder.store.list({ prefix: subnetKey(''), limit: 1 });
    assert.ok(record);
    const { id, incarnation } = decode<SubnetState>(record);
    const vault = await vaultWithSecret('kv-subnet');
    await putVault(world.client, vault, {
      networkAcls: { defaultAction: 'Deny', bypass: 'None', virtualNetworkRules: [{ id }] },
    });
    const inside = parseAddress('10.0.0.4');
    assert.ok(inside);
    const source: Source = { kind: 'subnet', subnet: id, incarnation, address: inside, assurance: 'enforced' };
    await using node = await startOtherNode(world, { source });
    const ask = async () => outcome(await node.vault(vault, 'GET', '/secrets/s'));
    assert.equal(await ask(), '200');
    await putSubnet({ serviceEndpoints: [] });
    assert.equal(await ask(), '403 ForbiddenByFirewall');
    await putSubnet();
    assert.equal(await ask(), '200');
    await world.client.arm('DELETE', `${virtualNetworks}/net/subnets/sub`);
    assert.equal(await ask(), '403 ForbiddenByFirewall');
    await putSubnet();
    assert.equal(await ask(), '403 ForbiddenByFirewall', 'a subnet that is created again is another one');
  });
});

suite('rules that are dropped from memory while a token is verified', () => {
  test('do not refuse a caller that the rules in force allow', async () => {
    const vault = await vaultWithSecret('kv-evicted');
    const other = await vaultWithSecret('kv-evicting');
    let evictions = 0;
    const whileVerifying = async (rulebook: Rulebook) => {
      evictions += 1;
      await rulebook.load(other);
    };
    await using node = await startOtherNode(world, { source: allowed, vaultsMax: 1, whileVerifying });
    assert.equal(outcome(await node.vault(vault, 'GET', '/secrets/s')), '200');
    assert.equal(evictions, 1);
  });

  test('do not allow a caller that the rules in force refuse', async () => {
    const vault = await vaultWithSecret('kv-replaced');
    const whileVerifying = async () => {
      await putVault(world.client, vault, refusing);
    };
    await using node = await startOtherNode(world, { source: allowed, whileVerifying });
    assert.equal(outcome(await node.vault(vault, 'GET', '/secrets/s')), '403 ForbiddenByFirewall');
  });
});
