/** A database server is lost, killed or cut off, and another one takes over, while two nodes are under load. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { masterKeyFrom } from '../../src/crypto/master-key.ts';
import type { DatabaseState } from '../../src/store/node-store.ts';
import { openPostgresStore } from '../../src/store/postgres/postgres.ts';
import { StoreRefused } from '../../src/store/refused.ts';
import { openSealedStore } from '../../src/store/sealed.ts';
import type { OpenedStore } from '../../src/store/sealed.ts';
import { Conflict, decode, encode, Unavailable } from '../../src/store/store.ts';
import type { Store } from '../../src/store/store.ts';
import { memoryMark } from '../store/sealing.ts';
import { until } from '../world/process.ts';
import { havePostgres, startPostgres, takeOver } from './cluster.ts';
import type { Cluster } from './cluster.ts';

const masterKey = masterKeyFrom(Buffer.alloc(32, 1));

type Mark = ReturnType<typeof memoryMark>;

interface Node {
  readonly store: OpenedStore;
  readonly mark: Mark;
  readonly state: () => DatabaseState;
  readonly accept: () => Promise<void>;
}

/** A node as a server opens one: the seal over the database, judged by its own mark. */
async function node(name: string, url: string, { mark = memoryMark(), acceptCopy = false } = {}): Promise<Node> {
  const opened: { store?: OpenedStore } = {};
  const inner = await openPostgresStore({
    url,
    node: { id: randomUUID(), name, details: {} },
    now: Date.now,
    judge: async (raw: Store) => {
      await opened.store?.judge(raw);
    },
  });
  const changed = (listener: () => void) => inner.committed(listener);
  const mayJoin = mark.now() === '';
  const store = await openSealedStore({ inner, masterKey, mark, join: mayJoin, changed, acceptCopy });
  opened.store = store;
  const accept = () => store.acceptingCopy(() => inner.accept());
  return { store, mark, state: () => inner.state(), accept };
}

/** The rule that lets someone in has a number, which only goes up. */
const rule = 'vaults/one';

/** The history of one run, by this process's clock. */
class History {
  /** The highest rule whose change was answered. */
  ruleAnswered = 0;
  readonly stale: string[] = [];
  readonly answered: string[] = [];
  readonly reads = { before: 0, after: 0 };
  #ends = false;

  end(): void {
    this.#ends = true;
  }

  /** Reads under the rule that the node knows, as a request does. */
  async reader({ store }: Node, name: string): Promise<void> {
    let known = { version: '', number: 0 };
    while (!this.#ends) {
      const must = this.ruleAnswered;
      try {
        await store.read({ require: [{ key: rule, version: known.version }], get: ['vault/one/secret'] });
        if (known.number < must) this.stale.push(`${name} read by rule ${known.number}, after ${must} was answered`);
        if (must > 0) this.reads.after += 1;
        else this.reads.before += 1;
      } catch (error) {
        if (!(error instanceof Conflict || error instanceof Unavailable)) throw error;
        known = await this.#ruleOf(store, known);
      }
      await sleep(1);
    }
  }

  async #ruleOf(store: Store, known: { version: string; number: number }) {
    const must = this.ruleAnswered;
    try {
      const [record] = await store.read({ get: [rule] });
      if (record === undefined) return known;
      const number = decode<number>(record);
      if (number < must) this.stale.push(`rule ${number} was read after ${must} was answered`);
      return { version: record.version, number };
    } catch (error) {
      if (error instanceof Unavailable) return known;
      throw error;
    }
  }

  async writer({ store }: Node, name: string): Promise<void> {
    for (let count = 0; !this.#ends; count += 1) {
      const key = `vault/one/write/${name}/${count}`;
      try {
        await store.transact({ put: [{ key, value: encode(count) }] });
        this.answered.push(key);
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
      }
      await sleep(1);
    }
  }

  async ruleChanger({ store }: Node): Promise<void> {
    for (let number = 1; !this.#ends; number += 1) {
      try {
        await store.transact({ put: [{ key: rule, value: encode(number) }] });
        this.ruleAnswered = number;
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
      }
      await sleep(20);
    }
  }
}

async function holdsAnswered(store: Store, { answered }: History): Promise<void> {
  const missing: string[] = [];
  for (let start = 0; start < answered.length; start += 500) {
    const keys = answered.slice(start, start + 500);
    const found = await store.read({ get: keys });
    missing.push(...keys.filter((_, index) => found[index] === undefined));
  }
  assert.deepEqual(missing, []);
}

/** Waits until a call is answered. */
async function whenAnswered(work: () => Promise<unknown>): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    try {
      await work();
      return;
    } catch (error) {
      if (!(error instanceof Unavailable) || tries > 300) throw error;
      await sleep(100);
    }
  }
}

