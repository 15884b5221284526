import assert from 'node:assert/strict';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { generateMasterKey, parseMasterKey } from '../../src/crypto/master-key.ts';
import { vaultPath } from '../data-plane/vaults.ts';
import type { Answered, Client } from '../world/client.ts';
import { dataFolder, until } from '../world/process.ts';
import type { Node } from './nodes.ts';
import { patient } from './patient.ts';
import type { Place, Through } from './place.ts';
import { said } from './said.ts';
import { readinessOf } from './servers.ts';
import { registerVault } from './under-load.ts';

interface NewKey {
  readonly id: string;
  readonly encoded: string;
  readonly file: string;
}

/** As an operator makes it, and brings it to every machine. */
function newKey(folder: string): NewKey {
  const encoded = generateMasterKey();
  const file = join(folder, 'new.key');
  writeFileSync(file, `${encoded}\n`, { mode: 0o600 });
  return { id: idOf(encoded), encoded, file };
}

function idOf(encoded: string): string {
  const parsed = parseMasterKey(encoded);
  assert.ok(parsed.ok);
  return parsed.masterKey.id;
}

const keyOf = (node: Node) => readFileSync(node.masterKeyFile, 'utf8').trim();

/** Rotates at these nodes in turn as docs/how-to/rotate-master-key.md says, while they and the others serve. */
async function rotate(nodes: readonly Node[], key: NewKey): Promise<void> {
  const before = nodes.map((node) => idOf(keyOf(node)));
  const rotateAt = (node: Node) =>
    said(node.folder, 'master-key', 'rotate', '--new-key-file', key.file, '--discard-old-key');
  for (const [index, node] of nodes.entries()) {
    const { status, text } = await rotateAt(node);
    const lacking = nodes.slice(index + 1).map(({ name }) => name);
    assert.equal(status, lacking.length === 0 ? 0 : 1, text);
    if (lacking.length === 0) assert.match(text, new RegExp(`${before[index]} was replaced by ${key.id}`));
    else assert.match(text, new RegExp(`this node has the new master key ${key.id} `));
    assert.deepEqual(/from now on, and (.*) not yet/.exec(text)?.[1]?.split(' and ').toSorted() ?? [], lacking);
  }
  for (const node of nodes.slice(0, -1)) {
    const { status, text } = await rotateAt(node);
    assert.equal(status, 0, text);
  }
  for (const node of nodes) {
    assert.equal(keyOf(node), key.encoded);
    assert.equal(existsSync(`${node.masterKeyFile}.next`), false);
  }
}

/** The ids of the master keys that the records of the seal name. */
async function keysInUse({ cluster }: Place): Promise<readonly string[]> {
  const records =
    "select convert_from(value, 'UTF8') from postern.records where key like 'seal/%' and key <> 'seal/commit'";
  const found = (await cluster.psql(records)).matchAll(/"(?:masterKey|id)":"([0-9a-f]{16})"/g);
  return [...new Set([...found].map(([, id = '']) => id))];
}

/** Rotates at every node. */
export async function rotateEverywhere(place: Place): Promise<void> {
  using folder = dataFolder();
  const key = newKey(folder.path);
  const { nodes } = place.nodes;
  const [first] = nodes;
  assert.ok(first);
  const old = idOf(keyOf(first));
  assert.deepEqual(await keysInUse(place), [old]);
  await rotate(nodes, key);
  assert.deepEqual(await keysInUse(place), [key.id]);
  const { text } = await said(first.folder, 'nodes', '--json');
  const listed = JSON.parse(text) as { readonly nodes: readonly { readonly masterKeys: readonly string[] }[] };
  assert.deepEqual(
    listed.nodes.map(({ masterKeys }) => masterKeys),
    nodes.map(() => [key.id]),
  );
}

/** A node that is away, and how it comes back. */
export interface Away {
  readonly node: Node;
  readonly comeBack: () => void;
  readonly give: Way['give'];
  /** Its client, with the tokens that it has given. */
  readonly asked: Client;
}

interface Way {
  readonly leave: (node: Node) => void;
  readonly comeBack: (node: Node) => void;
  /** Gives it the key that it missed. */
  readonly give: (node: Node, key: NewKey) => Promise<void>;
}

const ways: Readonly<Record<Through, Way>> = {
  direct: { leave: ({ link }) => link.cut(), comeBack: ({ link }) => link.restore(), give: giveByStart },
  pooled: {
    leave: (node) => node.signal('SIGSTOP'),
    comeBack: (node) => node.signal('SIGCONT'),
    give: (node, key) => rotate([node], key),
  },
};

