/**
 * GET of a secret here beside the same of another checkout: `npm run bench -- pair ../earlier 10 3` for ten rounds of three
 * seconds each. In turn, round by round, the first of a round alternating, so that a machine whose speed changes does not
 * favour one of them. What counts is the server's processor time a request.
 */
import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { firstLine, measure, median } from './wrk.ts';
import type { Round, Served } from './wrk.ts';

const [other, rounds = '8', seconds = '3'] = process.argv.slice(2);
if (other === undefined) throw new Error('name the other checkout: npm run bench -- pair ../earlier');
const from = process.env['INIT_CWD'] ?? process.cwd();

type Ready = Served & { readonly host: string; readonly token: string };

async function serve(checkout: string) {
  const child = spawn(join(checkout, 'runtime/node'), [join(checkout, 'bench/serve-postern.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ready = await firstLine<Ready>(child);
  const extra = ['-H', `Host: ${ready.host}`, '-H', `Authorization: Bearer ${ready.token}`];
  return { get: () => measure(ready, { seconds: Number(seconds), extra }), end: () => child.stdin?.end() };
}

const theirs = await serve(resolve(from, other));
const ours = await serve(join(import.meta.dirname, '..'));
const pairs: { readonly ours: Round; readonly theirs: Round }[] = [];
for (let round = 0; round <= Number(rounds); round += 1) {
  const first = round % 2 === 0 ? ours.get() : undefined;
  const second = theirs.get();
  // The first round warms both up.
  const pair = { theirs: second, ours: first ?? ours.get() };
  if (round > 0) pairs.push(pair);
}
theirs.end();
ours.end();
const of = (key: keyof Round, whose: 'ours' | 'theirs') => median(pairs.map((pair) => pair[whose][key]));
const ratios = pairs.map((pair) => pair.ours.cpuMicroseconds / pair.theirs.cpuMicroseconds).toSorted((a, b) => a - b);
console.log(`| GET of a secret, ${rounds} pairs of ${seconds} s | here | ${other} |`);
console.log('|---|---|---|');
for (const key of ['cpuMicroseconds', 'perSecond', 'p99Ms'] as const) {
  console.log(`| ${key} | ${of(key, 'ours').toFixed(2)} | ${of(key, 'theirs').toFixed(2)} |`);
}
const range = [ratios[0], ratios.at(-1)].map((ratio) => (ratio ?? Number.NaN).toFixed(3)).join(' to ');
console.log(`\nProcessor time, here / there, median of the pairs: ${median(ratios).toFixed(3)} (${range})`);
