import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { notRun } from '../not-run.ts';
import { haveBalancer } from './balancer.ts';
import { havePostgres } from './cluster.ts';
import { clockTitle, disturbances, whyNoMovedClock } from './disturbances.ts';
import { startPlace } from './place.ts';
import type { Place, Through } from './place.ts';
import { makeVaults, underLoad } from './under-load.ts';

/** Three nodes behind HAProxy at work, and each thing that may happen to them. */
export function threeNodes(through: Through): void {
  const name = `three nodes, ${through}`;
  if (!havePostgres(name, { bouncer: through === 'pooled' }) || !haveBalancer(name)) return;
  describe(name, () => {
    let place: Place;

    before(async () => {
      place = await startPlace(through);
      await makeVaults(place.nodes.client);
    });

    after(() => place[Symbol.asyncDispose]());

    for (const [index, [title, disturb]] of Object.entries(disturbances).entries()) {
      const why = title === clockTitle ? whyNoMovedClock() : undefined;
      if (why !== undefined) {
        notRun(`${name}, ${title}`, why);
        continue;
      }
      it(`look like one server with ${title}`, async (t) => {
        const { faults, counts } = await underLoad(place, { round: `r${index}`, disturb });
        t.diagnostic(`${name}, ${title}: ${JSON.stringify(counts)}`);
        assert.deepEqual(faults, []);
      });
    }
  });
}
