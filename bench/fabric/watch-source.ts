/**
 * A program in a subnet, which asks the vault again and again over a connection that stays open. The vault lets only
 * the subnet in: an answer with 200 came through the endpoint, one with 403 by the public address. It
 * prints each change of the way with the time of the answer, and at the end of its input how long an answer took.
 */
import { Agent, request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { quantile } from '../wrk.ts';

/** Where an answer came through. */
export type WayTaken = 'endpoint' | 'public';

/** A line of output, or the last one. */
export type Seen =
  | { readonly way: WayTaken; readonly atMs: number }
  | { readonly answers: number; readonly cut: number; readonly p50Ms: number; readonly p99Ms: number };

const [url = '', token = ''] = process.argv.slice(2);
const pauseMs = 2;
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const answersMs: number[] = [];
const input = new AbortController();
let cut = 0;
let before: WayTaken | undefined;
process.stdin.on('end', () => input.abort()).resume();
while (!input.signal.aborted) {
  const startMs = performance.now();
  const way = await ask();
  if (way === undefined) cut += 1;
  else answersMs.push(performance.now() - startMs);
  if (way !== undefined && way !== before) print({ way, atMs: monotonicMs() });
  before = way ?? before;
  await sleep(pauseMs);
}
agent.destroy();
print({ answers: answersMs.length, cut, p50Ms: quantile(answersMs, 0.5), p99Ms: quantile(answersMs, 0.99) });

/** The way of an answer; `undefined` if the connection ended without one. */
function ask(): Promise<WayTaken | undefined> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { agent, headers: { authorization: `Bearer ${token}` }, timeout: 1000 });
    outgoing.on('timeout', () => outgoing.destroy());
    outgoing.on('error', () => resolve(undefined));
    outgoing.on('response', (incoming) => {
      let body = '';
      incoming.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      incoming.on('error', () => resolve(undefined));
      incoming.on('end', () => {
        if (incoming.statusCode === 200) resolve('endpoint');
        else if (/Client address: 203\.0\.113\./.test(body)) resolve('public');
        else reject(new Error(`${incoming.statusCode} ${body}`));
      });
    });
    outgoing.end();
  });
}

/** The clock that all processes of this machine share. */
function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

function print(seen: Seen): void {
  process.stdout.write(`${JSON.stringify(seen)}\n`);
}