/** Its mark is under the key before, so that it starts with both. */
async function giveByStart(node: Node, key: NewKey): Promise<void> {
  const oldKey = keyOf(node);
  assert.equal(await node.running().end('SIGTERM'), 0, node.running().stderr().slice(-4_000));
  writeFileSync(node.masterKeyFile, key.encoded);
  await assert.rejects(node.start(), /the commit mark is .*another master key.*POSTERN_MASTER_KEY_PREVIOUS/);
  writeFileSync(node.masterKeyFile, oldKey);
  writeFileSync(`${node.masterKeyFile}.next`, key.encoded, { mode: 0o600 });
  await node.start();
  renameSync(`${node.masterKeyFile}.next`, node.masterKeyFile);
}

/** A node is away for so long that the others do not wait for it. It has read a secret before. */
export async function goAway({ cluster, nodes }: Place, through: Through): Promise<Away> {
  const [node] = nodes.nodes;
  assert.ok(node);
  const asked = await knownClient(node);
  assert.equal((await patient(asked).vault(registerVault, 'GET', '/secrets/name', { from })).status, 200);
  const { leave, comeBack, give } = ways[through];
  leave(node);
  const unseen = `select seen < clock_timestamp() - interval '10 seconds' from postern.nodes where name = '${node.name}'`;
  await until(async () => (await cluster.psql(unseen)) === 't', `the death of ${node.name}`);
  return { node, asked, comeBack: () => comeBack(node), give };
}

/**
 * The others rotate, and the node comes back with the old key: it refuses everything with the id of the key that it lacks, until
 * it is given that. Returns the old one.
 */
export async function missRotation({ nodes }: Place, { node, comeBack, give, asked }: Away): Promise<string> {
  using folder = dataFolder();
  const key = newKey(folder.path);
  const oldKey = keyOf(node);
  const others = nodes.nodes.filter((other) => other !== node);
  await rotate(others, key);
  comeBack();
  await refusesWithoutKey(node, { asked, id: key.id });
  await give(node, key);
  assert.equal(keyOf(node), key.encoded);
  await readsSecret(node);
  return oldKey;
}

/** From then on the node needs the new key alone, and the old one alone opens nothing. */
export async function opensByNewKeyAlone({ node }: Away, oldKey: string): Promise<void> {
  assert.equal(await node.running().end('SIGTERM'), 0);
  const key = keyOf(node);
  writeFileSync(node.masterKeyFile, oldKey);
  const refusal = `sealed under master key ${idOf(key)}, and what was given is ${idOf(oldKey)}`;
  await assert.rejects(node.start(), new RegExp(refusal));
  writeFileSync(node.masterKeyFile, key);
  await node.start();
  await readsSecret(node);
}

async function readsSecret(node: Node): Promise<void> {
  const client = patient(await knownClient(node));
  assert.equal((await client.vault(registerVault, 'GET', '/secrets/name', { from })).status, 200);
}

const from = '127.0.0.7';

/** A client of the node that has its tokens: those are asked for before the node can give none. */
async function knownClient(node: Node): Promise<Client> {
  const client = node.client();
  for (const resource of ['vault', 'arm'] as const) await patient(client).token(resource);
  return client;
}

interface Refusing {
  readonly asked: Client;
  /** Of the master key that it lacks. */
  readonly id: string;
}

/** From the moment that it has seen the database again until long after it has noticed, it answers 503. */
async function refusesWithoutKey({ name, running }: Node, { asked, id }: Refusing): Promise<void> {
  const requests: Readonly<Record<string, () => Promise<Answered>>> = {
    'GET of a secret': () => asked.vault(registerVault, 'GET', '/secrets/name', { from }),
    'PUT of a secret': () => asked.vault(registerVault, 'PUT', '/secrets/missed', { from, body: { value: 'v' } }),
    'LIST of secrets': () => asked.vault(registerVault, 'GET', '/secrets', { from }),
    'GET of a vault': () => asked.arm('GET', vaultPath(registerVault)),
    'PATCH of a vault': () => asked.arm('PATCH', vaultPath(registerVault), { tags: { missed: 'v' } }),
  };
  const notices = new RegExp(`master key[^\\n]*${id}`);
  let after = 0;
  for (let tries = 0; after < 5; tries += 1) {
    if (tries > 1_000) assert.fail(`${name} did not say which key it lacks: ${running().stderr().slice(-2_000)}`);
    await Promise.all(
      Object.entries(requests).map(async ([what, send]) => {
        const { status, body } = await send();
        assert.equal(status, 503, `${what} at ${name}: ${status} ${JSON.stringify(body)}`);
      }),
    );
    if (notices.test(running().stderr())) after += 1;
    await sleep(50);
  }
  const { status, text } = await readinessOf(running());
  assert.equal(status, 503, text);
  assert.match(text, new RegExp(id));
}
