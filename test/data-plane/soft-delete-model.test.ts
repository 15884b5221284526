/**
 * Any sequence of operations on secrets, keys, certificates, their backups and their vault, with time passing between them,
 * has the same effect on a server and on a simple model of one.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { firstOwner } from '../../src/resources/authorization/authorization.ts';
import { subscriptionKey } from '../../src/resources/keys.ts';
import { encode } from '../../src/store/store.ts';
import type { Collection } from '../../src/types/collection.ts';
import { connect } from '../world/client.ts';
import type { Client } from '../world/client.ts';
import { startServerWith } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import {
  advance,
  assertSameVault,
  operate,
  operateSome,
  operateVault,
  restore,
  vaultProperties,
} from './model/commands.ts';
import type { Real } from './model/commands.ts';
import { collections, emptyVault, issueMs, retentionDays, transitionMs } from './model/vault-model.ts';
import type { Model, Operation, Place, VaultOperation } from './model/vault-model.ts';
import { newClient, putVault } from './vaults.ts';

const dayMs = 86_400_000;
const vaultOperations: readonly VaultOperation[] = ['put', 'delete', 'delete', 'recover', 'purge'];
const foreign = 'kv-foreign';
let world: TestServer;

before(async () => {
  world = await startServerWith({ still: true, config: { certificates: { issueMs } } });
  await putVault(await otherSubscription(), foreign, vaultProperties);
});

after(async () => {
  await world[Symbol.asyncDispose]();
});

/** The administrator in another subscription, which only the store can make. */
async function otherSubscription(): Promise<Client> {
  const { folder, port, now } = world;
  const { identity, certificates } = folder;
  const { tenantId, objectId } = identity;
  const subscriptionId = randomUUID();
  const owner = { principalId: objectId, name: randomUUID(), now: now() };
  const subscription = { subscriptionId, displayName: 'another', tenantId };
  await folder.store.transact({
    put: [{ key: subscriptionKey(subscriptionId), value: encode(subscription) }, ...firstOwner(subscriptionId, owner)],
  });
  const ca = certificates.authority.certificate;
  return connect({ port, domain: 'localhost', ca, identity: { ...identity, subscriptionId } });
}

const time = fc.constantFrom(
  1,
  transitionMs - 1,
  1000,
  dayMs,
  retentionDays * dayMs - 1000,
  ...Array.from({ length: 5 }, () => transitionMs),
);
const common: readonly Operation[] = ['create', 'create', 'update', 'delete', 'recover', 'purge', 'purge', 'backup'];
const operations: Readonly<Record<Collection, readonly Operation[]>> = {
  secrets: common,
  keys: common,
  certificates: [...common, 'request', 'import', 'cancel', 'forget'],
};

/** Commands, most of them for one collection, and most of them possible. */
function commandsOn(collection: Collection) {
  const only = fc.constant(collection);
  const any = fc.constantFrom(...collections);
  const pick = fc.nat({ max: 999 });
  const some = fc.record({ pick, operations: fc.constant(operations[collection]), collection: only });
  const others = fc.record({ pick, operations: fc.constant(common), collection: any });
  const one = fc.record({ pick, operation: fc.constantFrom(...operations[collection]), collection: only });
  const other = fc.record({ pick, operation: fc.constantFrom(...common), collection: any });
  const update = fc.constant<Operation>('update');
  const version = fc.record({ pick, operation: update, collection: only, back: fc.nat({ max: 2 }) });
  const place = fc.constantFrom<Place>('home', 'home', 'home', 'other', 'other', 'other', 'foreign');
  const blind = fc.constantFrom(false, false, true);
  const command = fc.oneof(
    { weight: 16, arbitrary: some.map(operateSome) },
    { weight: 4, arbitrary: others.map(operateSome) },
    { weight: 6, arbitrary: one.map(operate) },
    { weight: 3, arbitrary: other.map(operate) },
    { weight: 2, arbitrary: version.map(operate) },
    { weight: 8, arbitrary: fc.record({ pick, place, blind, collection: only }).map(restore) },
    { weight: 1, arbitrary: fc.record({ pick, place, blind, collection: any }).map(restore) },
    { weight: 12, arbitrary: time.map(advance) },
    { weight: 1, arbitrary: fc.constantFrom(...vaultOperations).map((done) => operateVault(done)) },
    // Recovered soon, because nothing else is possible meanwhile.
    { weight: 4, arbitrary: fc.constant(operateVault('recover', 'deleted')) },
    { weight: 4, arbitrary: fc.constant(operateVault('put', 'none')) },
  );
  return fc.commands([command], { size: 'max', maxCommands: 100 });
}

for (const collection of collections) {
  test(`any sequence of operations, most of them on ${collection}, has the same effect as on a model`, async () => {
    let count = 0;
    const done = new Set<string>();
    const run = fc.asyncProperty(commandsOn(collection), async (sequence) => {
      count += 1;
      const client = newClient(world);
      const [home, other] = [`kv-${collection}-${count}`, `kv-other-${collection.slice(0, 4)}-${count}`];
      for (const name of [home, other]) await putVault(client, name, vaultProperties);
      const model: Model = {
        vaults: { home: emptyVault(home), other: emptyVault(other), foreign: emptyVault(foreign) },
        backups: [],
        now: world.now(),
        done,
        count: 0,
      };
      const real: Real = { world, client, newClient: () => newClient(world) };
      await fc.asyncModelRun(() => ({ model, real }), sequence);
      for (const place of ['home', 'other', 'foreign'] as const) await assertSameVault(model, real, place);
      // A deleted vault is recovered with all of its objects.
      await operateVault('recover').run(model, real);
      // Deleted objects are purged in the end.
      await advance(2 * retentionDays * dayMs).run(model, real);
      for (const place of ['home', 'other', 'foreign'] as const) await assertSameVault(model, real, place);
    });
    const missing = () =>
      [...operations[collection], 'restore'].filter((operation) => !done.has(`${operation} ${collection}`));
    // Chance may leave an operation out of some runs.
    for (let rounds = 0; rounds < 3 && missing().length > 0; rounds += 1) {
      // The limit applies to the search for a short failing example.
      await fc.assert(run, { numRuns: 12, plugins: [fc.interruptAfterTimeLimit(200_000)] });
    }
    assert.deepEqual(missing(), []);
  });
}
