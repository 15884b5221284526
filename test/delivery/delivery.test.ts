import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { Delivery } from '../../src/delivery/delivery.ts';
import type { DeliveryParts } from '../../src/delivery/delivery.ts';
import type { ResourceRoute } from '../../src/delivery/messages.ts';
import { until } from '../world/process.ts';
import { testLog, vaultId } from './log.ts';
import type { TestLog } from './log.ts';

const routeTo = (vault: string): ResourceRoute => ({
  resourceId: vaultId(vault),
  sinks: [`storage/account${vault}`],
});

/** A delivery to folders; `routes` are those of the store. */
function deliveryOf(log: TestLog, routes: readonly ResourceRoute[], parts: Partial<DeliveryParts> = {}) {
  const notices: string[] = [];
  const storage = join(log.directory, 'storage');
  const delivery = new Delivery({
    configuration: {
      directory: log.directory,
      storageDirectory: storage,
      accounts: [],
      otlp: [],
      files: 10,
      keepMs: 0,
      undeliveredMaxBytes: 1 << 30,
    },
    allRoutes: async () => [...routes],
    async routeOf(resourceId) {
      await pause(2);
      return routes.find((one) => one.resourceId === resourceId) ?? { resourceId, sinks: [] };
    },
    recordGap: async () => {},
    // The records of a test log are older than its settings otherwise.
    now: () => 0,
    notice: (message) => notices.push(message),
    ...parts,
  });
  const accounts = () => (existsSync(storage) ? readdirSync(storage).toSorted() : []);
  return { delivery, notices, accounts };
}

/** A thread that ends when it is told anything. */
function failingThread(): Worker {
  return new Worker("require('node:worker_threads').parentPort.once('message', () => process.exit(1))", { eval: true });
}

test('a thread that failed is started again with the routes of every resource, whatever setting changes meanwhile', async () => {
  using log = testLog();
  const thread = failingThread();
  const { delivery, accounts } = deliveryOf(log, [routeTo('one'), routeTo('two')], { thread });
  const failed = once(thread, 'exit');
  await delivery.start();
  await failed;
  delivery.settingsChanged([vaultId('one')]);
  log.write('one', 1);
  log.write('two', 1);
  await until(() => accounts().length === 2, 'the records of both vaults');
  assert.deepEqual(accounts(), ['accountone', 'accounttwo']);
  await delivery.close();
});

test('of the first two settings, the second one may come while the routes are read for the first', async () => {
  using log = testLog();
  const routes: ResourceRoute[] = [];
  let reads = 0;
  const { delivery, accounts } = deliveryOf(log, routes, {
    async allRoutes() {
      const read = [...routes];
      reads += 1;
      if (reads === 2) add('two');
      return read;
    },
  });
  const add = (vault: string) => {
    routes.push(routeTo(vault));
    delivery.settingsChanged([vaultId(vault)]);
  };
  await delivery.start();
  assert.equal(delivery.needed, undefined, 'without a sink no file is kept');
  add('one');
  log.write('one', 1);
  log.write('two', 1);
  await until(() => accounts().length === 2, 'the records of both vaults');
  assert.deepEqual(accounts(), ['accountone', 'accounttwo']);
  await delivery.close();
});

test('a server ends also while its diagnostic settings cannot be read', async () => {
  const failures: readonly (readonly [read: () => Promise<never>, notices: readonly string[]])[] = [
    [() => Promise.reject(new Error('EIO')), ['Diagnostic settings cannot be read yet: Error: EIO']],
    [() => new Promise(() => {}), []],
  ];
  for (const [read, expected] of failures) {
    using log = testLog();
    const { delivery, notices } = deliveryOf(log, [routeTo('one')], { routeOf: read });
    await delivery.start();
    delivery.settingsChanged([vaultId('one')]);
    await pause(10);
    const late = pause(20_000, 'late', { ref: false });
    assert.equal(await Promise.race([delivery.close(), late]), undefined, 'it has ended');
    assert.deepEqual(notices, expected);
  }
});
