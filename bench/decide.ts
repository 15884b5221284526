/**
 * The cost of a firewall decision: time and allocation by number of rules, compared with a naive scan and Node's
 * BlockList on the same rules and sources, and with a million vaults in one arena. `runtime/node bench/decide.ts`
 */
import { randomUUID } from 'node:crypto';
import { BlockList, SocketAddress } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { formatIpv4, formatRange, networkOf } from '../src/address/address.ts';
import type { Range } from '../src/address/address.ts';
import { RuleArena } from '../src/firewall/arena.ts';
import { compileFirewall } from '../src/firewall/compile.ts';
import type { CompiledFirewall } from '../src/firewall/compile.ts';
import { decide } from '../src/firewall/decide.ts';
import { servicesTenant } from '../src/types/caller.ts';
import type { Caller } from '../src/types/caller.ts';
import type { FirewallSettings } from '../src/types/firewall.ts';
import type { Source } from '../src/types/source.ts';
import { callerWith, secretGet } from '../test/firewall/samples.ts';

const collectGarbage = garbageCollector();

function garbageCollector(): () => void {
  setFlagsFromString('--expose-gc');
  const collector: unknown = runInNewContext('gc');
  if (!isFunction(collector)) throw new Error('this Node does not let its garbage be collected on demand');
  return collector;
}

function isFunction(value: unknown): value is () => void {
  return typeof value === 'function';
}

/** A fixed seed, so that two runs decide the same questions (Marsaglia's xorshift). */
let state = 0x9e3779b9;
function random(below: number): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % below;
}

const batch = 1000;
const batches = 3000;
const questions = 1 << 16;

/** An ordinary service principal: the bypass is checked, and does not apply. */
const caller = callerWith({});

/** Callers that the bypass lets in, by what they are. */
const trustedCallers: Readonly<Record<string, Caller>> = {
  'a trusted application': callerWith({
    issuerClass: 'services',
    tenant: servicesTenant,
    applicationId: '2ff814a6-3304-4ab8-85cb-cd0e6f879c1d',
  }),
  'a trusted managed identity': callerWith({
    managedIdentity: '/subscriptions/s/resourceGroups/g/providers/Microsoft.DataFactory/factories/f',
  }),
};

function randomRanges(count: number): readonly Range[] {
  return Array.from({ length: count }, () => networkOf(0x0b000000 + random(0x70000000), 16 + random(17)));
}

function settingsOf(ranges: readonly Range[], incarnations: readonly string[]): FirewallSettings {
  return {
    publicNetworkAccess: 'Enabled',
    networkAcls: {
      bypass: 'AzureServices',
      defaultAction: 'Deny',
      ipRules: ranges.map((range) => ({ value: formatRange(range) })),
      virtualNetworkRules: incarnations.map((incarnation) => ({ id: 'subnet', incarnation })),
    },
  };
}

/** Half of them in a range. */
function publicSources(ranges: readonly Range[]): readonly Source[] {
  return Array.from({ length: questions }, () => {
    const range = ranges[random(ranges.length)] ?? { first: 0, last: 0 };
    const hit = random(2) === 0;
    const value = hit ? range.first + random(range.last - range.first + 1) : 0x0b000000 + random(0x70000000);
    return { kind: 'public', address: { family: 4, value, text: formatIpv4(value) } };
  });
}

/** Half of them are bound. The GUIDs are copies, because a source never has the same string object as the rules. */
function subnetSources(incarnations: readonly string[]): readonly Source[] {
  return Array.from({ length: questions }, () => ({
    kind: 'subnet',
    subnet: 'subnet',
    incarnation:
      random(2) === 0 ? Buffer.from(incarnations[random(incarnations.length)] ?? '').toString() : randomUUID(),
    address: { family: 4, value: 0x0a000004, text: '10.0.0.4' },
    assurance: 'enforced',
  }));
}

const nowhere: Source = { kind: 'unknown', reason: '' };
const nothing = compileFirewall(settingsOf([], []), new RuleArena());

function allows(firewall: CompiledFirewall, source: Source | undefined, by: Caller = caller): boolean {
  return decide(firewall, source ?? nowhere, by, secretGet).allowed;
}

interface Measured {
  readonly median: number;
  readonly p99: number;
  readonly bytes: number;
  /** How many were allowed. The result must be used, or the compiler could leave out the calls. */
  readonly hits: number;
}

/** Nanoseconds for each `ask(index)`, in batches of 1,000, and bytes of heap. */
function measure(ask: (index: number) => boolean, rounds = batches): Measured {
  let hits = 0;
  let question = 0;
  const run = (): void => {
    for (let n = 0; n < batch; n++) {
      if (ask(question)) hits++;
      question = (question + 1) & (questions - 1);
    }
  };
  for (let n = 0; n < Math.min(rounds, 500); n++) run();
  const times = new Float64Array(rounds);
  for (let n = 0; n < rounds; n++) {
    const start = performance.now();
    run();
    times[n] = ((performance.now() - start) * 1e6) / batch;
  }
  const heapBefore = collected().heapUsed;
  for (let n = 0; n < rounds; n++) run();
  const bytes = (process.memoryUsage().heapUsed - heapBefore) / (rounds * batch);
  times.sort();
  return { median: times[rounds >> 1] ?? 0, p99: times[Math.floor(rounds * 0.99)] ?? 0, bytes, hits };
}

