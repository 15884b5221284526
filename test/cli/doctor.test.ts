import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describeFindings, findingsOf, isReady } from '../../src/cli/doctor/checks.ts';
import type { Finding } from '../../src/cli/doctor/checks.ts';
import type { Attempt, Observed } from '../../src/cli/doctor/observed.ts';

const nowMs = Date.parse('2026-11-26T10:00:00Z');
const dayMs = 86_400_000;
const worked: Attempt = { worked: true, isInstalled: true, reason: '' };
const absent: Attempt = { worked: false, isInstalled: false, reason: 'spawn x ENOENT' };
const failed = (reason: string): Attempt => ({ worked: false, isInstalled: true, reason });
const home = 'https://localhost:8443';

/** A machine on which everything works, with a server that answers. */
const well: Observed = {
  platform: 'linux',
  isRoot: false,
  nodeVersion: '26.4.0',
  nowMs,
  dataFolder: '/data',
  connection: { is: 'read', home },
  server: { is: 'answering', dateMs: nowMs },
  authority: { fromMs: nowMs - dayMs, toMs: nowMs + dayMs },
  noFilter: undefined,
  attempts: {
    userNamespace: worked,
    hostsMount: worked,
    networkNamespace: worked,
    nft: worked,
    nftTable: worked,
    conntrack: worked,
    ip: worked,
    setpriv: worked,
    certutil: failed('certutil: usage'),
  },
  kernel: { 'user.max_user_namespaces': '15000', 'kernel.apparmor_restrict_unprivileged_userns': '0' },
  serverPort: 8443,
  ports: { 443: { is: 'free' }, server: { is: 'taken', holder: 'node (process 1)' } },
  loopback: new Set(['127.0.0.1', '127.0.0.7', '::1']),
  name: { asked: 'postern-doctor.vault.localhost', addresses: ['127.0.0.1'] },
};

const withAttempts = (change: Partial<Observed['attempts']>): Observed => ({
  ...well,
  attempts: { ...well.attempts, ...change },
});
const withoutServer: Observed = { ...well, server: { is: 'unreachable', code: 'ECONNREFUSED' } };

function finding(observed: Observed, name: string): Finding {
  const found = findingsOf(observed).find((each) => each.name === name);
  assert.ok(found !== undefined, name);
  return found;
}

/** State, what was found and the command that mends it, as far as it says so. */
function judged(observed: Observed, name: string): readonly string[] {
  const { state, found, mend } = finding(observed, name);
  return [state, found, ...(mend === undefined ? [] : [mend])];
}

describe('the doctor', () => {
  it('finds nothing where everything works', () => {
    const findings = findingsOf(well);
    assert.deepEqual(
      findings.filter(({ state }) => state !== 'ok'),
      [],
    );
    assert.ok(isReady(findings));
  });

  it('is content with notes, and not with what is missing', () => {
    const noted = findingsOf(withAttempts({ nft: absent, certutil: absent }));
    assert.deepEqual([noted.some(({ state }) => state === 'note'), isReady(noted)], [true, true]);
    assert.ok(!isReady(findingsOf({ ...well, loopback: new Set() })));
  });

  it('prints a line a check: state, name, what was found, what for, the command', () => {
    const lines = describeFindings(findingsOf(withAttempts({ ip: absent }))).split('\n');
    assert.equal(lines.length, findingsOf(well).length);
    assert.equal(lines[0], 'ok       Node                26.4.0 (runs everything)');
    assert.ok(
      lines.includes(
        'note     ip                  not installed (makes and configures virtual networks): sudo apt-get install iproute2',
      ),
      lines.join('\n'),
    );
  });

  it('leaves out what only Linux has', () => {
    const names = new Set(findingsOf({ ...well, platform: 'darwin' }).map(({ name }) => name));
    assert.deepEqual([names.has('nftables'), names.has('port 8443')], [false, true]);
  });
});

type Row = readonly [title: string, check: string, observed: Observed, judgement: readonly string[]];

