import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../world/process.ts';
import type { FabricLab } from './fabric-lab.ts';
import { leftOf } from './left.ts';
import { reach } from './reach.ts';
import { identities, putNetwork, setRules, subnetAt, subnetId, testAtSite } from './site.ts';

const web = subnetAt('10.0.0.0/24', 'endpoint');

/** Ends of the file by which the next reconciler takes over. */
const damages: Readonly<Record<string, (file: string) => void>> = {
  'is removed': (file) => rmSync(file),
  'is cut': (file) => truncateSync(file, 100),
  'is of another form': (file) =>
    writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), format: 0 })),
  'is removed with its folder': (file) => rmSync(join(file, '../..'), { recursive: true }),
};

testAtSite('a killed fabric whose state is lost is built again by up, and removed by down', async (lab, row) => {
  await putNetwork(lab, 'blue', { space: '10.0.0.0/16', subnets: { web } });
  const rules = [{ id: subnetId(lab, 'blue/web') }];
  await setRules(lab, { defaultAction: 'Deny', bypass: 'None', ipRules: [], virtualNetworkRules: rules });
  for (const [what, damage] of Object.entries(damages)) {
    await row(what, async () => {
      await lab.up();
      assert.equal((await joinAsApp(lab)).ok, true);
      assert.equal((await identitiesIn(lab)).length, 1);
      await lab.kill();
      damage(join(lab.place.folder, 'control', 'state.json'));
      await lab.up();
      assert.deepEqual((await lab.status()).networks[0]?.subnets[0]?.workloads, []);
      assert.deepEqual(await identitiesIn(lab), [], 'the identity of a workload that is gone');
      assert.equal(await reach(lab, await joinAsApp(lab)), 'allowed');
      await lab.kill();
      damage(join(lab.place.folder, 'control', 'state.json'));
      assert.match((await lab.net('down')).output, /that a "postern net up" left are removed/);
      assert.deepEqual(await leftOf(lab), []);
    });
  }
});

testAtSite('a fabric that loses its state while it works writes it again', async (lab) => {
  await putNetwork(lab, 'blue', { space: '10.0.0.0/16', subnets: { web } });
  await lab.up();
  const state = join(lab.place.folder, 'control', 'state.json');
  rmSync(state);
  const { namespace } = await lab.join('blue/web');
  await lab.kill();
  await lab.up();
  assert.ok(lab.namespaces().includes(namespace), 'the workload is taken over');
});

testAtSite('a reconciler whose folder is removed ends, and another one may begin', async (lab, row) => {
  await putNetwork(lab, 'blue', { space: '10.0.0.0/16', subnets: { web } });
  for (const [next, left] of [
    ['up', /^The networks are there: 1 with 1 subnets\.$/m],
    ['down', /that a "postern net up" left are removed/],
  ] as const) {
    await row(`net ${next}`, async () => {
      await lab.up();
      await lab.join('blue/web');
      const { pid } = await lab.status();
      rmSync(lab.place.folder, { recursive: true });
      const { output } = await lab.net(next, ...(next === 'up' ? ['--detach'] : []));
      assert.match(output, left);
      await until(() => !existsSync(`/proc/${pid}`), 'the end of the first one');
      await lab.net('down');
      assert.deepEqual(await leftOf(lab), []);
    });
  }
});

function joinAsApp(lab: FabricLab): ReturnType<FabricLab['join']> {
  return lab.join('blue/web', undefined, identities.app.identityHeader);
}

async function identitiesIn(lab: FabricLab): Promise<readonly string[]> {
  return (await leftOf(lab)).filter((line) => line.includes('"kind":"identity"'));
}
