/** `postern master-key rotate` and `postern token-key rotate` against running servers, with the official clients beside. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:https';
import type { LookupFunction } from 'node:net';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { promisify } from 'node:util';
import { ClientSecretCredential } from '@azure/identity';
import { SecretClient } from '@azure/keyvault-secrets';
import { keepNextKey } from '../../src/cli/keys/key-file.ts';
import { generateMasterKey, parseMasterKey } from '../../src/crypto/master-key.ts';
import { LineConnection } from '../../src/lines/ask.ts';
import { openSealedStore } from '../../src/store/sealed.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';
import { at } from '../control-plane/resources.ts';
import { dataFolder, startCommand, startPostern } from '../world/process.ts';
import type { Answered } from '../world/client.ts';
import type { RunningPostern } from '../world/process.ts';

const program = join(import.meta.dirname, '../../bin/postern');
const run = promisify(execFile);

interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command for the data folder, while this process goes on. */
async function postern(data: string, ...words: readonly string[]): Promise<Ended> {
  try {
    return { status: 0, ...(await run(program, [...words, '--data', data])) };
  } catch (error) {
    assert.ok(error instanceof Error && 'code' in error && 'stdout' in error && 'stderr' in error);
    return { status: Number(error.code), stdout: String(error.stdout), stderr: String(error.stderr) };
  }
}

function idOf(key: string): string {
  const parsedKey = parseMasterKey(key);
  assert.ok(parsedKey.ok);
  return parsedKey.masterKey.id;
}

const contents = (file: string) => readFileSync(file, 'utf8').trim();
const vault = { vaults: { 'kv-one': { secrets: { s: 'hello' } } } };