const start = 'postern start --data /data';
const setClock = 'sudo timedatectl set-ntp true';
const serverRows: readonly Row[] = [
  ['Node 24.5', 'Node', { ...well, nodeVersion: '24.5.0' }, ['ok', '24.5.0']],
  [
    'Node 24.4',
    'Node',
    { ...well, nodeVersion: '24.4.9' },
    ['note', '24.4.9 is too old for "--import postern/register"', 'npm ci'],
  ],
  ['Node 23', 'Node', { ...well, nodeVersion: '23.9.0' }, ['missing', '23.9.0 is older than 24', 'npm ci']],
  [
    'no data folder',
    'data folder',
    { ...well, connection: { is: 'absent' } },
    ['note', '/data has no connection.json yet', start],
  ],
  [
    'a data folder of another user',
    'data folder',
    { ...well, connection: { is: 'unreadable', reason: 'EACCES' } },
    ['missing', 'EACCES', 'run this as the user who started the server, or name its folder with --data'],
  ],
  [
    'no data folder, so no server',
    'server',
    { ...well, connection: { is: 'absent' }, server: { is: 'not asked' } },
    ['note', 'not known without a data folder', start],
  ],
  ['a stopped server', 'server', withoutServer, ['note', `does not answer at ${home} (ECONNREFUSED)`, start]],
  [
    'another server at its address',
    'server',
    { ...well, server: { is: 'unreachable', code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' } },
    [
      'missing',
      `what answers at ${home} does not have this server's certificate (UNABLE_TO_VERIFY_LEAF_SIGNATURE)`,
      `${start} --port 0`,
    ],
  ],
  [
    'a server without TLS at its address',
    'server',
    { ...well, server: { is: 'unreachable', code: 'ERR_SSL_WRONG_VERSION_NUMBER' } },
    [
      'missing',
      `what answers at ${home} does not have this server's certificate (ERR_SSL_WRONG_VERSION_NUMBER)`,
      `${start} --port 0`,
    ],
  ],
  [
    'a certificate that has expired',
    'server',
    { ...well, server: { is: 'unreachable', code: 'CERT_HAS_EXPIRED' } },
    ['missing', 'its certificate is not valid now (CERT_HAS_EXPIRED)', setClock],
  ],
  [
    'five minutes ahead',
    'clock',
    { ...well, nowMs: nowMs + 300_000 },
    ['ok', "2026-11-26T10:05:00.000Z, as the server's"],
  ],
  [
    'more than five minutes ahead',
    'clock',
    { ...well, nowMs: nowMs + 301_000 },
    ['missing', "2026-11-26T10:05:01.000Z, 301 s ahead of the server's", setClock],
  ],
  [
    'more than five minutes behind',
    'clock',
    { ...well, nowMs: nowMs - 301_000 },
    ['missing', "2026-11-26T09:54:59.000Z, 301 s behind the server's", setClock],
  ],
  [
    'a clock before the authority',
    'clock',
    { ...withoutServer, nowMs: nowMs - dayMs - 1 },
    [
      'missing',
      "2026-11-25T09:59:59.999Z, and the server's authority is valid from 2026-11-25T10:00:00.000Z to 2026-11-27T10:00:00.000Z",
      setClock,
    ],
  ],
  [
    'a clock at the beginning of the authority',
    'clock',
    { ...withoutServer, nowMs: nowMs - dayMs },
    ['ok', '2026-11-25T10:00:00.000Z, with no server to compare it with'],
  ],
];

const other = { is: 'taken', holder: 'nginx (process 7)' } as const;
const elsewhere = 'stop it, or use another: postern start --port 8444';
const networkRows: readonly Row[] = [
  ['the port of this server', 'port 8443', well, ['ok', 'this server has it']],
  [
    'the port of another',
    'port 8443',
    { ...withoutServer, ports: { ...well.ports, server: other } },
    ['missing', 'nginx (process 7) has it', elsewhere],
  ],
  [
    'the port of another, of a server that has one of its own',
    'port 9443',
    { ...withoutServer, serverPort: 9443, ports: { ...well.ports, server: other } },
    ['missing', 'nginx (process 7) has it', 'stop it, or use another: postern start --port 9444'],
  ],
  [
    'a server at 443',
    'port 443',
    { ...well, serverPort: 443, connection: { is: 'read', home: 'https://localhost' } },
    ['ok', 'this server has it'],
  ],
  [
    '443 of another',
    'port 443',
    { ...well, ports: { ...well.ports, 443: other } },
    ['note', 'nginx (process 7) has it', 'stop it'],
  ],
  [
    '443 of root',
    'port 443',
    { ...well, ports: { ...well.ports, 443: { is: 'forbidden' } } },
    ['note', 'only root may listen on it', 'sudo sysctl -w net.ipv4.ip_unprivileged_port_start=443'],
  ],
  [
    'one address of loopback',
    '127.0.0.7',
    { ...well, loopback: new Set(['127.0.0.1']) },
    ['note', 'not an address of this machine', 'sudo ip address add 127.0.0.7/8 dev lo'],
  ],
  ['one address of loopback', '127.0.0.1', { ...well, loopback: new Set(['127.0.0.1']) }, ['ok', 'there']],
  [
    'no loopback',
    '127.0.0.1',
    { ...well, loopback: new Set() },
    ['missing', 'not an address of this machine', 'sudo ip link set lo up'],
  ],
  [
    'one address of loopback on macOS',
    '127.0.0.7',
    { ...well, platform: 'darwin', loopback: new Set(['127.0.0.1']) },
    ['note', 'not an address of this machine', 'sudo ifconfig lo0 alias 127.0.0.7'],
  ],
];

const asked = 'postern-doctor.vault.localhost';
const nowhere = { asked, addresses: [] };
const getNames = 'sudo apt-get install libnss-myhostname';
const nameRows: readonly Row[] = [
  [
    'names by IPv6',
    'names of vaults',
    { ...well, name: { asked, addresses: ['::1', '127.0.0.1'] } },
    ['ok', `${asked} is ::1`],
  ],
  [
    'no names, but a private hosts file',
    'names of vaults',
    { ...well, name: nowhere },
    ['note', `the system's resolver does not know ${asked}, so only postern run has them`, getNames],
  ],
  [
    'no names, and no private hosts file',
    'names of vaults',
    { ...withAttempts({ hostsMount: failed('mount: denied') }), name: nowhere },
    ['missing', `the system's resolver does not know ${asked}, and postern run cannot have them`, getNames],
  ],
  [
    'names that lead elsewhere',
    'names of vaults',
    { ...well, name: { asked, addresses: ['192.0.2.1'] } },
    ['note', `the system's resolver says that ${asked} is 192.0.2.1, so only postern run has them`, getNames],
  ],
  [
    'names of another domain',
    'names of vaults',
    { ...well, name: { asked: 'x.vault.postern.test', addresses: ['192.0.2.1'] } },
    ['ok', 'x.vault.postern.test is 192.0.2.1'],
  ],
];

const denied = failed('unshare: write failed /proc/self/uid_map: Operation not permitted');
const onlyDeclared = 'only declared, not enforced (postern exec --declared)';
const inContainer = 'in a container: docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined';
const withKernel = (kernel: Observed['kernel']): Observed => ({
  ...withAttempts({ userNamespace: denied, hostsMount: denied, networkNamespace: denied }),
  kernel,
});
const namespaceRows: readonly Row[] = [
  ...(
    [
      ['kernel.apparmor_restrict_unprivileged_userns', '1', '0'],
      ['kernel.unprivileged_userns_clone', '0', '1'],
      ['user.max_user_namespaces', '0', '15000'],
    ] as const
  ).flatMap(([setting, forbids, allows]): readonly Row[] => [
    [
      `${setting}=${forbids}`,
      'user namespaces',
      withKernel({ [setting]: forbids }),
      ['note', `forbidden by ${setting}=${forbids}`, `sudo sysctl -w ${setting}=${allows}`],
    ],
    [
      `${setting}=${allows}`,
      'user namespaces',
      withKernel({ [setting]: allows }),
      ['note', denied.reason, inContainer],
    ],
  ]),
  [
    'a setting that forbids them to users, and root',
    'private /etc/hosts',
    { ...withKernel({ 'user.max_user_namespaces': '0' }), isRoot: true },
    ['note', denied.reason, inContainer],
  ],
  [
    'a limit of network namespaces',
    'network namespaces',
    withKernel({ 'user.max_net_namespaces': '0' }),
    ['note', 'forbidden by user.max_net_namespaces=0', 'sudo sysctl -w user.max_net_namespaces=15000'],
  ],
  [
    'no unshare',
    'user namespaces',
    withAttempts({ userNamespace: absent }),
    ['note', 'not tried: there is no unshare', 'sudo apt-get install util-linux'],
  ],
  [
    'namespaces that work in spite of a setting',
    'user namespaces',
    { ...well, kernel: { 'user.max_user_namespaces': '0' } },
    ['ok', 'allowed'],
  ],
  [
    'nft in a kernel without',
    'nftables',
    withAttempts({ nftTable: failed('no tables') }),
    ['note', 'no tables', 'sudo modprobe nf_tables'],
  ],
  [
    'nft that cannot be tried',
    'nftables',
    withAttempts({ networkNamespace: denied, nftTable: denied }),
    ['ok', 'installed'],
  ],
  ['all of a fabric, without root', 'postern exec', well, ['ok', 'enforced, without root']],
  ['all of a fabric, as root', 'postern exec', { ...well, isRoot: true }, ['ok', 'enforced, by root']],
  [
    'a setpriv that loads no filter, without root',
    'postern exec',
    { ...well, noFilter: 'it is old' },
    ['note', 'enforced, without root, and without a filter of system calls: it is old', 'use Debian 13 or newer'],
  ],
  [
    'a setpriv that loads no filter, as root',
    'postern exec',
    { ...well, noFilter: 'it is old', isRoot: true },
    ['note', 'refused for root: workloads have no filter of system calls, for it is old', 'use Debian 13 or newer'],
  ],
  [
    'no conntrack',
    'postern exec',
    withAttempts({ conntrack: absent }),
    ['note', `${onlyDeclared}: conntrack not installed`, 'sudo apt-get install conntrack'],
  ],
  [
    'a kernel without network namespaces',
    'postern exec',
    withAttempts({ networkNamespace: denied }),
    ['note', `${onlyDeclared}: network namespaces ${denied.reason}`, inContainer],
  ],
  [
    'another system',
    'postern exec',
    { ...well, platform: 'darwin' },
    ['note', `${onlyDeclared}: virtual networks take Linux`],
  ],
  [
    'no certutil',
    'certutil',
    withAttempts({ certutil: absent }),
    ['note', 'not installed', 'sudo apt-get install libnss3-tools'],
  ],
];

for (const [suite, rows] of Object.entries({ serverRows, networkRows, nameRows, namespaceRows })) {
  describe(`the doctor's judgement (${suite.replace('Rows', '')})`, () => {
    for (const [title, check, observed, judgement] of rows) {
      it(`${check}: ${title}`, () => {
        assert.deepEqual(judged(observed, check), judgement);
      });
    }
  });
}
