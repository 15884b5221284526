import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSettings, type Settings } from '../../src/settings/settings.ts';

interface Given {
  readonly environment?: Readonly<Record<string, string>>;
  readonly config?: unknown;
}

function answer(argv: readonly string[], { environment = {}, config }: Given = {}) {
  const readFile = (path: string): string => {
    assert.equal(path, '/home/ada/conf/postern.json');
    return typeof config === 'string' ? config : JSON.stringify(config);
  };
  const file = config === undefined ? [] : ['--config', 'conf/postern.json'];
  return readSettings({ argv: [...argv, ...file], environment, readFile, folder: '/home/ada' });
}

function accepted(argv: readonly string[], given?: Given): Settings {
  const read = answer(argv, given);
  assert.ok(read.ok, read.ok ? '' : read.message);
  return read.settings;
}

function refusedWith(argv: readonly string[], given?: Given): string {
  const read = answer(argv, given);
  assert.ok(!read.ok, `accepted: ${argv.join(' ')}`);
  return read.message;
}

const database = 'postgres://postern@db.example/postern';

test('a shared store is read from the option, the file and the environment', () => {
  assert.deepEqual(accepted([]).store, undefined);
  assert.equal(accepted([]).node, undefined);
  const { store, node, ...joining } = accepted(['--store', database, '--node', 'a-1', '--join'], {
    environment: { PGPASSWORD: 'secret' },
  });
  const none = { passwordFile: undefined, caFile: undefined, listenUrl: undefined };
  assert.deepEqual(store, { url: database, password: 'secret', ...none });
  assert.deepEqual([node, joining.join], ['a-1', true]);
  const hosts = 'postgresql://postern@db1:5432,db2:5433/postern?target_session_attrs=read-write';
  const config = {
    store: { url: database, passwordFile: 'p', caFile: 'ca.pem', listenUrl: hosts },
    node: 'b.example.org',
  };
  const read = accepted([], { config });
  assert.deepEqual(read.store, {
    url: database,
    password: undefined,
    passwordFile: '/home/ada/conf/p',
    caFile: '/home/ada/conf/ca.pem',
    listenUrl: hosts,
  });
  assert.equal(read.node, 'b.example.org');
  assert.equal(accepted(['--store', hosts, '--node', 'c'], { config }).store?.url, hosts);
  assert.equal(accepted(['--store', hosts, '--node', 'c'], { config }).node, 'c');
  const socket = 'postgres://postern@/postern?host=/run/postgresql';
  assert.equal(accepted(['--store', socket, '--node', 'c']).store?.url, socket);
});

test('a shared store that could not be used is refused, and a password in its URL is not shown', () => {
  const refusals: readonly (readonly [argv: readonly string[], reason: RegExp, given?: Given])[] = [
    [['--store', 'mysql://a@b/c'], /^--store must be postgres:\/\/USER@HOST\/DATABASE/],
    [['--store', 'postgres://a@b'], /^--store must be postgres:/],
    [['--store', 'postgres://a@b/c d'], /^--store must be postgres:/],
    [['--store', 'postgres://a@/c'], /^--store has no host: name it, or the folder of the socket/],
    [['--store', 'postgres://a:hidden@b/c'], /^--store must not have a password, .* give it in PGPASSWORD/],
    [['--store', 'postgres://b/c?password=hidden'], /^--store must not have a password/],
    [['--store', 'postgres://b/c?p%61ssword=hidden'], /^--store must not have a password/],
    [['--store', 'postgres://a@b/c?sslmode=require'], /^--store cannot be used: sslmode=require does not verify whose/],
    [['--store', 'postgres://a@b/c?frob=1'], /^--store cannot be used: the parameter frob is not one of/],
    [[], /: store\.url must not have a password/, { config: { store: { url: 'postgres://a:hidden@b/c' } } }],
    [[], /^store\.url is missing: give it, or --store URL\.$/, { config: { store: {} } }],
    [[], /^node names a server among those that share a store: give store with it\.$/, { config: { node: 'a' } }],
    [[], /: node: "A b" must be 1 to 63 lower-case letters/, { config: { node: 'A b' } }],
    [['--node', 'a'], /^--node is for a store that several servers share: give --store URL with it\.$/],
    [['--join'], /^--join is for a store that several servers share/],
    [['--store', database, '--node', '-a'], /^the option --node needs a value/],
    [['--store', database, '--node', 'a_b'], /^--node: "a_b" must be 1 to 63/],
    [['--store', database, '--memory'], /^--memory and --store \(postgres:\/\/postern@db\.example\/postern\) cannot/],
    [['--store', database], /^memory and --store .* cannot be used together/, { config: { memory: true } }],
    [['--memory'], /^--memory and store .* cannot be used together/, { config: { store: { url: database } } }],
    [
      [],
      /^PGPASSWORD and store\.passwordFile \(\/home\/ada\/conf\/p\) cannot be used together/,
      { config: { store: { url: database, passwordFile: 'p' } }, environment: { PGPASSWORD: 'hidden' } },
    ],
  ];
  for (const [argv, reason, given] of refusals) {
    const message = refusedWith(argv, given);
    assert.match(message, reason);
    assert.doesNotMatch(message, /hidden/);
  }
});
