/**
 * The resource manager at its largest: GET and PUT of a vault with 127 + 127 rules, as az edits one, and a list of
 * 10,000 vaults in pages of 1,000, each compared with a bare `node:https` server that answers the same bytes; and
 * whether a rule is in force when its PUT is answered. One client, keep-alive, in this process; the servers have
 * processes of their own.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { keepAlive, ok, send } from './one-client.ts';
import type { Answered, Asked } from './one-client.ts';

const rounds = Number(process.argv[2] ?? 300);
const vaults = Number(process.argv[3] ?? 10_000);
const staleRounds = Number(process.argv[4] ?? 500);

interface Served {
  readonly pid: number;
  readonly port: number;
}

interface Postern extends Served {
  readonly home: string;
  readonly vaultHost: string;
  readonly vaultPath: string;
  readonly subscriptionPath: string;
  readonly armToken: string;
  readonly vaultToken: string;
  readonly key: string;
  readonly certificate: string;
  readonly ca: string;
}

/** A server in a process of its own, which answers lines on its standard input. */
class Server {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string, undefined>;

  constructor(file: string, ...options: readonly string[]) {
    this.#child = spawn(process.execPath, [`${import.meta.dirname}/${file}`, ...options], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    if (this.#child.stdout === null) throw new Error('the server has no output');
    this.#lines = createInterface(this.#child.stdout)[Symbol.asyncIterator]();
  }

  tell(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  async line<T>(): Promise<T> {
    const { done, value } = await this.#lines.next();
    if (done === true) throw new Error('the server ended');
    return JSON.parse(value) as T;
  }

  /** How long requests by this method took in the server since the last call, in microseconds. */
  async took(method: string): Promise<readonly number[]> {
    this.tell('');
    return (await this.line<Readonly<Record<string, number[]>>>())[method] ?? [];
  }

  end(): void {
    this.#child.stdin?.end();
  }
}

interface Vault {
  readonly properties: { readonly networkAcls: { readonly ipRules: readonly { readonly value: string }[] } };
}

function vaultIn({ text }: Answered): Vault {
  return JSON.parse(text) as Vault;
}

function withRules({ properties, ...vault }: Vault, ipRules: Vault['properties']['networkAcls']['ipRules']): string {
  const networkAcls = { ...properties.networkAcls, ipRules };
  return JSON.stringify({ ...vault, properties: { ...properties, networkAcls } });
}

/** Processor time of all threads of a process, in milliseconds. */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

interface Timed {
  /** Microseconds. */
  readonly times: readonly number[];
  /** Processor time of the server for each call, in milliseconds. */
  readonly cpu: number;
}

function percentile(values: readonly number[], share: number): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length * share)] ?? Number.NaN;
}

function milliseconds(microseconds: number): string {
  return (microseconds / 1000).toFixed(2);
}

async function timed(pid: number, count: number, work: () => Promise<unknown>): Promise<Timed> {
  const times: number[] = [];
  const before = cpuMs(pid);
  for (let round = 0; round < count; round += 1) {
    const start = process.hrtime.bigint();
    await work();
    times.push(Number(process.hrtime.bigint() - start) / 1000);
  }
  return { times, cpu: (cpuMs(pid) - before) / count };
}

function row(what: string, figures: readonly string[]): string {
  return `| ${[what, ...figures].join(' | ')} |`;
}

function ratios(time: number, cpu: number): void {
  console.log(`\nPostern / bare: ${time.toFixed(1)} by the clock, ${cpu.toFixed(1)} of processor time\n`);
}

/** A bare server that answers each request with the bytes that Postern answered with. */
async function bareFor({ key, certificate, ca }: Postern, { headers, text }: Answered) {
  const server = new Server('serve-bare.ts');
  server.tell(JSON.stringify({ key, certificate, headers, body: text }));
  const served = await server.line<Served>();
  return { ...served, server, agent: keepAlive(ca) };
}

const server = new Server('serve-control-plane.ts', `${vaults}`);
const postern = await server.line<Postern>();
const arm = {
  port: postern.port,
  agent: keepAlive(postern.ca),
  host: new URL(postern.home).host,
  token: postern.armToken,
};
const ofVault: Asked = { ...arm, path: `${postern.vaultPath}?api-version=2023-07-01` };

await edits();
await lists();
await staleness();
server.end();

