import { after, before, suite, test } from 'node:test';
import { startServer } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import { runProgram } from './sdk-run.ts';
import { acls, networks, putVault } from './vaults.ts';

const program = new URL('sdk/keys.ts', import.meta.url);
const vault = 'kv-sdk-keys';
let world: TestServer;

before(async () => {
  world = await startServer();
  await putVault(world.client, vault, { networkAcls: acls.denyBypass, sku: { family: 'A', name: 'premium' } });
});

after(() => world[Symbol.asyncDispose]());

suite('the official client of keys', () => {
  const scenarios = {
    creates: 'creates, imports, reads, updates and lists keys',
    deletes: 'deletes, recovers and purges keys, also with pollers that are resumed, backs them up and restores them',
    rotates: 'rotates keys and sets their policies',
    rsa: 'uses RSA keys here and in the vault',
    ec: 'signs and verifies with EC keys',
    oct: 'uses symmetric keys here and in the vault',
    refusals: 'gets random bytes, and tells what is refused',
  };
  for (const [scenario, name] of Object.entries(scenarios)) {
    test(name, () => runProgram(world, { program, scenario, vault, from: networks.allowed }));
  }

  test('throws a RestError with our message when the firewall refuses it', () =>
    runProgram(world, { program, scenario: 'firewall', vault, from: networks.refused }));
});
