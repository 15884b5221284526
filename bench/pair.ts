/**
 * Postern here, Postern of another checkout and a bare `node:https` server that answers the same bytes: `npm run bench
 * -- pair ../earlier 10 3 get list` for ten rounds of three seconds each, with the named loads or with all. The servers
 * take turns, and each round begins with another one, so that a machine whose speed changes does not favour any of
 * them. The result is the server's processor time for each request, round by round.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join, resolve } from 'node:path';
import { workerMemory } from '../src/supervisor/worker.ts';
import { keepAlive, ok } from './one-client.ts';
import type { Answered } from './one-client.ts';
import { firstLine, measure, median, putScript, secretBody } from './wrk.ts';
import type { Round, Served, ServedPostern } from './wrk.ts';

const warmUpSeconds = 5;

/** The requests. Each has a bare server of its own, and each server is warmed up with each of them. */
const requests = {
  get: { method: 'GET', path: '/secrets/name' },
  list: { method: 'GET', path: '/secrets' },
  put: { method: 'PUT', path: '/secrets/name', body: secretBody, script: putScript() },
} as const;

type RequestName = keyof typeof requests;

interface PairLoad {
  readonly what: string;
  readonly request: RequestName;
  readonly connections: number;
}

const loads: Readonly<Record<string, PairLoad>> = {
  get: { what: 'GET of a secret', request: 'get', connections: 32 },
  'get-1': { what: 'GET of a secret', request: 'get', connections: 1 },
  'get-8': { what: 'GET of a secret', request: 'get', connections: 8 },
  'get-500': { what: 'GET of a secret', request: 'get', connections: 500 },
  list: { what: 'LIST of 25 secrets of 41', request: 'list', connections: 32 },
  // The last, because it makes a thousand secrets.
  put: { what: 'PUT of a secret', request: 'put', connections: 32 },
};

const [other, ...given] = process.argv.slice(2);
if (other === undefined) throw new Error('name the other checkout: npm run bench -- pair ../earlier');
const [rounds = 8, seconds = 3] = given.filter((word) => /^\d/.test(word)).map(Number);
const names = given.filter((word) => !/^\d/.test(word));
const unknown = names.find((name) => loads[name] === undefined);
if (unknown !== undefined) throw new Error(`${unknown} is not one of the loads ${Object.keys(loads).join(', ')}`);

const children: ChildProcess[] = [];
const from = process.env['INIT_CWD'] ?? process.cwd();
const checkouts = { here: join(import.meta.dirname, '..'), there: resolve(from, other) };
const posterns = { here: await startPostern(checkouts.here), there: await startPostern(checkouts.there) };
const warm = new Set<RequestName>();
const bares = new Map<RequestName, Served>();
for (const [name, load] of Object.entries(loads)) {
  if (names.length === 0 || names.includes(name)) await compare(load);
}
for (const child of children) child.stdin?.end();

async function startPostern(checkout: string): Promise<ServedPostern> {
  const worker: unknown =
    checkout === checkouts.here ? { workerMemory } : await import(join(checkout, 'src/supervisor/worker.ts'));
  const program = [...memoryOf(worker), join(checkout, 'bench/serve-postern.ts')];
  const postern = await start<ServedPostern>(join(checkout, 'runtime/node'), program);
  // Fills a page of a list, so that another one follows.
  for (let index = 0; index < 40; index += 1) {
    await ask(postern, { method: 'PUT', path: `/secrets/a-${index}`, body: secretBody });
  }
  return postern;
}

/** The memory options of a checkout's worker. */
function memoryOf(worker: unknown): readonly string[] {
  const has = typeof worker === 'object' && worker !== null && 'workerMemory' in worker;
  return has && Array.isArray(worker.workerMemory) ? worker.workerMemory.map(String) : [];
}

async function startBare(request: RequestName): Promise<Served> {
  const { headers, text } = await ask(posterns.here, requests[request]);
  const said = `${JSON.stringify({ ...posterns.here, headers, body: text })}\n`;
  return start<Served>(process.execPath, [join(checkouts.here, 'bench/serve-bare.ts')], said);
}

async function start<T>(node: string, program: readonly string[], said = ''): Promise<T> {
  const child = spawn(node, [...program], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  child.stdin.write(said);
  return firstLine<T>(child);
}

async function ask(
  { port, host, token, certificate }: ServedPostern,
  { method, path, body }: { readonly method: string; readonly path: string; readonly body?: string },
): Promise<Answered> {
  const agent = keepAlive(certificate);
  const target = { port, agent, host, token, method, path: `${path}?api-version=7.4` };
  const answered = await ok(body === undefined ? target : { ...target, body });
  agent.destroy();
  return answered;
}

async function compare(load: PairLoad): Promise<void> {
  const bare = bares.get(load.request) ?? (await startBare(load.request));
  bares.set(load.request, bare);
  const runs = {
    here: () => run(posterns.here, posterns.here, load),
    there: () => run(posterns.there, posterns.there, load),
    bare: () => run(bare, posterns.here, load),
  };
  type Name = keyof typeof runs;
  const order = ['here', 'there', 'bare'] as const satisfies readonly Name[];
  if (!warm.has(load.request)) {
    for (let passed = 0; passed < warmUpSeconds; passed += seconds) order.forEach((name) => runs[name]());
  }
  warm.add(load.request);
  const measured = Array.from({ length: rounds }, (_, round) => {
    const first = round % order.length;
    const turned = [...order.slice(first), ...order.slice(0, first)];
    // So that no server always follows the same one.
    if (round % 2 === 1) turned.reverse();
    return Object.fromEntries(turned.map((name) => [name, runs[name]()])) as Readonly<Record<Name, Round>>;
  });
  print(load, measured);
}

function run(server: Served, { host, token }: ServedPostern, { request, connections }: PairLoad): Round {
  const asked = requests[request];
  const headers = ['-H', `Host: ${host}`, '-H', `Authorization: Bearer ${token}`];
  const extra = 'script' in asked ? [...headers, '-s', asked.script] : headers;
  return measure(server, { seconds, connections, path: asked.path, extra });
}

function print(
  { what, connections }: PairLoad,
  measured: readonly Readonly<Record<'here' | 'there' | 'bare', Round>>[],
): void {
  const cpu = (above: 'here' | 'bare', below: 'here' | 'there') =>
    ratios(measured.map((round) => round[above].cpuMicroseconds / round[below].cpuMicroseconds));
  const row = (name: 'here' | 'there' | 'bare') => {
    const of = (key: keyof Round, digits: number) => median(measured.map((round) => round[name][key])).toFixed(digits);
    return `${of('cpuMicroseconds', 1)} | ${of('perSecond', 0)} | ${of('p99Ms', 2)}`;
  };
  console.log(
    `### ${what}, ${connections} connection${connections === 1 ? '' : 's'}, ${rounds} rounds of ${seconds} s\n`,
  );
  console.log("| server | CPU us a request | requests/s | p99 ms | bare's CPU / this |");
  console.log('|---|---|---|---|---|');
  console.log(`| here | ${row('here')} | ${cpu('bare', 'here')} |`);
  console.log(`| ${other} | ${row('there')} | ${cpu('bare', 'there')} |`);
  console.log(`| bare node:https | ${row('bare')} | 1 |`);
  console.log(`\nCPU a request, here / ${other}: ${cpu('here', 'there')}\n`);
}

/** The median and the range; the range shows how quiet the machine was. */
function ratios(values: readonly number[]): string {
  const range = [Math.min(...values), Math.max(...values)].map((value) => value.toFixed(2)).join(' to ');
  return `${median(values).toFixed(2)} (${range})`;
}
