import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { putVault } from '../data-plane/vaults.ts';
import { haveBalancer } from './balancer.ts';
import { havePostgres } from './cluster.ts';
import { allReady } from './disturbances.ts';
import { dueWorkOfDead } from './due-work.ts';
import { allAtOnce, isLateMessage } from './hot-records.ts';
import { startPlace, ways } from './place.ts';
import type { Place, Through } from './place.ts';
import { purgeElsewhere } from './purge.ts';
import { goAway, missRotation, opensByNewKeyAlone, rotateEverywhere } from './rotation.ts';
import { rulesEverywhere } from './rules-everywhere.ts';
import { underLoad, makeVaults } from './under-load.ts';

/** Each way has its part of the tries, so that all of it is done in a few minutes. */
const tries: Readonly<Record<Through, number>> = { direct: 10_000, pooled: 2_000 };
const timesOfHot: Readonly<Record<Through, number>> = { direct: 5, pooled: 2 };

function atWork(through: Through): void {
  let place: Place;

  before(async () => {
    place = await startPlace(through, { config: { certificates: { issueMs: 1_500 } } });
    await makeVaults(place.nodes.client);
  });

  after(() => place[Symbol.asyncDispose]());

  it('a change of rules on one node is in force for the next request on every other', async () => {
    const found = await rulesEverywhere(place.nodes, tries[through]);
    assert.ok(found.tries >= tries[through], `${found.tries} tries`);
    assert.deepEqual(found.stale, []);
  });

  it('32 callers of each node change one secret at once, and each change is done', async () => {
    const { client, nodes } = place.nodes;
    const [vault, from] = ['kv-hot', '127.0.0.7'];
    await putVault(client, vault);
    const { changes, gaveUp } = await allAtOnce(place.nodes, {
      times: timesOfHot[through],
      change: ({ client: asked, agent, name }) =>
        asked.vault(vault, 'PUT', '/secrets/hot', { body: { value: name }, agent, from }),
    });
    assert.deepEqual(gaveUp, []);
    const versions = new Set<string>();
    let next: string | undefined = `${client.vaultOrigin(vault)}/secrets/hot/versions?api-version=7.4`;
    while (next !== undefined) {
      const { body } = await client.send(next, { token: await client.token('vault'), from });
      for (const { id } of Object.values(body['value'] ?? {})) versions.add(String(id));
      next = body['nextLink'] === undefined || body['nextLink'] === null ? undefined : String(body['nextLink']);
    }
    assert.equal(versions.size, changes, `of ${nodes.length} nodes`);
  });

  it('32 callers of each node change one subscription at once, and each change is done', async () => {
    const { gaveUp } = await allAtOnce(place.nodes, {
      times: timesOfHot[through],
      change({ client, agent, name }) {
        const body = { location: 'westeurope' };
        return client.arm('PUT', `/resourceGroups/hot-${name}`, body, { body, agent });
      },
    });
    assert.deepEqual(gaveUp, []);
  });

  it('32 callers of each node change one vault at once, and each change is done', async () => {
    const path = '/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv-hot';
    const { gaveUp } = await allAtOnce(place.nodes, {
      times: timesOfHot[through],
      change({ client, agent, name }) {
        const body = { tags: { [name]: name } };
        return client.arm('PATCH', path, body, { body, agent });
      },
    });
    assert.deepEqual(gaveUp, []);
  });

  it('a vault that one node purges is gone on every other', async () => {
    for (const round of ['one', 'two', 'three']) assert.deepEqual(await purgeElsewhere(place.nodes, round), []);
  });

  it('the master key is rotated at one node after the other, and no request is lost', async () => {
    const { counts, faults, refusals } = await underLoad(place, {
      round: 'rotated',
      disturb: () => rotateEverywhere(place),
    });
    assert.deepEqual(faults, []);
    assert.equal(counts.unknown, 0);
    assert.deepEqual(
      [...refusals].filter((message) => !isLateMessage(message)),
      [],
    );
  });

  it('a node that was away during a rotation answers 503 until it has the key', async () => {
    const away = await goAway(place, through);
    let oldKey = '';
    const { faults } = await underLoad(place, {
      round: 'missed',
      async disturb() {
        oldKey = await missRotation(place, away);
      },
    });
    assert.deepEqual(faults, []);
    await opensByNewKeyAlone(away, oldKey);
  });

  it('work that is due is done once, by nodes that live', async () => {
    const [beginner] = place.nodes.nodes;
    assert.ok(beginner);
    const kill = async () => {
      process.kill(beginner.running().workerPid(), 'SIGKILL');
      await beginner.running().end('SIGKILL');
    };
    assert.deepEqual(await dueWorkOfDead(place.nodes, { beginner, kill, count: 20 }), []);
    await allReady(place.nodes);
  });

  it('a node leaves and comes again, and no request is lost', async () => {
    const { counts, faults, refusals } = await underLoad(place, {
      round: 'leave',
      async disturb({ nodes: { nodes } }) {
        for (const node of nodes.slice(0, 2)) {
          await node.running().end('SIGTERM');
          await node.start();
        }
      },
    });
    assert.deepEqual(faults, []);
    assert.equal(counts.unknown, 0);
    // A loaded machine may keep the database from its nodes for longer than they wait; the leaving refuses nothing.
    assert.deepEqual(
      [...refusals].filter((message) => !isLateMessage(message)),
      [],
    );
  });
}

for (const through of ways) {
  const name = `three nodes at work, ${through}`;
  if (havePostgres(name, { bouncer: through === 'pooled' }) && haveBalancer(name))
    describe(name, () => atWork(through));
}
