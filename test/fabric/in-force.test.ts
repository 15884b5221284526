import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { markOf } from '../../src/fabric/processes.ts';
import { until } from '../world/process.ts';
import type { FabricLab, Joined } from './fabric-lab.ts';
import { inTheWayOf } from './in-the-way.ts';
import { idOf, peer, putNetwork, subnetAt, testAtSite } from './site.ts';

const web = subnetAt('10.1.0.0/24', 'endpoint');

testAtSite('what is wanted and not in force yet is in the status, until it is', async (lab) => {
  await putNetwork(lab, 'blue', { space: '10.1.0.0/16', subnets: { web } });
  await lab.up();
  {
    using obstacle = inTheWayOf(lab);
    await putNetwork(lab, 'red', { space: '10.2.0.0/16', subnets: { web: subnetAt('10.2.0.0/24', 'endpoint') } });
    const problem = new RegExp(`^Not in force yet: ip .*${obstacle.name}.* failed: `);
    await until(async () => problem.test((await lab.status()).problems[0] ?? ''), 'the problem');
    assert.match((await lab.net('status')).output, /^Not in force yet: /m);
  }
  await until(async () => (await lab.status()).problems.length === 0, 'the change');
  assert.equal((await lab.status()).networks.length, 2);
});

testAtSite('a change is made also while the files of the workloads cannot be written', async (lab) => {
  await putNetwork(lab, 'blue', { space: '10.1.0.0/16', subnets: { web } });
  await lab.up();
  rmSync(join(lab.place.folder, 'roots.pem'));
  mkdirSync(join(lab.place.folder, 'roots.pem.unfinished'));
  await putNetwork(lab, 'red', { space: '10.2.0.0/16', subnets: { web: subnetAt('10.2.0.0/24', 'endpoint') } });
  await until(async () => (await lab.status()).networks.length === 2, 'the network');
  assert.match(logOf(lab), /problem: .*roots\.pem\.unfinished/);
});

testAtSite('a reconciler that cannot take over ends, and leaves what there is to the next', async (lab) => {
  await putNetwork(lab, 'blue', { space: '10.1.0.0/16', subnets: { web } });
  await lab.up();
  const [living, ending] = [await lab.join('blue/web'), await lab.join('blue/web')];
  await lab.kill();
  ending.end();
  {
    using obstacle = inTheWayOf(lab);
    const { exitStatus, output } = await lab.net('up');
    assert.equal(exitStatus, 1);
    assert.match(output, new RegExp(`built stays: .*${obstacle.name}`, 's'));
  }
  const environment = { PATH: process.env['PATH'], POSTERN_FABRIC: lab.place.instance };
  const late = spawn('sleep', ['600'], { env: environment, stdio: 'ignore' });
  late.unref();
  await lab.up();
  assert.equal(markOf(late.pid ?? 0), undefined, 'a program of the killed one');
  const found = (await lab.status()).networks[0]?.subnets[0]?.workloads.map(({ namespace }) => namespace);
  assert.deepEqual(found, [living.namespace]);
  assert.doesNotMatch(logOf(lab), / left /, 'the place of the other one is not taken over first');
  assert.equal(lab.namespaces().includes(ending.namespace), false);
});

testAtSite(
  'an address is free as soon as its process has ended, and the namespace is another one',
  async (lab, row) => {
    await putNetwork(lab, 'blue', { space: '10.1.0.0/16', subnets: { web } });
    await lab.up();
    await row('again and again', async () => {
      for (let turn = 0; turn < 5; turn += 1) {
        const place = await lab.join('blue/web', '10.1.0.9');
        assert.deepEqual([place.ok, place.message], [true, undefined]);
        const [{ pid } = { pid: 0 }] = (await lab.status()).networks[0]?.subnets[0]?.workloads ?? [];
        place.end();
        await until(() => markOf(pid) === undefined, 'the end of the process');
      }
    });
    await row('where the last place could not be removed', async () => {
      const place = await lab.join('blue/web', '10.1.0.9');
      spawnSync('ip', ['-n', place.namespace, 'link', 'add', 'mark', 'type', 'dummy']);
      {
        using _ = inTheWayOf(lab);
        place.end();
        await until(() => logOf(lab).includes('problem: the place of a process that ended'), 'a removal that fails');
      }
      const next = await lab.join('blue/web', '10.1.0.9');
      assert.deepEqual([next.ok, next.message], [true, undefined]);
      assert.equal(hasMark(next), false, 'a namespace of its own');
    });
  },
);

testAtSite('the status tells what a subnet has, and which workloads have none', async (lab) => {
  await putNetwork(lab, 'blue', { space: '10.1.0.0/16', subnets: { web, db: subnetAt('10.1.1.0/24', 'endpoint') } });
  await putNetwork(lab, 'red', { space: '10.2.0.0/16', subnets: { web: subnetAt('10.2.0.0/24', 'no endpoint') } });
  await peer(lab, 'blue', 'red');
  await lab.up();
  const stranded = await lab.join('blue/db');
  for (const [kind, name] of [
    ['networkSecurityGroups', 'locked'],
    ['routeTables', 'table'],
  ] as const) {
    await lab.arm('PUT', `/resourceGroups/rg/providers/Microsoft.Network/${kind}/${name}`, { location: 'westeurope' });
  }
  await lab.arm('PUT', '/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/blue/subnets/web', {
    properties: {
      addressPrefix: '10.1.0.0/24',
      networkSecurityGroup: { id: idOf(lab, 'networkSecurityGroups/locked') },
      routeTable: { id: idOf(lab, 'routeTables/table') },
    },
  });
  await lab.arm('DELETE', '/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/blue/subnets/db');
  await until(async () => (await lab.status()).stranded.length === 1, 'the end of the subnet');
  assert.deepEqual(
    (await lab.status()).stranded.map(({ subnet, address }) => [subnet, address]),
    [['blue/db', stranded.address]],
  );
  const { output } = await lab.net('status');
  assert.match(output, /^blue \(10\.1\.0\.0\/16, namespace pt-\w+-v1\), peer of red$/m);
  assert.match(output, /^ {2}web 10\.1\.0\.0\/24: .*, security group locked, route table table$/m);
  assert.match(
    output,
    /^ {2}web 10\.2\.0\.0\/24: service endpoint off, leaves as 203\.0\.113\.\d+$/m,
    'without either',
  );
  assert.match(output, /^ {2}10\.1\.1\.4 \(process \d+\) reaches nothing: blue\/db is gone, or has another range$/m);
});

function hasMark({ namespace }: Joined): boolean {
  return spawnSync('ip', ['-n', namespace, 'link', 'show', 'mark'], { stdio: 'ignore' }).status === 0;
}

function logOf(lab: FabricLab): string {
  return readFileSync(join(lab.place.folder, 'control', 'log'), 'utf8');
}
