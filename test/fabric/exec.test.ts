/** `postern exec` in front of a stub of the fabric: who a workload is, what it sees, and how its process ends. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ownFolders } from '../../src/cli/exec/given-folder.ts';
import { notRun } from '../not-run.ts';
import { until } from '../world/process.ts';
import { ended, ExecIn, modes, userUid, whyNot, type Mode } from './exec-in.ts';
import { plain, poolUid } from './stub-fabric.ts';

for (const mode of modes) {
  const title = `a workload of a fabric that ${mode === 'root' ? 'root' : 'an ordinary user'} started`;
  const why = whyNot(mode);
  if (why === undefined) void describe(title, () => workloadTests(mode));
  else notRun(title, why);
}

function workloadTests(mode: Mode): void {
  const uid = mode === 'root' ? poolUid : userUid;
  let world: ExecIn;
  before(async () => {
    world = await ExecIn.start(mode);
  });
  after(() => world[Symbol.asyncDispose]());

  it('has its uid, no privileges, and the address that the fabric gave to its process', async () => {
    const script = 'id -u; grep -E "^(CapPrm|CapEff|CapAmb|NoNewPrivs)" /proc/self/status; ip -br -4 addr show lo';
    const child = world.start(['sh', '-c', script], { options: ['--subnet', 'prod/web', '--address', '10.0.0.7'] });
    const { status, stdout } = await ended(child);
    assert.equal(status, 0);
    assert.equal(
      stdout.replaceAll(/[ \t]+/g, ' '),
      lines(
        uid,
        'CapPrm: 0000000000000000',
        'CapEff: 0000000000000000',
        'CapAmb: 0000000000000000',
        'NoNewPrivs: 1',
        'lo UNKNOWN 127.0.0.1/8 10.0.0.7/32 ',
      ),
    );
    assert.deepEqual(world.fabric.requests.at(-1), {
      join: 'subnet',
      subnet: 'prod/web',
      address: '10.0.0.7',
      pid: child.pid,
      identityHeader: 'of-the-developer',
    });
  });

  it('may serve at any port of its address', async () => {
    const program =
      'require("net").createServer().listen(80, "0.0.0.0", function () { console.log(this.address().port); this.close(); })';
    const { status, stdout, stderr } = await world.run([process.execPath, '-e', program]);
    assert.deepEqual([status, stdout, stderr], [0, '80\n', '']);
  });

  it('has namespaces of its own, in which it is not the first process and finds no other', async () => {
    const script = 'for n in user pid mnt ipc net; do readlink /proc/self/ns/$n; done; echo $$; echo /proc/[0-9]*';
    const printed = (await world.prints(script)).split('\n');
    const own = ['user', 'pid', 'mnt', 'ipc', 'net'].map((name) => readlinkSync(`/proc/self/ns/${name}`));
    for (const [index, name] of own.entries()) assert.notEqual(printed[index], name);
    const [pid = '', processes = ''] = printed.slice(5);
    assert.ok(Number(pid) > 1 && Number(pid) < 100, pid);
    assert.equal(processes, `/proc/1 /proc/${pid}`);
  });

  it("works in the folder of the developer, and what it makes there is the developer's", async () => {
    assert.equal(
      await world.prints('pwd; cat app.txt; echo made >made.txt; stat -c %u app.txt'),
      lines(world.project, 'the application', uid),
    );
    assert.equal(statSync(join(world.project, 'made.txt')).uid, mode === 'root' ? 0 : userUid);
  });

  it('finds no data folder, no control socket and no session, and cannot write where they were', async () => {
    const { folder } = world.fabric.place;
    const script = `ls -A postern-data ${folder}/control /run/netns; cat postern-data/connection.json ${folder}/control/state.json
      for f in postern-data ${folder} ${folder}/control; do touch $f/x; done`;
    const seen = await world.prints(script);
    assert.doesNotMatch(seen, /connection\.json\n|net\.sock|of-the|secret|^pt-/m);
    assert.equal(seen.match(/^touch: .*(?:Permission denied|Read-only file system)$/gm)?.length, 3, seen);
  });

  it('resolves names by the responder of the fabric only', async () => {
    const seen = await world.prints(
      'cat /etc/resolv.conf /etc/hosts; grep -c ^hosts: /etc/nsswitch.conf; grep ^hosts: /etc/nsswitch.conf',
    );
    assert.equal(seen, lines('nameserver 168.63.129.16', '127.0.0.1 localhost', 1, 'hosts: files dns'));
  });

  it('trusts the authority of the fabric beside what it trusted, and no proxy or other identity leads it elsewhere', async () => {
    const roots = join(world.project, 'own.pem');
    writeFileSync(roots, 'no certificate\n-----BEGIN CERTIFICATE-----\nown\n-----END CERTIFICATE-----\n');
    chmodSync(roots, 0o644);
    const env = {
      SSL_CERT_FILE: roots,
      CURL_CA_BUNDLE: '/etc/ssl/certs/ca-certificates.crt',
      HTTPS_PROXY: 'http://127.0.0.1:9',
      http_proxy: 'http://127.0.0.1:9',
      IDENTITY_ENDPOINT: 'x',
      AZURE_CLIENT_SECRET: 'x',
      AZURE_CLIENT_ID: 'x',
      MY_OWN: 'stays',
    };
    const script =
      'cat "$SSL_CERT_FILE"; tail -n 1 "$CURL_CA_BUNDLE"; cat "$NODE_EXTRA_CA_CERTS"; env | grep -iE "proxy|^IDENTITY|^AZURE_C|^MY"; true';
    const seen = await world.prints(script, { env });
    const [config = ''] = /AZURE_CONFIG_DIR=.*\n/.exec(seen) ?? [];
    assert.match(config, /\/\.cache\/postern\/azure-[\da-f]{6}\n/);
    const ours = 'the authority of the fabric';
    assert.equal(
      seen.replace(config, ''),
      lines('-----BEGIN CERTIFICATE-----', 'own', '-----END CERTIFICATE-----', ours, ours, ours, 'MY_OWN=stays'),
    );
  });

  it('is the identity that was asked for, and names a user-assigned one', async () => {
    const options = ['--subnet', 'prod/web', '--as', 'shop'];
    assert.equal(await world.prints('echo $AZURE_CLIENT_ID', { options }), 'client-of-the-shop\n');
    assert.equal(world.fabric.requests.at(-1)?.['identityHeader'], 'of-the-shop');
    const unknown = await world.run(['true'], { options: ['--subnet', 'prod/web', '--as', 'nobody'] });
    assert.equal(unknown.status, 1);
    assert.match(
      unknown.stderr,
      /^error: There is no identity 'nobody' for a program\.\nhint: There are: developer, shop\./,
    );
  });

  if (mode === 'root') {
    it('may have 4096 processes', async () => {
      assert.match(await world.prints('grep "Max processes" /proc/self/limits'), /\s4096\s+4096\s/);
    });

    it('has an account and a home for its uid', async () => {
      const script = 'id -un; id -gn; cd; pwd; echo x >x; cat x; echo $USER $LOGNAME $SHELL';
      const home = '/run/postern-net/home';
      assert.equal(await world.prints(script), lines('workload', 'workload', home, 'x', 'workload workload /bin/sh'));
    });

    it('is the user who called sudo', async () => {
      const env = { SUDO_UID: String(userUid), SUDO_GID: String(userUid) };
      const script = 'id -u; id -g; grep -E "^(CapEff|NoNewPrivs)" /proc/self/status';
      assert.equal(
        await world.prints(script, { env, options: [...inSubnet, '--folder', ownFolders[0] ?? ''] }),
        lines(userUid, userUid, 'CapEff:\t0000000000000000', 'NoNewPrivs:\t1'),
      );
      const ofRoot = { SUDO_UID: '0', SUDO_GID: '0' };
      assert.equal(await world.prints('id -u', { env: ofRoot }), lines(poolUid));
    });
  }

  it('is a host on the internet, without an identity', async () => {
    const options = ['--internet', '--address', '203.0.113.7'];
    assert.equal((await world.run(['true'], { options })).status, 0);
    const { pid, ...request } = world.fabric.requests.at(-1) ?? {};
    assert.deepEqual(request, { join: 'internet', address: '203.0.113.7' });
    assert.equal(typeof pid, 'number');
  });

  it('has streams, exit status, environment and command of its own', async () => {
    assert.deepEqual(await world.run(['sh', '-c', 'cat; echo no >&2; exit 7'], { input: 'in' }), {
      status: 7,
      stdout: 'in',
      stderr: 'no\n',
    });
    assert.equal((await world.run(['sh', '-c', 'kill -TERM $$'])).status, 143);
    assert.equal((await world.run(['sh', '-c', 'kill -KILL $$'])).status, 137);
    assert.equal(await world.prints('grep SigIgn /proc/self/status'), 'SigIgn:\t0000000000000000\n');
    assert.equal(await world.prints('ls /proc/self/fd'), lines(0, 1, 2, 3));
    assert.equal(await world.prints('env | grep -icE "^postern|^PS1"'), '0\n');
    writeFileSync(join(world.project, 'a=b'), '#!/bin/sh\nprintf "<%s>" "$@"\n');
    chmodSync(join(world.project, 'a=b'), 0o755);
    assert.equal((await world.run([join(world.project, 'a=b'), 'x y', '', '--', '-z'])).stdout, '<x y><><--><-z>');
  });

  it('is told which program is not there, or cannot be run', async () => {
    const closed = join(world.project, 'closed');
    mkdirSync(closed, { mode: 0o000 });
    const env = { PATH: `${closed}:/usr/bin:/bin:` };
    const outcome = async (...command: string[]) => {
      const { status, stderr } = await world.run(command, { env });
      return [status, stderr];
    };
    const missing = "error: There is no program 'no-such-program' in PATH.\n";
    assert.deepEqual(await outcome('no-such-program'), [127, missing]);
    assert.deepEqual(await outcome('/no/such'), [127, 'error: There is no program /no/such.\n']);
    assert.deepEqual(await outcome('app.txt'), [126, 'error: app.txt cannot be run: Permission denied.\n']);
    assert.equal(await world.prints('echo $PATH; ls -d /usr', { env }), '/usr/bin:/bin:\n/usr\n');
  });

  it("has the environment of its caller with any names and values, and nothing that is the caller's own", async () => {
    const env = {
      'a.b': '1',
      'BASH_FUNC_f%%': '() { :; }',
      EMPTY: '',
      LINES_: 'one\ntwo=\n',
      postern_0: 'x=y',
      POSTERN_MASTER_KEY: 'secret',
      SSH_AUTH_SOCK: '/x',
      DBUS_SESSION_BUS_ADDRESS: 'x',
      XDG_RUNTIME_DIR: '/x',
      TMPDIR: '/x',
      SSHFOO: 'stays',
    };
    const script =
      'print join "", map { "<$_=$ENV{$_}>" } sort grep { /^(a\\.b|BASH_FUNC|EMPTY|LINES_|postern|POSTERN|SSH|DBUS|XDG_R|TMP)/ } keys %ENV';
    // The shell of bin/postern passes on only what can be a variable of its own.
    const line = [process.execPath, main, ...world.line(['perl', '-e', script]).slice(1)];
    const { stdout, stderr } = await ended(world.startLine(line, { env: { ...plain, ...env } }));
    assert.deepEqual(
      [stdout, stderr],
      ['<BASH_FUNC_f%%=() { :; }><EMPTY=><LINES_=one\ntwo=\n><SSHFOO=stays><a.b=1><postern_0=x=y>', ''],
    );
  });

  it('is launched by programs that read none of its environment, which shows in no command line', async () => {
    writeFileSync(join(world.project, 'libmount.so.1'), 'no library');
    const value = `secret-${process.pid}`;
    const env = {
      LD_LIBRARY_PATH: ':/nowhere',
      LIBMOUNT_FSTAB: '/nowhere',
      VALUE: value,
      BASH_ENV: '/nowhere',
      POSIXLY_CORRECT: '1',
    };
    const child = world.start(['sh', '-c', 'echo $LD_LIBRARY_PATH; read line'], { env });
    const printed: unknown[] = await once(child.stdout, 'data');
    assert.equal(String(printed[0]), ':/nowhere\n');
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      assert.ok(!commandLine(pid).includes(value), commandLine(pid));
    }
    child.stdin.end('end\n');
    assert.equal((await ended(child)).stderr, '');
  });

  it('has no descriptor of its caller but the first three', async () => {
    const opening = ['perl', '-e', '$^F = 255; open $f[$_], "<", "app.txt" for 0 .. 60; exec @ARGV'];
    const { stdout } = await ended(world.startLine([...opening, 'ls', '/proc/self/fd'], {}));
    assert.ok(stdout.includes('\n44\n'), stdout);
    const own = await ended(world.startLine([...opening, ...world.line(['ls', '/proc/self/fd'])], {}));
    assert.deepEqual([own.stdout, own.stderr], [lines(0, 1, 2, 3), '']);
  });

  it('gets the signals that are sent to its command line', async () => {
    for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const) {
      const name = signal.slice(3);
      const child = world.start([
        'sh',
        '-c',
        // No child in the loop: one that the signal kills may give the shell its own status.
        `trap 'echo got ${name}; exit 3' ${name}; echo ready; while :; do :; done`,
      ]);
      await once(child.stdout, 'data');
      child.kill(signal);
      assert.deepEqual(await ended(child), { status: 3, stdout: `got ${name}\n`, stderr: '' });
    }
  });

  it('says that the networks are taken down when it is ended with them, once', async (t) => {
    const mark = join(world.fabric.place.folder, 'ends');
    writeFileSync(mark, '');
    t.after(() => rmSync(mark));
    for (const command of ['trap "exit 3" TERM; echo ready; while :; do sleep 0.1; done', 'echo ready; exit 3']) {
      const child = world.start(['sh', '-c', command]);
      const isEnded = command.startsWith('trap');
      await once(child.stdout, 'data');
      if (isEnded) child.kill('SIGTERM');
      const said = 'postern: The virtual networks were taken down, and this program is ended with them.\n';
      assert.deepEqual(await ended(child), { status: 3, stdout: '', stderr: isEnded ? said : '' });
    }
  });

  it('leaves no process when it ends, nor when its command line is killed', async () => {
    for (const signal of [undefined, 'SIGKILL'] as const) {
      const mark = `61.${process.pid}${signal === undefined ? 1 : 2}`;
      const wait = signal === undefined ? 'sleep 0.2' : 'wait';
      const child = world.start(['sh', '-c', `sleep ${mark} & (sleep ${mark} &); echo ready; ${wait}`]);
      await once(child.stdout, 'data');
      await until(() => withArgument(mark).length === 2, 'both of its processes run');
      if (signal !== undefined) child.kill(signal);
      await once(child, 'exit');
      await until(() => withArgument(mark).length === 0, 'all of its processes end');
    }
  });

  it('is refused in the words of the fabric, and of what was asked', async () => {
    world.fabric.refusal = { ok: false, message: 'The address 10.0.0.4 is taken.', hint: 'Leave --address out.' };
    assert.deepEqual(await world.run(['true']), {
      status: 1,
      stdout: '',
      stderr: 'error: The address 10.0.0.4 is taken.\nhint: Leave --address out.\n',
    });
    world.fabric.refusal = undefined;
    const errorOf = async (...options: string[]) => (await world.run(['true'], { options })).stderr.split('\n')[0];
    assert.equal(await errorOf(), 'error: --subnet is missing.');
    assert.equal(await errorOf('--internet'), 'error: --internet needs an --address.');
    assert.equal(
      await errorOf('--internet', '--subnet', 'a/b'),
      'error: A program is in a --subnet or on the --internet, not both.',
    );
    assert.equal(
      await errorOf('--internet', '--address', '203.0.113.7', '--as', 'shop'),
      'error: A host on the internet has no managed identity.',
    );
  });
}

const main = join(import.meta.dirname, '../../bin/main.mjs');
const inSubnet = ['--subnet', 'prod/web'];

/** The processes with this argument. */
function withArgument(mark: string): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => commandLine(pid).startsWith(`sleep\0${mark}`));
}

/** Empty for a process that has ended. */
function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

function lines(...all: readonly (string | number)[]): string {
  return all.map((line) => `${line}\n`).join('');
}