/** As az does it: reads the whole vault, changes one rule, and puts the whole vault. */
async function edits(): Promise<void> {
  const shown = await ok(ofVault);
  const { ipRules } = vaultIn(shown).properties.networkAcls;
  const edit = async (round: number): Promise<Asked> => {
    const rules = ipRules.with(0, { value: `192.0.2.${round % 250}` });
    return { ...ofVault, method: 'PUT', body: withRules(vaultIn(await ok(ofVault)), rules) };
  };
  const bare = await bareFor(postern, shown);
  const put = await edit(0);
  const atBare = { port: bare.port, agent: bare.agent };
  const pass = async (count: number) => ({
    pair: await timed(postern.pid, count, async () => ok(await edit(Math.trunc(Math.random() * 250)))),
    bare: await timed(bare.pid, count, async () => {
      await ok({ ...ofVault, ...atBare });
      await ok({ ...put, ...atBare });
    }),
  });
  await pass(rounds / 3);
  await server.took('GET');
  const measured = await pass(rounds);
  server.tell('');
  const inside = await server.line<Readonly<Record<string, number[]>>>();
  bare.server.end();
  bare.agent.destroy();
  const [get, replaced] = ['GET', 'PUT'].map((method) => inside[method] ?? []);
  const pairs = (get ?? []).map((one, index) => one + (replaced?.[index] ?? Number.NaN));
  console.log(
    `| a vault with 127 + 127 rules (${shown.text.length} bytes), ${rounds} rounds | p50 ms | p99 ms | server CPU ms |`,
  );
  console.log('|---|---|---|---|');
  for (const [what, { times, cpu }] of [
    ['GET, in the server', { times: get ?? [] }],
    ['PUT, in the server', { times: replaced ?? [] }],
    ['the pair, in the server', { times: pairs }],
    ['the pair, from the client', measured.pair],
    ['the pair from a bare node:https server, same bytes, from the client', measured.bare],
  ] as const satisfies readonly (readonly [string, Partial<Timed> & Pick<Timed, 'times'>])[]) {
    console.log(
      row(what, [...[0.5, 0.99].map((share) => milliseconds(percentile(times, share))), cpu?.toFixed(2) ?? '']),
    );
  }
  ratios(
    percentile(measured.pair.times, 0.5) / percentile(measured.bare.times, 0.5),
    measured.pair.cpu / measured.bare.cpu,
  );
}

async function lists(): Promise<void> {
  const first = `${postern.subscriptionPath}/providers/Microsoft.KeyVault/vaults?api-version=2023-07-01&$top=1000`;
  let pages = 0;
  let items = 0;
  const walk = async (): Promise<void> => {
    for (let path: string | undefined = first; path !== undefined;) {
      const page = JSON.parse((await ok({ ...arm, path })).text) as {
        readonly value: readonly unknown[];
        readonly nextLink?: string;
      };
      pages += 1;
      items += page.value.length;
      path = page.nextLink?.slice(postern.home.length);
    }
  };
  await walk();
  if (items !== vaults) throw new Error(`the list has ${items} vaults instead of ${vaults}`);
  await server.took('GET');
  const before = pages;
  const walks = await timed(postern.pid, 5, walk);
  const pagesOfWalk = (pages - before) / 5;
  const perPage = percentile(walks.times, 0.5) / pagesOfWalk;
  const inside = percentile(await server.took('GET'), 0.5);
  const page = await ok({ ...arm, path: first });
  const bare = await bareFor(postern, page);
  const atBare = { ...arm, port: bare.port, agent: bare.agent, path: first };
  const read = async () => vaultIn(await ok(atBare));
  await timed(bare.pid, 20, read);
  const reads = await timed(bare.pid, 50, read);
  const ofBare = percentile(reads.times, 0.5);
  bare.server.end();
  bare.agent.destroy();
  console.log(
    `| ${vaults} vaults, 1,000 a page (${page.text.length} bytes), parsed by the client | pages/s | ms a page | server CPU ms |`,
  );
  console.log('|---|---|---|---|');
  const cpu = walks.cpu / pagesOfWalk;
  for (const [what, time, spent] of [
    ['Postern, in the server', inside, ''],
    ['Postern, from the client', perPage, cpu.toFixed(1)],
    ['bare node:https, same bytes, from the client', ofBare, reads.cpu.toFixed(1)],
  ] as const) {
    console.log(row(what, [(1e6 / time).toFixed(1), milliseconds(time), spent]));
  }
  ratios(perPage / ofBare, cpu / reads.cpu);
}

/** Puts a rule that lets this client in, or removes it, and reads a secret at once. */
async function staleness(): Promise<void> {
  const secret: Asked = {
    port: postern.port,
    agent: keepAlive(postern.ca),
    host: postern.vaultHost,
    token: postern.vaultToken,
    path: '/secrets/name?api-version=7.4',
  };
  const vault = vaultIn(await ok(ofVault));
  const rules = vault.properties.networkAcls.ipRules.filter(({ value }) => value !== '203.0.113.1');
  const stale = { let: 0, kept: 0 };
  for (let round = 0; round < staleRounds; round += 1) {
    for (const [expected, first] of [
      ['let', '203.0.113.1'],
      ['kept', '192.0.2.1'],
    ] as const) {
      await ok({ ...ofVault, method: 'PUT', body: withRules(vault, [{ value: first }, ...rules]) });
      const { status } = await send(secret);
      if (status !== (expected === 'let' ? 200 : 403)) stale[expected] += 1;
    }
  }
  console.log(`A GET of a secret at once after ${2 * staleRounds} PUTs that let its address in or kept it out:`);
  console.log(`${stale.let} let in and refused, ${stale.kept} kept out and answered.`);
}
