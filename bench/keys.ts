/**
 * Operations with keys through the engine, 32 at a time as from 32 connections, compared with `openssl speed` on as
 * many processes as the engine has threads. `openssl` (Debian package `openssl`) must be on PATH.
 *
 * The two take turns, and the best round of each counts, so that other work on the machine matters less. Rates are by
 * the clock; next to them is the processor time of one operation, which hardly depends on other load.
 */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { openKeyEngine } from '../src/crypto/key-engine.ts';
import type { CryptoOperation, CryptoRequest, KeyMaterial } from '../src/types/key.ts';

const threads = 2;
const rounds = 3;
const roundMs = 1000;
const concurrency = 32;

interface Rate {
  readonly perSecond: number;
  /** Microseconds of processor time for each operation, of all threads. */
  readonly cpu: number;
}

interface Row {
  readonly name: string;
  readonly operation: CryptoOperation;
  readonly material: KeyMaterial;
  readonly request: CryptoRequest;
  /** The algorithm of `openssl speed`, and the column of its last line. */
  readonly limit?: { readonly algorithm: string; readonly column: number };
}

await using engine = closing(openKeyEngine({ threads }));
const rsa = await engine.generate({ family: 'RSA', size: 2048 });
const otherRsa = await engine.generate({ family: 'RSA', size: 2048 });
const longRsa = await engine.generate({ family: 'RSA', size: 4096 });
const p256 = await engine.generate({ family: 'EC', curve: 'P-256' });
const oct = await engine.generate({ family: 'oct', size: 256 });
const digest = randomBytes(32);
const signature = await resultOf('sign', p256, { algorithm: 'ES256', value: digest });
const wrapped = await resultOf('wrapKey', rsa, { algorithm: 'RSA-OAEP', value: digest });

const rows: readonly Row[] = [
  {
    name: 'sign RS256, 2048 bits',
    operation: 'sign',
    material: rsa,
    request: { algorithm: 'RS256', value: digest },
    limit: { algorithm: 'rsa2048', column: -2 },
  },
  { name: 'sign PS256, 2048 bits', operation: 'sign', material: rsa, request: { algorithm: 'PS256', value: digest } },
  {
    name: 'sign RS256, 4096 bits',
    operation: 'sign',
    material: longRsa,
    request: { algorithm: 'RS256', value: digest },
    limit: { algorithm: 'rsa4096', column: -2 },
  },
  {
    name: 'sign ES256',
    operation: 'sign',
    material: p256,
    request: { algorithm: 'ES256', value: digest },
    limit: { algorithm: 'ecdsap256', column: -2 },
  },
  {
    name: 'verify ES256',
    operation: 'verify',
    material: p256,
    request: { algorithm: 'ES256', value: digest, signature },
    limit: { algorithm: 'ecdsap256', column: -1 },
  },
  {
    name: 'wrap RSA-OAEP, 2048 bits',
    operation: 'wrapKey',
    material: rsa,
    request: { algorithm: 'RSA-OAEP', value: digest },
    limit: { algorithm: 'rsa2048', column: -1 },
  },
  {
    name: 'unwrap RSA-OAEP, 2048 bits',
    operation: 'unwrapKey',
    material: rsa,
    request: { algorithm: 'RSA-OAEP', value: wrapped },
    limit: { algorithm: 'rsa2048', column: -2 },
  },
  {
    name: 'encrypt A256GCM, 1 KiB',
    operation: 'encrypt',
    material: oct,
    request: { algorithm: 'A256GCM', value: randomBytes(1024) },
  },
];

const limits = new Map<string, readonly Limit[]>();

console.log('| operation | per second | openssl | ratio | us of processor | openssl | ratio |');
console.log('|---|---|---|---|---|---|---|');
for (const row of rows) await report(row.name, [row]);
// With two keys in turn: a thread keeps a key only from one request to the next with that key, which hardly happens
// here.
const [first] = rows;
if (first !== undefined)
  await report('sign RS256, 2048 bits, two keys in turn', [first, { ...first, material: otherRsa }]);

async function report(name: string, alike: readonly [Row, ...Row[]]): Promise<void> {
  const [{ limit }] = alike;
  const ours: Rate[] = [];
  const theirs: Rate[] = [];
  await measure(alike);
  for (let round = 0; round < rounds; round += 1) {
    ours.push(await measure(alike));
    if (limit !== undefined) theirs.push(limitOf(limit.algorithm, round).rate(limit.column));
  }
  const [our, their] = [best(ours), best(theirs)];
  const columns = [
    our.perSecond.toFixed(0),
    ...(limit ? [their.perSecond.toFixed(0), (our.perSecond / their.perSecond).toFixed(2)] : ['', '']),
    our.cpu.toFixed(0),
    ...(limit ? [their.cpu.toFixed(0), (their.cpu / our.cpu).toFixed(2)] : ['', '']),
  ];
  console.log(`| ${name} | ${columns.join(' | ')} |`);
}

function best(rates: readonly Rate[]): Rate {
  return {
    perSecond: Math.max(...rates.map(({ perSecond }) => perSecond)),
    cpu: Math.min(...rates.map(({ cpu }) => cpu)),
  };
}

/** Rows share the figures of `openssl speed` in a round. */
function limitOf(algorithm: string, round: number): Limit {
  const known = limits.get(algorithm) ?? [];
  const limit = known[round] ?? openssl(algorithm);
  limits.set(algorithm, [...known.slice(0, round), limit]);
  return limit;
}

async function measure(alike: readonly [Row, ...Row[]]): Promise<Rate> {
  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  const end = start + roundMs;
  let done = 0;
  let next = 0;
  const client = async () => {
    while (performance.now() < end) {
      const { operation, material, request } = alike[next % alike.length] ?? alike[0];
      next += 1;
      const answer = await engine.perform(operation, material, request);
      if (!answer.ok) throw new Error(`${operation} was refused: ${answer.refusal.kind}`);
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, client));
  const { user, system } = process.cpuUsage(cpuBefore);
  return { perSecond: (done * 1000) / (performance.now() - start), cpu: (user + system) / done };
}

interface Limit {
  rate(column: number): Rate;
}

/**
 * Rates on as many processes as the engine has threads, and processor time on one, which is how `openssl speed`
 * measures.
 */
function openssl(algorithm: string): Limit {
  const together = lastLine(['-elapsed', '-multi', String(threads), algorithm]);
  const alone = lastLine([algorithm]);
  return { rate: (column) => ({ perSecond: together(column), cpu: 1e6 / alone(column) }) };
}

function lastLine(args: readonly string[]): (column: number) => number {
  const { status, stdout } = spawnSync('openssl', ['speed', '-seconds', '1', ...args], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const line = stdout.toString().trim().split('\n').at(-1) ?? '';
  return (column) => {
    const rate = Number(line.trim().split(/\s+/).at(column));
    if (status !== 0 || !(rate > 0)) throw new Error(`openssl speed ${args.join(' ')} gave no number: ${line}`);
    return rate;
  };
}

async function resultOf(
  operation: CryptoOperation,
  material: KeyMaterial,
  request: CryptoRequest,
): Promise<Uint8Array> {
  const answer = await engine.perform(operation, material, request);
  if (!answer.ok || !('result' in answer)) throw new Error(`${operation} gave no result`);
  return answer.result;
}

function closing<T extends { close(): Promise<void> }>(open: T): T & AsyncDisposable {
  return Object.assign(open, { [Symbol.asyncDispose]: () => open.close() });
}