/** A server with a vault, and what a test puts beside its data folder. */
async function serverWith(options: readonly string[], environment: readonly string[] = []) {
  const folder = dataFolder();
  chmodSync(folder.path, 0o755);
  const file = (name: string) => join(folder.path, name);
  writeFileSync(file('seed.json'), JSON.stringify(vault));
  const data = file('data');
  const start = () =>
    startCommand([
      'env',
      ...environment,
      program,
      'start',
      '--data',
      data,
      '--seed',
      file('seed.json'),
      ...options.map((each) => each.replace('DIR', folder.path)),
    ]);
  return { start, data, file, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

async function valueIn(server: RunningPostern): Promise<unknown> {
  return (await server.client.vault('kv-one', 'GET', '/secrets/s')).body['value'];
}

const parse = (line: string) => JSON.parse(line) as Answered['body'];

/** Whether the key opens the database of a server that has ended. */
async function opens(data: string, key: string): Promise<boolean> {
  const parsedKey = parseMasterKey(key);
  assert.ok(parsedKey.ok);
  const inner = await openSqliteStore({ file: join(data, 'postern.db') });
  try {
    await openSealedStore({ inner, masterKey: parsedKey.masterKey });
    return true;
  } catch (error) {
    assert.equal((error as { readonly kind?: string }).kind, 'wrongMasterKey');
    return false;
  } finally {
    await inner.close();
  }
}

suite('a server whose key is in its data folder', () => {
  let place: Awaited<ReturnType<typeof serverWith>>;
  let server: RunningPostern;
  before(async () => {
    place = await serverWith([]);
    server = await place.start();
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    place[Symbol.dispose]();
  });

  test('says first what becomes of the old key, and changes nothing until it is said', async () => {
    const key = contents(join(place.data, 'master.key'));
    const hint = 'hint: --old-key-file FILE keeps it, for backups from before; --discard-old-key keeps it nowhere.\n';
    for (const words of [[], ['--discard-old-key', '--old-key-file', place.file('old')]]) {
      const refused = await postern(place.data, 'master-key', 'rotate', ...words);
      assert.equal(refused.stderr, `error: Say what becomes of the old key. Nothing was changed.\n${hint}`);
      assert.equal(refused.status, 2);
    }
    const other = place.file('other.key');
    writeFileSync(other, generateMasterKey());
    for (const [words, reason] of [
      [
        ['--old-key-file', other],
        /other\.key exists and has another key\. Nothing was changed\.\nhint: Name a file that does not exist\./,
      ],
      [
        ['--old-key-file', place.file('none/old')],
        /none\/old cannot be written: ENOENT.*\nhint: Nothing was changed\./,
      ],
      [
        ['--discard-old-key', '--new-key-file', place.file('seed.json')],
        /seed\.json is not a master key: it is neither hex nor base64.* Nothing was changed\./,
      ],
      [['--discard-old-key', '--new-key-file', place.file('none')], /none cannot be read: ENOENT/],
      [['--discard-old-key', '--new-key-file', join(place.data, 'ca.pem')], /ca\.pem is not a master key/],
    ] as const) {
      const refused = await postern(place.data, 'master-key', 'rotate', ...words);
      assert.match(refused.stderr, reason);
      assert.equal(refused.status, 1);
    }
    assert.equal(contents(join(place.data, 'master.key')), key);
  });

  test('one rotation of the master key at a time: who began it holds it until its connection closes', async () => {
    using first = await LineConnection.open(server.ready.controlSocket);
    assert.deepEqual(JSON.parse(await first.ask({ begin: 'masterKeyRotation' })), { ok: true, place: 'dataFolder' });
    const second = await postern(place.data, 'master-key', 'rotate', '--discard-old-key');
    const underWay = 'another rotation of the master key is under way: wait until it has ended';
    assert.deepEqual([second.status, second.stderr], [1, `error: ${underWay}\n`]);
    using other = await LineConnection.open(server.ready.controlSocket);
    assert.match(await other.ask({ rotate: 'masterKey' }), /begins with .* on the same connection/);
  });

  test('the new key opens everything, the old one nothing; both are files and in no output', async () => {
    const replaced = contents(join(place.data, 'master.key'));
    const old = place.file('old.key');
    const { status, stdout, stderr } = await postern(place.data, 'master-key', 'rotate', '--old-key-file', old);
    const key = contents(join(place.data, 'master.key'));
    assert.deepEqual(
      [status, stderr, stdout.split('\n').slice(0, 2)],
      [
        0,
        '',
        [
          `The master key ${idOf(replaced)} was replaced by ${idOf(key)} (ids, not keys).`,
          `It is in ${join(place.data, 'master.key')}.`,
        ],
      ],
    );
    assert.equal(contents(old), replaced);
    assert.equal(statSync(old).mode & 0o777, 0o600);
    assert.equal(await valueIn(server), 'hello');
    const log = readFileSync(join(place.data, 'audit/audit.jsonl'), 'utf8');
    for (const secret of [replaced, key])
      assert.ok(![stdout, stderr, server.stderr(), log].some((said) => said.includes(secret)));
    assert.equal(log.split('\n').filter((line) => line.includes('"Rotate master key"')).length, 1);
    await server.end('SIGKILL');
    assert.equal(await opens(place.data, replaced), false);
    server = await place.start();
    assert.equal(await valueIn(server), 'hello');
    const given = place.file('given.key');
    writeFileSync(given, `${generateMasterKey()}\n`, { mode: 0o600 });
    const words = ['--new-key-file', given, '--discard-old-key', '--json'];
    const second = await postern(place.data, 'master-key', 'rotate', ...words);
    const file = join(place.data, 'master.key');
    assert.deepEqual(JSON.parse(second.stdout), { from: [idOf(key)], to: idOf(contents(given)), file });
    assert.equal(contents(file), contents(given));
    assert.match(
      (await postern(place.data, 'master-key', 'rotate', ...words)).stderr,
      /is the one in use, [0-9a-f]{16} /,
    );
  });

  test('token keys are replaced under running clients: none fails, and with --revoke the old tokens are refused', async () => {
    const { home, tenantId } = server.ready;
    using client = clients(server);
    const kids = async () => {
      const { body } = await server.client.send(`${home}/${tenantId}/discovery/v2.0/keys`);
      const keys = at(body, 'keys');
      assert.ok(Array.isArray(keys));
      return keys.map((_, index) => String(at(body, 'keys', index, 'kid')));
    };
    const rotated = async (...words: readonly string[]) =>
      JSON.parse((await postern(place.data, 'token-key', 'rotate', '--json', ...words)).stdout) as {
        readonly from: readonly string[];
        readonly to: string;
      };
    const old = await server.client.token('vault');
    const statusWith = async (token: string) =>
      (await server.client.vault('kv-one', 'GET', '/secrets/s', { token })).status;
    const kept = client();
    const ended = new AbortController();
    let reads = 0;
    // One client keeps its token, and one asks for a token each time.
    const loops = [() => kept, client].map(async (next) => {
      while (!ended.signal.aborted) {
        assert.equal((await next().getSecret('s')).value, 'hello');
        reads += 1;
      }
    });
    const known = await kids();
    for (let round = 0; round < 2; round += 1) {
      const { from, to } = await rotated();
      assert.deepEqual(from, known.slice(0, 1));
      known.unshift(to);
      assert.deepEqual(await kids(), known, 'all of them verify');
    }
    ended.abort();
    await Promise.all(loops);
    assert.ok(reads > 4, String(reads));
    assert.equal(await statusWith(old), 200);
    const { from, to } = await rotated('--revoke');
    assert.deepEqual([from, await kids()], [known, [to]]);
    const refused = await server.client.vault('kv-one', 'GET', '/secrets/s', { token: old });
    assert.equal(refused.status, 401);
    const reason = /AKV10046: Unable to resolve the key used for signature validation\./;
    assert.match(String(at(refused.body, 'error', 'message')), reason);
    await assert.rejects(kept.getSecret('s'), reason);
    assert.equal((await client().getSecret('s')).value, 'hello');
    const log = contents(join(place.data, 'audit/audit.jsonl')).split('\n');
    const records = log.filter((line) => line.includes('"Rotate token signing key"'));
    assert.deepEqual(
      records.map((line) => at(parse(line), 'properties', 'revoked')),
      [false, false, true],
    );
  });
});

/** Makes clients of the vault, each with a credential of its own. */
function clients({ ready }: RunningPostern) {
  const { home, tenantId, clientId, clientSecret, caFile, vaultSuffix } = ready;
  const ca = contents(caFile);
  const toLoopback: LookupFunction = (_name, _options, found) => found(null, [{ address: '127.0.0.1', family: 4 }]);
  const agent = new Agent({ keepAlive: true, ca, lookup: toLoopback });
  const made = () => {
    const options = { authorityHost: home, disableInstanceDiscovery: true, tlsOptions: { ca } };
    const credential = new ClientSecretCredential(tenantId, clientId, clientSecret, options);
    return new SecretClient(`https://kv-one${vaultSuffix}`, credential, {
      disableChallengeResourceVerification: true,
      retryOptions: { maxRetries: 0 },
      additionalPolicies: [
        {
          position: 'perRetry',
          policy: {
            name: 'agent',
            sendRequest(outgoing, next) {
              outgoing.agent = agent;
              return next(outgoing);
            },
          },
        },
      ],
    });
  };
  return Object.assign(made, { [Symbol.dispose]: () => agent.destroy() });
}

suite('a server whose key is in a file of its own', () => {
  test('the command replaces the file, with its owner and mode; a killed one is finished by the next', async () => {
    using place = await serverWith(['--config', 'DIR/postern.json']);
    mkdirSync(place.file('keys'), { mode: 0o700 });
    const key = place.file('keys/master.key');
    const first = generateMasterKey();
    writeFileSync(key, first, { mode: 0o640 });
    writeFileSync(place.file('postern.json'), JSON.stringify({ masterKeyFile: 'keys/master.key' }));
    let server = await place.start();
    const { status, stdout } = await postern(place.data, 'master-key', 'rotate', '--discard-old-key');
    const second = contents(key);
    assert.deepEqual(
      [status, stdout.split('\n')[0]],
      [0, `The master key ${idOf(first)} was replaced by ${idOf(second)} (ids, not keys).`],
    );
    assert.equal(statSync(key).mode & 0o777, 0o640);
    assert.equal(existsSync(`${key}.next`), false);
    // A new worker gets the new key from its supervisor.
    process.kill(server.workerPid(), 'SIGKILL');
    assert.equal(await valueIn(server), 'hello');
    {
      // As the command does it, until it is killed before it replaces the file; and then everything else.
      using connection = await LineConnection.open(server.ready.controlSocket);
      assert.deepEqual(JSON.parse(await connection.ask({ begin: 'masterKeyRotation' })), {
        ok: true,
        place: 'file',
        file: key,
      });
      const next = keepNextKey(key, undefined);
      assert.equal(at(parse(await connection.ask({ rotate: 'masterKey', key: next.key })), 'to'), idOf(next.key));
    }
    await server.end('SIGKILL');
    assert.equal(contents(key), second);
    server = await place.start();
    assert.equal(await valueIn(server), 'hello');
    assert.ok(server.stderr().includes(`The master key is the one in ${key}.next: move it to ${key}.`));
    const other = await postern(
      place.data,
      'master-key',
      'rotate',
      '--discard-old-key',
      '--new-key-file',
      place.file('keys/master.key'),
    );
    assert.match(
      other.stderr,
      /has the key [0-9a-f]{16} \(an id\) of a rotation that was cut short\. Nothing was changed\.\nhint: Finish it first/,
    );
    const next = contents(`${key}.next`);
    const finished = await postern(place.data, 'master-key', 'rotate', '--discard-old-key');
    assert.match(finished.stdout, new RegExp(`^The master key is ${idOf(next)} \\(an id\\), which was in use already`));
    assert.equal(contents(key), next);
    assert.equal(await server.end('SIGTERM'), 0);
    assert.deepEqual([await opens(place.data, next), await opens(place.data, second)], [true, false]);
  });
});

suite('a server whose key is in its environment', () => {
  test('the command changes nothing, and says what to do', async () => {
    const [first, second] = [generateMasterKey(), generateMasterKey()];
    using place = await serverWith([], [`POSTERN_MASTER_KEY=${first}`]);
    await using server = await place.start();
    const { status, stdout, stderr } = await postern(
      place.data,
      'master-key',
      'rotate',
      '--old-key-file',
      place.file('old'),
    );
    assert.deepEqual([status, stdout, existsSync(place.file('old'))], [1, '', false]);
    assert.match(
      stderr,
      /^error: The master key is in POSTERN_MASTER_KEY, .* Nothing was changed\.\nhint: .*\n  1\. make a key.*/,
    );
    assert.equal(await server.end('SIGTERM'), 0);
    // The steps that it prints.
    const environment = [`POSTERN_MASTER_KEY=${second}`, `POSTERN_MASTER_KEY_PREVIOUS=${first}`];
    const again = await startCommand(['env', ...environment, program, 'start', '--data', place.data]);
    assert.equal(await valueIn(again), 'hello');
    assert.equal(await again.end('SIGTERM'), 0);
    assert.match(contents(join(place.data, 'audit/audit.jsonl')), /"Rotate master key"/);
    assert.deepEqual([await opens(place.data, second), await opens(place.data, first)], [true, false]);
  });
});

test('a server that keeps nothing has no master key to rotate', async () => {
  await using server = await startPostern(['--memory']);
  const { stderr } = await postern(server.ready.dataDir, 'master-key', 'rotate', '--discard-old-key');
  assert.equal(stderr, 'error: the server keeps nothing: with --memory there is no key to rotate\n');
});
