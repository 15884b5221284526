/** A database server is lost, killed or cut off, and another one takes over, while three servers behind a balancer are under load. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { haveBalancer } from './balancer.ts';
import { havePostgres, takeOver } from './cluster.ts';
import type { Cluster } from './cluster.ts';
import { patient } from './patient.ts';
import { startPlace, ways } from './place.ts';
import { makeVaults, registerVault, underLoad } from './under-load.ts';

const losses: Readonly<Record<string, (cluster: Cluster) => Promise<void>>> = {
  'is killed': ({ primary }) => primary.kill(),
  'is cut off and goes on': (cluster) => cluster.cutOff(),
};

for (const through of ways) {
  const name = `servers behind a balancer whose database fails over, ${through}`;
  if (!havePostgres(name, { bouncer: through === 'pooled' }) || !haveBalancer(name)) continue;
  describe(name, () => {
    for (const [how, lose] of Object.entries(losses)) {
      it(`lose nothing and let nobody in by a replaced rule when the primary ${how}`, async (t) => {
        await using place = await startPlace(through, { standby: 'sync' });
        const client = patient(place.nodes.client);
        await makeVaults(client);
        let outageMs = 0;
        const { faults, counts, refusals } = await underLoad(place, {
          round: 'failover',
          async disturb() {
            await lose(place.cluster);
            const lostMs = performance.now();
            await takeOver(place.cluster);
            const sent = { body: { value: 'v' }, from: '127.0.0.7' };
            assert.equal((await client.vault(registerVault, 'PUT', '/secrets/after', sent)).status, 200);
            outageMs = performance.now() - lostMs;
          },
        });
        assert.deepEqual(faults, []);
        t.diagnostic(`${name}, ${how}: ${Math.round(outageMs)} ms until a change, ${JSON.stringify(counts)}`);
        t.diagnostic([...refusals].join('; '));
      });
    }
  });
}
