import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { workloadUid } from '../../src/fabric/naming.ts';
import { until } from '../world/process.ts';
import type { FabricLab, Joined } from './fabric-lab.ts';
import { inTheWayOf } from './in-the-way.ts';
import { peer, putNetwork, subnetAt, testAtSite } from './site.ts';

const web = subnetAt('10.1.0.0/24', 'endpoint');
const farWeb = subnetAt('10.2.0.0/24', 'no endpoint');

testAtSite('a place that cannot be made takes neither the others nor the reconciler with it', async (lab, row) => {
  await putNetwork(lab, 'blue', { space: '10.1.0.0/16', subnets: { web } });
  await lab.up();
  const { pid } = await lab.status();
  await row('wrong ones, asked for at the same time as others', async () => {
    const places = await Promise.all([
      lab.join('blue/web'),
      lab.join('blue/web', '10.9.0.4'),
      lab.join('blue/web'),
      lab.join('blue/web', '10.1.0.4'),
    ]);
    assert.deepEqual(
      places.map(({ ok, address, message }) => (ok ? address : message)),
      [
        '10.1.0.4',
        '10.9.0.4 is outside of the subnet blue/web (10.1.0.0/24).',
        '10.1.0.5',
        'Another workload has the address 10.1.0.4 of blue/web.',
      ],
    );
  });
  await row('several at once, while the machine makes none', async () => {
    using obstacle = inTheWayOf(lab);
    const places = await Promise.all(['blue/web', 'blue/web', 'blue/web'].map((subnet) => lab.join(subnet)));
    for (const { message } of places) assert.match(message ?? 'made', new RegExp(`^ip .*${obstacle.name}.* failed: `));
  });
  await row('afterwards places are made again', async () => {
    const place = await lab.join('blue/web', '10.1.0.9');
    assert.deepEqual([place.ok, place.message], [true, undefined]);
  });
  assert.equal((await lab.status()).pid, pid, 'the reconciler is the same one');
});

testAtSite('what could not be built is built when the machine can', async (lab) => {
  await putNetwork(lab, 'blue', { space: '10.1.0.0/16', subnets: { web } });
  await putNetwork(lab, 'red', { space: '10.2.0.0/16', subnets: { web: farWeb } });
  await lab.up();
  const [near, far] = [await lab.join('blue/web'), await lab.join('red/web')];
  const listener = spawn('ip', ['netns', 'exec', far.namespace, process.execPath, '--eval', listening], {
    stdio: 'ignore',
  });
  try {
    {
      using _ = inTheWayOf(lab);
      await peer(lab, 'blue', 'red');
      await until(() => logOf(lab).includes('It is tried again.'), 'the change that fails');
      assert.equal(connects(near, far), false);
    }
    await until(() => connects(near, far), 'the way to the peer');
    assert.match(logOf(lab), /what could not be done before is done/);
  } finally {
    listener.kill('SIGKILL');
  }
});

testAtSite('each place of a fabric of root has a uid that none before it had', async (lab, row) => {
  await putNetwork(lab, 'blue', { space: '10.1.0.0/16', subnets: { web } });
  const given: (number | undefined)[] = [];
  const take = async () => {
    const { uid, address, end } = await lab.join('blue/web', '10.1.0.4');
    end();
    await until(async () => (await lab.status()).networks[0]?.subnets[0]?.workloads.length === 0, 'it leaves');
    given.push(uid);
    return address;
  };
  await lab.up();
  await row('after others have left', async () => {
    assert.deepEqual([await take(), await take()], ['10.1.0.4', '10.1.0.4']);
  });
  await row('after the reconciler was killed', async () => {
    await lab.kill();
    await lab.up();
    await take();
  });
  await row('after the networks were removed', async () => {
    await lab.net('down');
    await lab.up();
    await take();
  });
  assert.equal(new Set(given).size, 4, String(given));
  for (const uid of given) assert.ok(uid !== undefined && uid >= 2_000_000_000 && uid < 2 ** 31, String(uid));
});

void it('begins with uids that no other fabric of the machine has, and no account', () => {
  assert.equal(workloadUid('000000', 0), 2_000_000_000);
  assert.equal(workloadUid('000001', 0), 2_000_000_008);
  assert.equal(workloadUid('ffffff', 7), 2_134_217_727);
  assert.equal(workloadUid('ffffff', 8), 2_000_000_000);
});

const listening = `require('node:net').createServer((socket) => socket.end()).listen(8080)`;

/** Whether a connection from one place to a listener in another is accepted. */
function connects({ namespace }: Joined, { address }: Joined): boolean {
  const asking = `require('node:net').connect(8080, '${address}').on('connect', () => process.exit(0))
    .setTimeout(500, () => process.exit(1))`;
  const { status } = spawnSync('ip', ['netns', 'exec', namespace, process.execPath, '--eval', asking], {
    stdio: 'ignore',
  });
  return status === 0;
}

function logOf(lab: FabricLab): string {
  return readFileSync(join(lab.place.folder, 'control', 'log'), 'utf8');
}
