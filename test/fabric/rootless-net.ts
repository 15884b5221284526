import assert from 'node:assert/strict';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { findResponder } from '../../src/fabric/ground.ts';
import { until } from '../world/process.ts';
import { FabricLab } from './fabric-lab.ts';
import { leftOf } from './left.ts';
import { reach } from './reach.ts';
import { Successors } from './successors.ts';

/** An ordinary user's fabric: rootless-net.test.ts starts this program as one, and reads what was seen. */
const on = { prefix: '10.0.0.0/24', endpoint: true };
const off = { prefix: '10.0.0.0/24', endpoint: false };

const nothing = 'There are no networks: "postern net up" builds them.\n';

await using lab = await FabricLab.start();
await lab.putNetwork('blue', { web: on });
await lab.putNetwork('green', { web: on });
await lab.putVault(['blue/web']);
await lab.up();
const [blue, green] = [await lab.join('blue/web', '10.0.0.4'), await lab.join('green/web', '10.0.0.4')];
assert.equal(await reach(lab, blue), 'allowed');
assert.equal(await reach(lab, green), 'ForbiddenByFirewall');
seen('each network is its own');

await lab.putSubnet('blue', 'web', off);
await until(async () => (await reach(lab, blue)) === 'ForbiddenByFirewall', 'the way through the NAT');
await lab.putSubnet('blue', 'web', on);
await until(async () => (await reach(lab, blue)) === 'allowed', 'the way through the endpoint');
seen('a switched endpoint changes the way');

await lab.kill();
assert.equal(await reach(lab, blue), 'allowed');
await lab.up();
assert.equal(await reach(lab, blue), 'allowed');
seen('a killed reconciler is followed by another');

await lab.kill();
rmSync(join(lab.place.folder, 'control', 'state.json'));
await lab.up();
assert.deepEqual(
  (await lab.status()).networks.flatMap(({ subnets }) => subnets.flatMap(({ workloads }) => workloads)),
  [],
);
const again = await lab.join('blue/web', '10.0.0.4');
assert.equal(await reach(lab, again), 'allowed');
seen('a killed one whose state is lost is followed by another');

await lab.kill();
await lab.net('down');
assert.deepEqual(await leftOf(lab), []);
seen('down after a kill leaves nothing');

await lab.up();
await lab.join('blue/web', '10.0.0.4');
await lab.kill();
rmSync(lab.place.folder, { recursive: true });
assert.match((await lab.net('down')).output, /that a "postern net up" left are removed/);
assert.deepEqual(await leftOf(lab), []);
seen('down after a kill that lost its folder leaves nothing');

await lab.up();
{
  await using successors = new Successors(`${lab.place.instance}-${process.geteuid?.()}`);
  await successors.begin();
  await lab.net('down');
  assert.deepEqual(await lab.net('status'), { exitStatus: 0, output: nothing });
}
seen('down ends also while processes with its mark follow one another');

await lab.up();
const { pid } = await lab.status();
await lab.join('blue/web', '10.0.0.4');
const responder = findResponder(lab.place);
assert.ok(responder);
process.kill(responder.pid, 'SIGKILL');
await until(() => !existsSync(`/proc/${pid}`), 'the end of the reconciler');
assert.deepEqual(await leftOf(lab), []);
seen('the end of the responder is the end of the fabric');

await lab.up();
const last = (await lab.status()).pid;
await lab.join('blue/web', '10.0.0.4');
await lab.server.end('SIGTERM');
rmSync(lab.dataDir, { recursive: true });
await until(() => !existsSync(`/proc/${last}`), 'the end of the reconciler');
assert.deepEqual(await leftOf(lab), []);
seen("networks whose server's data folder is gone are removed");

function seen(what: string): void {
  process.stdout.write(`seen: ${what}\n`);
}
