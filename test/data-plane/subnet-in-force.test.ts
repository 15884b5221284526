import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { subnetKey } from '../../src/resources/keys.ts';
import { decode } from '../../src/store/store.ts';
import type { SubnetState } from '../../src/types/vault.ts';
import { putNetwork } from '../control-plane/resources.ts';
import { Pipelined } from '../world/pipelined.ts';
import { until } from '../world/process.ts';
import { freePort } from '../world/free-port.ts';
import { startServer } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import { acls, putVault } from './vaults.ts';

let world: TestServer;
let token: string;

before(async () => {
  world = await startServer();
  token = await world.client.token('vault');
});

after(() => world[Symbol.asyncDispose]());

const vault = 'kv-subnet';
const connections = 16;
const atOnce = 20;
const subnetPath = '/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/net/subnets/sub';

/** A subnet with a service endpoint, the only one that the vault allows, and the port of its listener. */
async function openSubnet(): Promise<number> {
  const { client, folder, server } = world;
  await putVault(client, vault, { networkAcls: acls.allow });
  const set = await client.vault(vault, 'PUT', '/secrets/s', { body: { value: 'v' } });
  assert.equal(set.status, 200, JSON.stringify(set.body));
  await putNetwork(client, 'net', ['sub']);
  const [record] = await folder.store.list({ prefix: subnetKey(''), limit: 1 });
  assert.ok(record);
  const { id, incarnation } = decode<SubnetState>(record);
  await putVault(client, vault, {
    networkAcls: { defaultAction: 'Deny', bypass: 'None', virtualNetworkRules: [{ id }] },
  });
  const port = await freePort();
  await server.ingress.addSubnetListener({ port, host: '127.0.0.1' }, { subnet: id, incarnation });
  return port;
}

suite('while the connections of a subnet send requests without end', () => {
  const changes: Readonly<Record<string, () => Promise<unknown>>> = {
    'that is switched off': () => putNetwork(world.client, 'net', ['sub'], {}),
    'that is deleted': () => world.client.arm('DELETE', subnetPath),
  };
  for (const [what, change] of Object.entries(changes)) {
    test(`a service endpoint ${what} ends them all, and no request that is sent after the answer is allowed`, async () => {
      for (let round = 0; round < 4; round += 1) {
        const port = await openSubnet();
        let acknowledged = false;
        const found = { inTime: 0, late: 0 };
        const opened: Pipelined<boolean>[] = [];
        const send = (connection: Pipelined<boolean>) =>
          connection.send({ line: 'GET /secrets/s?api-version=7.4', token, count: atOnce }, acknowledged);
        const answered = (status: number, isLate: boolean) => {
          if (status === 200) found[isLate ? 'late' : 'inTime'] += 1;
          for (const connection of opened) if (connection.unanswered < atOnce / 2) send(connection);
        };
        for (let count = 0; count < connections; count += 1) {
          opened.push(await Pipelined.open({ client: world.client, vault, port }, answered));
        }
        opened.forEach(send);
        await sleep(20);
        await change();
        acknowledged = true;
        opened.forEach(send);
        await until(() => opened.every(({ socket }) => socket.closed), 'the end of the connections');
        assert.ok(found.inTime > 0);
        assert.equal(found.late, 0);
        await world.client.arm('DELETE', subnetPath);
      }
    });
  }
});