function print(what: string, { median, p99, bytes }: Measured): void {
  const columns = [median.toFixed(0).padStart(11), p99.toFixed(0).padStart(11), bytes.toFixed(3).padStart(11)];
  console.log(`${what.padEnd(52)}${columns.join('')}`);
}

function ofRules(ipRules: number, virtualNetworkRules: number): void {
  const ranges = randomRanges(ipRules);
  const incarnations = Array.from({ length: virtualNetworkRules }, () => randomUUID());
  const firewall = compileFirewall(settingsOf(ranges, incarnations), new RuleArena());
  const sources = publicSources(ranges);
  const subnets = subnetSources(incarnations);
  const name = `${ipRules} + ${virtualNetworkRules} rules`;
  print(
    `decide, public source, ${name}`,
    measure((n) => allows(firewall, sources[n])),
  );
  print(
    `decide, subnet source, ${name}`,
    measure((n) => allows(firewall, subnets[n])),
  );
  const mixed = sources.map((source, n) => (n % 2 === 0 ? source : subnets[n]));
  print(
    `decide, both kinds in turn, ${name}`,
    measure((n) => allows(firewall, mixed[n])),
  );
  for (const [what, trusted] of Object.entries(trustedCallers)) {
    print(
      `decide, ${what}, ${name}`,
      measure((n) => allows(firewall, sources[n], trusted)),
    );
  }
  baselines(firewall, { ranges, sources, name });
}

interface Baseline {
  readonly ranges: readonly Range[];
  readonly sources: readonly Source[];
  readonly name: string;
}

function baselines(firewall: CompiledFirewall, { ranges, sources, name }: Baseline): void {
  const values = sources.map((source) =>
    source.kind === 'public' && source.address.family === 4 ? source.address.value : 0,
  );
  const scan = (value: number): boolean => ranges.some(({ first, last }) => value >= first && value <= last);
  const list = new BlockList();
  for (const { first, prefix } of ranges) list.addSubnet(formatIpv4(first), prefix);
  const addresses = values.map((value) => new SocketAddress({ address: formatIpv4(value) }));
  const unspecified = new SocketAddress({ address: '0.0.0.0' });
  for (const [n, value] of values.entries()) {
    const allowed = allows(firewall, sources[n]);
    if (scan(value) !== allowed || list.check(addresses[n] ?? unspecified) !== allowed) {
      throw new Error(`the three do not agree on ${formatIpv4(value)}`);
    }
  }
  print(
    `naive scan, ${name}`,
    measure((n) => scan(values[n] ?? 0), 300),
  );
  print(
    `net.BlockList, ${name}`,
    measure((n) => list.check(addresses[n] ?? unspecified), 100),
  );
}

/** The memory in use after a full collection. */
function collected(): NodeJS.MemoryUsage {
  collectGarbage();
  return process.memoryUsage();
}

function resident(): number {
  const { heapUsed, arrayBuffers } = collected();
  return heapUsed + arrayBuffers;
}

function ofVaults(vaults: number, ipRules: number, virtualNetworkRules: number): void {
  const subnets = Array.from({ length: 10_000 }, () => randomUUID());
  const before = resident();
  const arena = new RuleArena();
  const firewalls: CompiledFirewall[] = [];
  for (let vault = 0; vault < vaults; vault++) {
    const ranges = randomRanges(ipRules);
    const bound = Array.from({ length: virtualNetworkRules }, () => subnets[random(subnets.length)] ?? '');
    firewalls.push(compileFirewall(settingsOf(ranges, bound), arena));
  }
  const bytes = (resident() - before) / vaults;
  // Few sources: a source comes with its request and is in the cache; the vault is not.
  const sources = publicSources(randomRanges(1000)).slice(0, 1024);
  const order = Uint32Array.from({ length: 1 << 20 }, () => random(vaults));
  let turn = 0;
  const next = (): CompiledFirewall => {
    turn = (turn + 1) & (order.length - 1);
    return firewalls[order[turn] ?? 0] ?? nothing;
  };
  const name = `${ipRules} + ${virtualNetworkRules} rules`;
  print(
    `decide, random vault of ${vaults / 1e6} million, ${name}`,
    measure((n) => allows(next(), sources[n & 1023])),
  );
  print(
    '  of which to find the vault',
    measure(() => next().posture.readable),
  );
  const { used, capacity } = arena.usage;
  console.log(
    `  ${bytes.toFixed(0)} bytes a vault in all; rules ${(used / vaults).toFixed(0)}, arrays ${(capacity / vaults).toFixed(0)}`,
  );
}

console.log(`${''.padEnd(52)}${['median ns', 'p99 ns', 'heap bytes'].map((title) => title.padStart(11)).join('')}`);
ofRules(127, 127);
ofRules(1000, 200);
ofVaults(1_000_000, 5, 0);
ofVaults(1_000_000, 3, 2);
