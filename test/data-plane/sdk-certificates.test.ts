import { after, before, suite, test } from 'node:test';
import { startServer } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import { runProgram } from './sdk-run.ts';
import { acls, networks, putVault } from './vaults.ts';

const program = new URL('sdk/certificates.ts', import.meta.url);
const vault = 'kv-sdk-certs';
let world: TestServer;

before(async () => {
  world = await startServer();
  await putVault(world.client, vault, { networkAcls: acls.denyBypass });
});

after(() => world[Symbol.asyncDispose]());

suite('the official client of certificates', () => {
  const scenarios = {
    creates: 'creates certificates, with pollers that are resumed, and uses their keys and secrets',
    changes: 'reads, lists and updates certificates, their versions and policies',
    operations: 'follows, cancels and deletes operations',
    merges: 'merges what somebody else signed',
    imports: 'imports PKCS #12 and PEM',
    deletes: 'deletes, recovers and purges certificates, also with pollers that are resumed',
    issuers: 'sets, reads, updates and deletes issuers and contacts',
  };
  for (const [scenario, name] of Object.entries(scenarios)) {
    test(name, () => runProgram(world, { program, scenario, vault, from: networks.allowed }));
  }

  test('throws a RestError with our message when the firewall refuses it', () =>
    runProgram(world, { program, scenario: 'firewall', vault, from: networks.refused }));
});
