/**
 * How many files of `src/` run for one request, and how many functions in them: `npm run bench -- touched`, or `npm run
 * bench -- touched ../earlier` for another checkout; `--list` names the files and functions. Measured by V8's precise
 * coverage of the main thread, warm and on an open connection, from the request to its answer. Each request is sent
 * several times, and only what ran each time counts, so that a timer that fires meanwhile does not.
 */
import assert from 'node:assert/strict';
import { Session } from 'node:inspector/promises';
import { Agent } from 'node:https';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import type * as Resources from '../test/control-plane/resources.ts';
import type { Answered } from '../test/world/client.ts';
import { addressRules } from './rules.ts';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { list: { type: 'boolean', default: false } },
});
const [other] = positionals;
const from = process.env['INIT_CWD'] ?? process.cwd();
const checkout = other === undefined ? join(import.meta.dirname, '..') : resolve(from, other);
const sources = `${pathToFileURL(join(checkout, 'src')).href}/`;
const warmUps = 50;
const times = 5;

const session = new Session();
session.connect();
await session.post('Profiler.enable');
await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });

const { startWithGroup, putNetwork, subnetId, vaultBody, vaults } = (await import(
  join(checkout, 'test/control-plane/resources.ts')
)) as typeof Resources;
await using world = await startWithGroup();
const { client } = world;
const { tenantId, objectId } = client.identity;
const agent = new Agent({ ca: client.ca, keepAlive: true, maxSockets: 1 });
await putNetwork(client, 'vnet', ['s0']);
const accessPolicies = [{ tenantId, objectId, permissions: { secrets: ['all'], keys: ['all'] } }];
const networkAcls = { ...addressRules, virtualNetworkRules: [{ id: subnetId(client, 'vnet', 's0') }] };
const digest = Buffer.alloc(32, 1).toString('base64url');
let count = 0;

await putVault('bench', { accessPolicies, networkAcls });
await putSecret();
for (const kty of ['EC', 'RSA']) await ask('POST', `/keys/${kty}/create`, { kty });
const requests: Readonly<Record<string, () => Promise<unknown>>> = {
  'GET secret': () => ask('GET', '/secrets/name'),
  'LIST secrets': () => ask('GET', '/secrets'),
  'PUT secret': putSecret,
  'sign, EC P-256': () => ask('POST', '/keys/EC/sign', { alg: 'ES256', value: digest }),
  'sign, RSA 2048': () => ask('POST', '/keys/RSA/sign', { alg: 'RS256', value: digest }),
  'PUT vault': () => putVault('bench', { accessPolicies, networkAcls }),
  'PUT vault, no rules': () => putVault('plain', { accessPolicies }),
};
console.log('| request | files of src/ that run | functions |');
console.log('|---|---|---|');
const lists: string[] = [];
for (const [name, send] of Object.entries(requests)) {
  const ran = await functionsOf(send);
  const files = Map.groupBy(ran, ({ file }) => file);
  console.log(`| ${name} | ${files.size} | ${ran.length} |`);
  const lines = [...files].toSorted(([a], [b]) => (a < b ? -1 : 1));
  lists.push(
    `\n### ${name}\n`,
    ...lines.map(([file, functions]) => `- ${file}: ${functions.map((each) => each.name).join(', ')}`),
  );
}
if (options.list) console.log(lists.join('\n'));
agent.destroy();
session.disconnect();

/** With another tag each time, so that there is a change. */
function putVault(name: string, properties: object): Promise<Answered> {
  count += 1;
  const body = vaultBody(client, properties, { tags: { count: `${count}` } });
  return expectOk(client.arm('PUT', `${vaults}/${name}`, body, { agent }));
}

function putSecret(): Promise<Answered> {
  return ask('PUT', '/secrets/name', { value: 'a value of some forty characters, as usual' });
}

function ask(method: string, path: string, body?: unknown): Promise<Answered> {
  return expectOk(client.vault('bench', method, path, body === undefined ? { agent } : { body, agent }));
}

async function expectOk(answer: Promise<Answered>): Promise<Answered> {
  const answered = await answer;
  assert.equal(answered.status, 200, JSON.stringify(answered.body));
  return answered;
}

interface FunctionRun {
  readonly file: string;
  readonly name: string;
  readonly id: string;
}

/** The functions that run every time the request is sent. */
async function functionsOf(send: () => Promise<unknown>): Promise<readonly FunctionRun[]> {
  for (let index = 0; index < warmUps; index += 1) await send();
  const counted = new Map<string, { readonly run: FunctionRun; times: number }>();
  for (let index = 0; index < times; index += 1) {
    // Work that the last request left.
    await pause(100);
    await session.post('Profiler.takePreciseCoverage');
    await send();
    for (const run of await takeRun()) {
      const known = counted.get(run.id) ?? { run, times: 0 };
      counted.set(run.id, { run, times: known.times + 1 });
    }
  }
  return [...counted.values()].flatMap(({ run, times: ranTimes }) => (ranTimes === times ? [run] : []));
}

async function takeRun(): Promise<readonly FunctionRun[]> {
  const { result } = await session.post('Profiler.takePreciseCoverage');
  return result.flatMap(({ url, functions }) => {
    if (!url.startsWith(sources)) return [];
    const file = url.slice(sources.length);
    return functions.flatMap(({ functionName, ranges: [range] }) =>
      range === undefined || range.count === 0
        ? []
        : [{ file, name: functionName === '' ? '(nameless)' : functionName, id: `${file}:${range.startOffset}` }],
    );
  });
}
