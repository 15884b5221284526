import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSettings, type Settings } from '../../src/settings/settings.ts';
import { childEnvironment } from '../../src/supervisor/child-environment.ts';
import { readRequest, type ControlRequest } from '../../src/supervisor/control-request.ts';
import { Heartbeat } from '../../src/supervisor/heartbeat.ts';
import { listenersIn, lockHolderIn, pathsIn } from '../../src/supervisor/holder.ts';
import { settingsAfter } from '../../src/supervisor/reread.ts';
import { afterDeath, noDeaths, type AfterDeath, type DeathRecord, type Life } from '../../src/supervisor/restart.ts';
import { watchdogMs } from '../../src/supervisor/service-notices.ts';
import { resolveWorkerUser, withinNamespace } from '../../src/supervisor/worker-user.ts';

const passwd = 'root:x:0:0:root:/root:/bin/sh\nada:x:1000:1001::/home/ada:/bin/sh\ntoor:x:0:0::/:/bin/sh\n';
const withPostern = `${passwd}postern:x:411:412::/nonexistent:/usr/sbin/nologin\n`;

test('root runs the worker as --user, else as the account postern, else as a uid without an account', () => {
  const cases = [
    [undefined, withPostern, { uid: 411, gid: 412 }],
    [undefined, passwd, { uid: 61_043, gid: 61_043 }],
    ['ada', passwd, { uid: 1000, gid: 1001 }],
    ['1000', passwd, { uid: 1000, gid: 1001 }],
    ['1002', passwd, { uid: 1002, gid: 1002 }],
  ] as const;
  for (const [wanted, accounts, user] of cases) {
    assert.deepEqual(resolveWorkerUser(wanted, accounts, 0), { ok: true, user }, String(wanted));
  }
});

test('the worker never becomes root or a missing user, and only root can choose another user', () => {
  const cases = [
    ['root', 0, /must not be root/],
    ['toor', 0, /must not be root/],
    ['0', 0, /must not be root/],
    ['bob', 0, /has no such user/],
    ['ada', 1000, /only root can start/],
  ] as const;
  for (const [wanted, ownUid, reason] of cases) {
    const resolved = resolveWorkerUser(wanted, passwd, ownUid);
    assert.match(resolved.ok ? '' : resolved.message, reason, wanted);
  }
  assert.deepEqual(resolveWorkerUser(undefined, '', 1000), { ok: true, user: undefined });
});

test('an account postern with the uid of root is refused', () => {
  const refused = resolveWorkerUser(undefined, `${passwd}postern:x:0:0::/:/bin/sh\n`, 0);
  assert.deepEqual(refused, {
    ok: false,
    message: 'The account postern is root, but the worker must not be: choose another with --user.',
  });
});

test("a child's environment has no key in it, and leads to no code in the working directory", () => {
  const given = {
    PATH: '.:/usr/bin::bin:/bin:',
    LD_LIBRARY_PATH: ':',
    NODE_PATH: 'lib',
    LD_PRELOAD: 'libjemalloc.so ./own.so /opt/own.so',
    HOME: '',
    POSTERN_MASTER_KEY: 'k',
    NOTIFY_SOCKET: '/run/systemd/notify',
    WATCHDOG_USEC: '1',
    WATCHDOG_PID: '1',
    POSTERN_OTHER: ':relative',
  };
  assert.deepEqual(childEnvironment(given), {
    PATH: '/usr/bin:/bin',
    LD_PRELOAD: 'libjemalloc.so:/opt/own.so',
    HOME: '',
    POSTERN_OTHER: ':relative',
  });
});