/** One node knows the primary alone, the other one `following`, which leads to whichever server is the primary. */
async function underLoad(cluster: Cluster, following: string, lose: (onBoth: Node) => Promise<void>): Promise<void> {
  const onOld = await node('on-old', cluster.primary.url);
  const onBoth = await node('on-both', following);
  await onBoth.store.transact({
    put: [
      { key: rule, value: encode(0) },
      { key: 'vault/one/secret', value: encode('hunter2') },
    ],
  });
  const history = new History();
  const work = [
    ...[onOld, onBoth].flatMap((each, index) => [
      history.reader(each, `reader ${index}`),
      history.writer(each, `${index}`),
    ]),
    history.ruleChanger(onBoth),
  ];
  try {
    await until(() => history.reads.after >= 100, 'a hundred reads');
    await lose(onBoth);
    const before = history.ruleAnswered;
    await until(() => history.ruleAnswered >= before + 20, 'twenty changes after the loss');
  } finally {
    history.end();
    await Promise.all(work);
  }
  assert.deepEqual(history.stale, []);
  assert.ok(history.answered.some((key) => key.startsWith('vault/one/write/0/')));
  await holdsAnswered(onBoth.store, history);
  await onBoth.store.close();
  // The other one has its mark, and is told of the new primary.
  await onOld.store.close();
  const again = await node('on-new', following, { mark: onOld.mark });
  await holdsAnswered(again.store, history);
  await again.store.close();
}

/** How the primary is lost. */
const losses: Readonly<Record<string, (cluster: Cluster, onBoth: Node) => Promise<void>>> = {
  'is killed': async (cluster) => {
    await cluster.primary.kill();
    await takeOver(cluster);
  },
  'is cut off and goes on, while a node still speaks to it': async (cluster) => {
    await cluster.cutOff();
    await takeOver(cluster);
  },
  'is cut off and goes on, until it refuses a heartbeat because those before it still wait': async (
    cluster,
    onBoth,
  ) => {
    await cluster.cutOff();
    await until(() => onBoth.state().why?.includes('lock timeout') === true, 'a heartbeat that is refused');
    await takeOver(cluster);
  },
  'is paused, and goes on after another one has taken its place': async (cluster) => {
    await cluster.primary.pause();
    await takeOver(cluster);
    await sleep(1_000);
    await cluster.primary.resume();
  },
};

for (const [through, by] of [
  ['direct', 'bothUrl'],
  ['pooled', 'bouncerUrl'],
] as const) {
  const name = `a failover of the database with a synchronous standby, under load, ${through}`;
  if (!havePostgres(name, { bouncer: through === 'pooled' })) continue;
  describe(name, () => {
    for (const [how, lose] of Object.entries(losses))
      it(`loses nothing and lets nobody in by a replaced rule when the primary ${how}`, async () => {
        await using cluster = await startPostgres({ standby: 'sync', bouncer: through === 'pooled' });
        await underLoad(cluster, cluster[by], (onBoth) => lose(cluster, onBoth));
      });
  });
}

const isHere = havePostgres('a failover of the database with an asynchronous standby');

describe('a failover of the database with an asynchronous standby', () => {
  if (!isHere) return;
  it('that has lost a change is noticed by a running node at once, and used once an operator accepts it', async () => {
    await using cluster = await startPostgres({ standby: 'async' });
    const running = await node('running', cluster.bothUrl);
    await running.store.transact({ put: [{ key: 'a', value: encode(1) }] });
    await cluster.cutOff();
    await running.store.transact({ put: [{ key: 'a', value: encode(2) }] });
    await cluster.primary.kill();
    await takeOver(cluster);
    await assert.rejects(
      async () => {
        for (;;) await running.store.read({ get: ['a'] });
      },
      (error) => error instanceof Unavailable,
    );
    await until(() => /lost changes/.test(running.state().why ?? ''), 'the loss');
    await running.accept();
    await whenAnswered(async () => {
      const [record] = await running.store.read({ get: ['a'] });
      assert.equal(record && decode<number>(record), 1);
    });
    await running.store.transact({ put: [{ key: 'a', value: encode(3) }] });
    await running.store.close();
  });

  it('that is behind the mark is refused at a start, until it is accepted', async () => {
    await using cluster = await startPostgres({ standby: 'async' });
    const first = await node('first', cluster.bothUrl);
    await first.store.transact({ put: [{ key: 'a', value: encode(1) }] });
    await cluster.cutOff();
    await first.store.transact({ put: [{ key: 'a', value: encode(2) }] });
    await first.store.close();
    const { mark } = first;
    await cluster.primary.kill();
    await takeOver(cluster);
    await assert.rejects(node('again', cluster.bothUrl, { mark }), (error) => {
      assert.ok(error instanceof StoreRefused);
      assert.equal(error.kind, 'olderCopy');
      assert.match(error.message, /is at commit \d+, and the commit mark at \d+/);
      return true;
    });
    const accepted = await node('accepted', cluster.bothUrl, { mark, acceptCopy: true });
    await accepted.store.close();
    await (await node('after', cluster.bothUrl, { mark })).store.close();
  });
});
