/**
 * 32 callers on the store in PostgreSQL whose URL is the first argument, as the node of the second: until the seconds of
 * the third are over, each changes a record of its own, and requires another as a request requires its vault's rules. It begins
 * at a line on standard input, and prints one line of JSON.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { openPostgresStore } from '../src/store/postgres/postgres.ts';
import { quantile } from './wrk.ts';

const [url = '', name = '', seconds = '5'] = process.argv.slice(2);
const store = await openPostgresStore({ url, node: { id: name, name, details: {} }, now: Date.now });
const [version] = await store.transact({ put: [{ key: `rules-${name}`, value: randomBytes(400) }] });
const require = [{ key: `rules-${name}`, version: version ?? null }];
console.log(JSON.stringify({ pid: process.pid }));
await once(process.stdin, 'data');
const end = performance.now() + Number(seconds) * 1_000;
const took: number[] = [];
await Promise.all(Array.from({ length: 32 }, (_, caller) => changes(`record-${name}-${caller}`)));
console.log(JSON.stringify({ transactions: took.length, p50Ms: quantile(took, 0.5), p99Ms: quantile(took, 0.99) }));
process.stdin.destroy();
await store.close();

async function changes(key: string): Promise<void> {
  while (performance.now() < end) {
    const begin = performance.now();
    await store.transact({ require, put: [{ key, value: randomBytes(400) }] });
    took.push(performance.now() - begin);
  }
}
