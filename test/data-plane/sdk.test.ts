import { after, before, test } from 'node:test';
import { startServer } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import { runProgram } from './sdk-run.ts';
import { acls, networks, putVault } from './vaults.ts';

const program = new URL('sdk/life-cycle.ts', import.meta.url);
const vault = 'kv-sdk';
let world: TestServer;

before(async () => {
  world = await startServer();
  await putVault(world.client, vault, { networkAcls: acls.denyBypass });
});

after(() => world[Symbol.asyncDispose]());

function run(scenario: string, from: string): Promise<void> {
  return runProgram(world, { program, scenario, vault, from });
}

test('the official client sets, reads, lists, updates, deletes, recovers and purges secrets', () =>
  run('allowed', networks.allowed));

test('the official client throws a RestError with our message when the firewall refuses it', () =>
  run('refused', networks.refused));
