import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Delivery } from '../../src/delivery/delivery.ts';
import type { DeliveryConfiguration, FromDelivery, ResourceRoute } from '../../src/delivery/messages.ts';
import { stateFile } from '../../src/delivery/state-file.ts';
import { until } from '../world/process.ts';
import { blobOf, testLog, vaultId } from './log.ts';
import type { TestLog } from './log.ts';

const routeOf = (vault: string): ResourceRoute => ({ resourceId: vaultId(vault), sinks: ['storage/logs'] });

type Gap = Extract<FromDelivery, { readonly kind: 'gap' }>;

interface Running extends AsyncDisposable {
  readonly delivery: Delivery;
  readonly gaps: readonly Gap[];
  readonly notices: readonly string[];
  /** The folder that stands for the storage account. */
  readonly account: string;
  /** The records of a vault in the account. */
  readonly delivered: (vault: string) => string;
}

/** A delivery to a folder; `routes` are those of the store. */
async function run(
  log: TestLog,
  routes: readonly ResourceRoute[],
  undeliveredMaxBytes = 0,
  accounts: DeliveryConfiguration['accounts'] = [],
): Promise<Running> {
  const gaps: Gap[] = [];
  const notices: string[] = [];
  const storageDirectory = join(log.directory, '../storage');
  const account = join(storageDirectory, 'logs');
  const delivery = new Delivery({
    configuration: {
      directory: log.directory,
      storageDirectory,
      accounts,
      otlp: [],
      files: 1,
      keepMs: -60_000,
      undeliveredMaxBytes,
    },
    allRoutes: async () => [...routes],
    routeOf: async (resourceId) => routes.find((one) => one.resourceId === resourceId) ?? { resourceId, sinks: [] },
    recordGap: async (gap) => void gaps.push(gap),
    // The records of a test log are older than its settings otherwise.
    now: () => 0,
    notice: (message) => notices.push(message),
  });
  await delivery.start();
  return {
    delivery,
    gaps,
    notices,
    account,
    delivered(vault) {
      const blob = join(account, 'insights-logs-auditevent', blobOf(vault));
      return existsSync(blob) ? readFileSync(blob, 'utf8') : '';
    },
    [Symbol.asyncDispose]: () => delivery.close(),
  };
}

test('an account that the configuration has under another name is said, once, for its records go to a folder', async () => {
  using log = testLog();
  log.write('one', 1);
  const accounts = [{ name: 'lgos', endpoint: 'https://lgos.blob.core.windows.net', credential: 'a2V5' }];
  await using running = await run(log, [routeOf('one'), routeOf('two')], 0, accounts);
  await until(() => running.delivered('one') !== '', 'the record in the folder');
  const said = running.notices.filter((notice) => notice.includes('not in audit.storageAccounts'));
  assert.deepEqual(said, [
    'A diagnostic setting names the storage account logs, which is not in audit.storageAccounts: its records go to the folder storage/logs, and not to the account later.',
  ]);
});

const inodeOf = (log: TestLog, name: string) => statSync(join(log.directory, name)).ino;

test('the oldest file is given up where the older ones have too many bytes, and the log keeps the others', async () => {
  using log = testLog();
  const size = log.write('one', 3).join('\n').length + 1;
  const account = join(log.directory, '../storage');
  // The account is away: a file is where its folder should be.
  writeFileSync(account, '');
  await using running = await run(log, [routeOf('one')], size);
  const { delivery, gaps, notices } = running;
  await until(() => notices.some((notice) => notice.includes('cannot be delivered')), 'a failure');
  log.rotate();
  const kept = [...log.write('one', 3)];
  await until(() => delivery.needed === inodeOf(log, 'audit.1.jsonl'), 'the oldest file is needed');
  assert.equal(gaps.length, 0, 'it has as many bytes as may be kept');
  log.rotate();
  kept.push(...log.write('one', 3));
  await until(() => gaps.length > 0, 'a gap');
  assert.deepEqual(
    gaps.map(({ sink, resources, gap }) => ({ sink, resources, bytes: gap.bytes })),
    [{ sink: 'storage/logs', resources: [vaultId('one')], bytes: size }],
  );
  await until(() => delivery.needed === inodeOf(log, 'audit.1.jsonl'), 'the next file is needed');
  await until(() => notices.some((notice) => notice.includes('were not delivered')), 'a notice');
  assert.match(
    notices.join('\n'),
    /were not delivered to storage\/logs .* A record AuditDeliveryGap of each vault says so/,
  );
  rmSync(account);
  await until(() => running.delivered('one').length >= 2 * size, 'a delivery');
  assert.equal(running.delivered('one'), kept.map((line) => `${line}\n`).join(''));
});

test('a gap is recorded for every vault of the sink, however many there are', async () => {
  using log = testLog();
  log.write('v0', 1);
  writeFileSync(join(log.directory, '../storage'), '');
  const vaults = Array.from({ length: 1001 }, (_, index) => `v${index}`);
  await using running = await run(log, vaults.map(routeOf));
  await until(() => running.notices.length > 0, 'a failure');
  log.rotate();
  log.write('v0', 1);
  await until(() => running.gaps.length >= 2, 'both parts of the gap');
  const recorded = running.gaps.flatMap(({ resources }) => resources);
  assert.deepEqual(recorded.toSorted(), vaults.map(vaultId).toSorted());
});

test('a setting that is removed and made again has a new state that stays', async () => {
  using log = testLog();
  const state = stateFile(log.directory, 'storage/logs');
  const routes = [routeOf('one')];
  await using running = await run(log, routes);
  const change = () => running.delivery.settingsChanged([vaultId('one')]);
  const first = log.write('one', 1);
  await until(() => running.delivered('one') !== '', 'the first record');
  routes.length = 0;
  change();
  await until(() => !existsSync(state), 'the state is removed');
  await until(() => running.delivery.needed === undefined, 'no file is needed');
  routes.push(routeOf('one'));
  change();
  const second = log.write('one', 1);
  const both = [...first, ...second].map((line) => `${line}\n`).join('');
  await until(() => running.delivered('one').endsWith(`${second[0]}\n`), 'the second record');
  assert.ok(running.delivered('one').endsWith(both));
  assert.ok(existsSync(state));
});