test('the service manager hears twice in each period, if it asks this process', () => {
  const rows = [
    [{ WATCHDOG_USEC: '60000000' }, 30_000],
    [{ WATCHDOG_USEC: '60000000', WATCHDOG_PID: '7' }, 30_000],
    [{ WATCHDOG_USEC: '60000000', WATCHDOG_PID: '8' }, undefined],
    [{ WATCHDOG_USEC: '1000' }, 1],
    [{ WATCHDOG_USEC: '9999999999999999' }, 2 ** 31 - 1],
    [{ WATCHDOG_USEC: '0' }, undefined],
    [{ WATCHDOG_USEC: '-5000' }, undefined],
    [{ WATCHDOG_USEC: 'infinity' }, undefined],
    [{}, undefined],
  ] as const;
  for (const [environment, everyMs] of rows)
    assert.equal(watchdogMs(environment, 7), everyMs, JSON.stringify(environment));
});

test('the delay grows with deaths in a row and is reset by good service; only a worker that was never ready is given up', () => {
  const outcomes = (life: Life, deaths: number, first: DeathRecord = noDeaths): readonly (number | 'giveUp')[] => {
    const delays: (number | 'giveUp')[] = [];
    let record = first;
    while (delays.length < deaths) {
      const next: AfterDeath = afterDeath(record, life);
      delays.push(next.kind === 'giveUp' ? 'giveUp' : next.delayMs);
      if (next.kind === 'giveUp') break;
      ({ record } = next);
    }
    return delays;
  };
  assert.deepEqual(outcomes({ ready: false }, 9), [100, 200, 400, 800, 'giveUp']);
  assert.deepEqual(outcomes({ ready: true, servedMs: 9_999 }, 8), [0, 200, 400, 800, 1600, 3200, 5000, 5000]);
  assert.deepEqual(outcomes({ ready: true, servedMs: 10_000 }, 3), [0, 0, 0]);
  const served: DeathRecord = { inRow: 0, served: true };
  assert.deepEqual(outcomes({ ready: false }, 8, served), [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
  // After one worker was ready, the supervisor never gives up: a disk may be full for an hour.
  const once = afterDeath(noDeaths, { ready: true, servedMs: 0 });
  assert.ok(once.kind === 'restart');
  assert.deepEqual(outcomes({ ready: false }, 7, once.record), [200, 400, 800, 1600, 3200, 5000, 5000]);
  assert.deepEqual(afterDeath({ inRow: 4, served: false }, { ready: false }), { kind: 'giveUp', deaths: 5 });
});

function settingsIn(config: object, argv: readonly string[] = []): Settings {
  const answer = readSettings({
    argv: [...argv, '--config', 'postern.json'],
    environment: {},
    readFile: (path) => (path === '/srv/postern.json' ? JSON.stringify(config) : '{}'),
    folder: '/srv',
  });
  assert.ok(answer.ok, answer.ok ? '' : answer.message);
  return answer.settings;
}

test('a reload applies the file, except for settings that need a restart, which it names', () => {
  const balancer = { listen: '127.0.0.1:8444', from: ['127.0.0.1'], version: 2 };
  const atStart = settingsIn({ port: 0, loadBalancers: [balancer], limits: { ipRules: 5 } });
  const inForce = { ...atStart, port: 8443, dataFolder: '/srv/taken' };
  const same = settingsAfter(
    { atStart, inForce },
    settingsIn({ port: 0, loadBalancers: [balancer], limits: { ipRules: 6 } }),
  );
  assert.deepEqual(same, { settings: { ...inForce, limits: { ...inForce.limits, ipRules: 6 } }, kept: [] });
  const config = { port: 0, masterKeyFile: 'key', commitMarkFile: 'mark', limits: { ipRules: 5 } };
  const other = settingsAfter({ atStart, inForce }, settingsIn(config));
  assert.deepEqual(other, { settings: inForce, kept: ['loadBalancers', 'masterKeyFile', 'commitMarkFile'] });
});

test('a reload applies the options in the file that have no socket, folder or user in them, and names the others', () => {
  const atStart = settingsIn({});
  const inForce = { ...atStart, dataFolder: '/srv/taken' };
  const after = (config: object) => settingsAfter({ atStart, inForce }, settingsIn(config));
  const nat = [{ from: '10.0.0.0/24', to: '203.0.113.0/24' }];
  const applied = { json: true, logLevel: 'warn', rules: 'current', acceptDeclared: true, demo: false } as const;
  const given = { ...applied, nat: ['10.0.0.0/24=203.0.113.0/24'], seed: 'seed.json', prune: true };
  const { settings, kept } = after(given);
  assert.deepEqual(kept, []);
  const { seed, ...others } = settings;
  assert.equal(seed?.prune, true);
  assert.deepEqual({ ...others, seed: undefined }, { ...inForce, ...applied, nat });
  const restart = { port: 1, listen: ['127.0.0.5'], data: 'other', domain: 'a.example', user: 'ada' };
  for (const [name, value] of Object.entries({ ...restart, memory: true })) {
    const named = name === 'memory' ? 'data' : name;
    assert.deepEqual(after({ [name]: value }), { settings: inForce, kept: [named] }, name);
  }
  // The table's default goes with the addresses.
  assert.deepEqual(after({ listen: ['0.0.0.0'] }), { settings: inForce, kept: ['listen', 'nat'] });
});

test('a worker counts as silent after the allowed number of missed pings, which is larger while it starts', () => {
  const heartbeat = new Heartbeat({ everyMs: 500, missedMax: 2, missedStartingMax: 3 });
  const verdicts = (count: number) => Array.from({ length: count }, () => heartbeat.tick()?.silentSeconds);
  assert.deepEqual(verdicts(3), [undefined, undefined, undefined]);
  heartbeat.heard();
  assert.deepEqual(verdicts(4), [undefined, undefined, undefined, 2]);
  heartbeat.ready();
  assert.deepEqual(verdicts(3), [undefined, undefined, 1]);
});

test("the kernel's tables give exactly the process that listens on a port or has a lock", () => {
  const table = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 0100007F:20FB 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 771 1 0 100 0 0 10 0',
    '   1: 0100007F:20FC 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 772 1 0 100 0 0 10 0',
    '   2: 0100007F:20FB 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 773 1 0 100 0 0 10 0',
  ].join('\n');
  assert.deepEqual(listenersIn(table, 0x20fb), ['771']);
  assert.deepEqual(listenersIn(table, 80), []);
  const locks = [
    '1: POSIX  ADVISORY  READ 10 fe:00:5 1073741826 1073742335',
    '2: POSIX  ADVISORY  WRITE 11 fe:01:5 0 EOF',
    '3: -> POSIX  ADVISORY  WRITE 12 fe:00:5 0 EOF',
    '4: POSIX  ADVISORY  WRITE 13 fe:00:5 0 EOF',
  ].join('\n');
  assert.equal(lockHolderIn(locks, 5, 0xfe00), 13);
  assert.equal(lockHolderIn(locks, 6, 0xfe00), undefined);
});

test("the kernel's table of unix sockets gives the paths that they are bound to", () => {
  const table = [
    'Num       RefCount Protocol Flags    Type St Inode Path',
    '0000000000000000: 00000002 00000000 00010000 0001 01 31432 /run/a b.sock',
    '0000000000000000: 00000003 00000000 00000000 0001 03 31433',
    '0000000000000000: 00000003 00000000 00000000 0001 03    34 @abstract',
    '',
  ].join('\n');
  assert.deepEqual(pathsIn(table), ['/run/a b.sock']);
});

test('the control socket accepts exact requests only, and no value that could become an option or a path', () => {
  const open = { open: 'listener', namespace: 'nl-vnetA', port: 9001, subnet: '/s' };
  const guid = '99999999-0000-4000-8000-000000000001';
  const metadata = { kind: 'metadata', port: 20_001, subnet: '/s', incarnation: guid } as const;
  const listener = { kind: 'subnet', port: 10_001, subnet: '/s', incarnation: guid } as const;
  const inInternet = { kind: 'public', address: '192.0.2.20', port: 443, serves: 'authority' } as const;
  const bind = { bind: 'identity', incarnation: guid, address: '10.0.0.4', identityHeader: 'a-header' };
  const declared = { bind: 'declared', subnet: '/s', incarnation: guid, address: '10.0.0.4' };
  const several = (...listeners: readonly object[]) => ({ open: 'listeners', namespace: 'a', listeners });
  const masterKey = Buffer.alloc(32, 7).toString('base64');
  const accepted: readonly (readonly [request: object, read: ControlRequest])[] = [
    [open, { kind: 'open', namespace: 'nl-vnetA', port: 9001, subnet: '/s' }],
    [
      { ...open, namespace: { pid: 7 } },
      { kind: 'open', namespace: { pid: 7 }, port: 9001, subnet: '/s' },
    ],
    [
      { ...open, namespace: { pid: 7, name: 'a' } },
      { kind: 'open', namespace: { pid: 7, name: 'a' }, port: 9001, subnet: '/s' },
    ],
    [
      { close: 'listener', id: 'x' },
      { kind: 'close', id: 'x' },
    ],
    [{ list: 'listeners' }, { kind: 'list' }],
    [
      several({ kind: 'subnet', port: 1, subnet: '/s' }, metadata, { ...listener, serves: 'vaults' }, inInternet),
      {
        kind: 'openAll',
        namespace: 'a',
        listeners: [
          { kind: 'subnet', port: 1, subnet: '/s', incarnation: undefined, endsWithSubnet: true },
          { ...metadata, endsWithSubnet: true },
          { ...listener, serves: 'vaults', endsWithSubnet: true },
          inInternet,
        ],
      },
    ],
    [
      { close: 'listeners', ids: ['x', 'y'] },
      { kind: 'closeAll', ids: ['x', 'y'] },
    ],
    [bind, { kind: 'bind', incarnation: guid, address: '10.0.0.4', identityHeader: 'a-header' }],
    [declared, { kind: 'declare', subnet: declared.subnet, incarnation: guid, address: '10.0.0.4' }],
    [
      { unbind: 'declared', id: 'x' },
      { kind: 'unbind', id: 'x' },
    ],
    [
      { unbind: 'identity', id: 'x' },
      { kind: 'unbind', id: 'x' },
    ],
    [{ begin: 'masterKeyRotation' }, { kind: 'beginRotation' }],
    [
      { rotate: 'masterKey', key: masterKey },
      { kind: 'rotate', rotation: { of: 'masterKey', key: masterKey } },
    ],
    [
      { rotate: 'tokenKey', revoke: true },
      { kind: 'rotate', rotation: { of: 'tokenKey', revoke: true } },
    ],
  ];
  const ofMasterKey = readRequest('{"rotate":"masterKey"}');
  assert.deepEqual(ofMasterKey, {
    ok: true,
    request: { kind: 'rotate', rotation: { of: 'masterKey', key: undefined } },
  });
  for (const [request, read] of accepted) {
    assert.deepEqual(readRequest(JSON.stringify(request)), { ok: true, request: read });
  }
  const refused: readonly (readonly [request: unknown, message: RegExp])[] = [
    ['{', /^a request is/],
    [JSON.stringify([]), /^a request is/],
    [{ ...open, open: 'socket' }, /^a request is/],
    [{ close: 'listener' }, /^a request is/],
    [{ ...open, namespace: '--all' }, /^namespace/],
    [{ ...open, namespace: '../x' }, /^namespace/],
    [{ ...open, namespace: 'a b' }, /^namespace/],
    [{ ...open, namespace: { pid: '7' } }, /^namespace/],
    [{ ...open, namespace: { pid: 0 } }, /^namespace/],
    [{ ...open, namespace: { pid: 7, name: '-x' } }, /^namespace/],
    [{ ...open, port: 0 }, /^port/],
    [{ ...open, port: '9001' }, /^port/],
    [{ ...open, port: 65_536 }, /^port/],
    [{ ...open, subnet: 'name' }, /^subnet/],
    [{ ...open, open: { toString: 1 } }, /^a request is/],
    [{ ...open, close: 'listener', id: 'x' }, /^a request is/],
    [{ ...several(metadata), namespace: '--all' }, /^namespace/],
    [several(), /^listeners must be a list of 1 to 6000 listeners$/],
    [several(...Array.from({ length: 6_001 }, () => metadata)), /^listeners must be a list of 1 to 6000 listeners$/],
    [several(metadata, { ...metadata, port: 0 }), /^listeners\[1\]: port/],
    [several({ ...listener, serves: 'graph' }), /^listeners\[0\]: serves must be vaults/],
    [several({ ...inInternet, serves: undefined }), /^listeners\[0\]: serves must be one of vaults, authority/],
    [several({ ...inInternet, address: '--all' }), /^listeners\[0\]: address must be an IPv4 address/],
    [several({ ...metadata, kind: 'gateway' }), /^listeners\[0\]: kind must be/],
    [
      several({ ...metadata, incarnation: undefined }),
      /^listeners\[0\]: incarnation must be the subnet's resourceGuid/,
    ],
    [several({ ...metadata, kind: 'subnet', incarnation: guid.replace('9', 'A') }), /^listeners\[0\]: incarnation/],
    [{ close: 'listeners', ids: ['x', 7] }, /^a request is/],
    [{ ...bind, incarnation: 'x' }, /^incarnation/],
    [{ ...bind, address: '10.0.0.04' }, /^address/],
    [{ ...bind, address: '::ffff:10.0.0.4' }, /^address/],
    [{ ...bind, identityHeader: 'with a space' }, /^identityHeader/],
    [{ ...bind, identityHeader: '' }, /^identityHeader/],
    [{ ...declared, subnet: 'x' }, /^subnet/],
    [{ ...declared, incarnation: 'x' }, /^incarnation/],
    [{ ...declared, address: '10.0.0.04' }, /^address/],
    [{ unbind: 'declared' }, /^a request is/],
    [{ begin: 'tokenKeyRotation' }, /^a request is/],
    [{ rotate: 'masterKey', key: 7 }, /^key must be the new master key, or left out$/],
    [{ rotate: 'masterKey', key: 'c2hvcnQ=' }, /^key is not a master key: it has 5 bytes/],
    [{ rotate: 'tokenKey' }, /^revoke must be true or false$/],
    [{ rotate: 'tokenKey', revoke: 'yes' }, /^revoke must be true or false$/],
    [{ unbind: 'identity' }, /^a request is/],
  ];
  for (const [request, message] of refused) {
    const read = readRequest(typeof request === 'string' ? request : JSON.stringify(request));
    assert.match(read.ok ? 'accepted' : read.message, message, JSON.stringify(request));
  }
});

test('root of a user namespace becomes only a uid that exists there', () => {
  const user = { uid: 61_043, gid: 61_043 };
  const resolved = { ok: true, user } as const;
  const whole = '         0          0 4294967295\n';
  const one = '         0       1000          1\n';
  const upTo = (count: number) => `         0     100000 ${count}\n`;
  assert.deepEqual(withinNamespace(resolved, undefined, whole), resolved);
  assert.deepEqual(withinNamespace(resolved, undefined, upTo(61_044)), resolved);
  assert.deepEqual(withinNamespace(resolved, undefined, upTo(61_043)), { ok: true, user: undefined });
  assert.deepEqual(withinNamespace(resolved, undefined, one), { ok: true, user: undefined });
  const message = '--user vault: uid 61043 does not exist in this user namespace; leave --user out.';
  assert.deepEqual(withinNamespace(resolved, 'vault', one), { ok: false, message });
});
