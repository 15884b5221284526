import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { notRun } from '../not-run.ts';
import { startCommand, until } from '../world/process.ts';
import { goProgram } from '../world/go-program.ts';
import type { RunningPostern } from '../world/process.ts';

const root = join(import.meta.dirname, '../..');
const postern = join(root, 'bin/postern');
const register = join(root, 'src/cli/register.ts');
const isRoot = process.geteuid?.() === 0;
/** Started by root or not, all of this is an ordinary user's. */
const uid = isRoot ? 61_045 : (process.geteuid?.() ?? 0);
const asUser = isRoot ? ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--'] : [];
const intoNamespace = ['unshare', '--user', '--mount', '--map-current-user', '--keep-caps', 'sh', '-c'];
const dropped = 'exec setpriv --inh-caps=-all --ambient-caps=-all "$@"';

const sample = `import { DefaultAzureCredential } from '@azure/identity';
import { SecretClient } from '@azure/keyvault-secrets';
const client = new SecretClient(process.env.KEYVAULT_URL, new DefaultAzureCredential());
client.getSecret('greeting').then(({ value }) => console.log(value), (error) => {
  console.error(error.message);
  process.exitCode = 3;
});
`;
const pythonSample = `import os
from azure.identity import DefaultAzureCredential
from azure.keyvault.secrets import SecretClient
print(SecretClient(os.environ['KEYVAULT_URL'], DefaultAzureCredential()).get_secret('greeting').value)
`;
const javaSample = `import java.net.URI;
import java.net.http.*;
public class Sample {
  public static void main(String[] a) throws Exception {
    HttpClient client = HttpClient.newHttpClient();
    String vault = System.getenv("KEYVAULT_URL");
    String resource = "https://" + vault.substring(vault.indexOf('.') + 1);
    String endpoint = System.getenv("IDENTITY_ENDPOINT") + "?api-version=2019-08-01&resource=" + resource;
    String token = client.send(HttpRequest.newBuilder(URI.create(endpoint))
        .header("X-IDENTITY-HEADER", System.getenv("IDENTITY_HEADER")).build(), HttpResponse.BodyHandlers.ofString()).body();
    token = token.replaceAll(".*\\"access_token\\":\\"([^\\"]+)\\".*", "$1");
    System.out.println(client.send(HttpRequest.newBuilder(URI.create(vault + "/secrets/greeting?api-version=7.4"))
        .header("Authorization", "Bearer " + token).build(), HttpResponse.BodyHandlers.ofString()).body());
  }
}
`;
/** Without what this machine says of roots, proxies and identities. */
const plain = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !/CERT|_CA_|CAINFO|proxy|^NODE_COMPILE_CACHE$|^AZURE_|^MSI_|^IDENTITY_/i.test(name),
  ),
);

const folder = mkdtempSync(join(tmpdir(), 'postern-run-'));
const data = join(folder, 'data');
const inFolder = (name: string) => join(folder, name);
let server: RunningPostern;
const vault = (name: string) => `https://${name}${server.ready.vaultSuffix}`;

before(async () => {
  chmodSync(folder, 0o755);
  if (isRoot) chownSync(folder, uid, uid);
  writeFileSync(inFolder('sample.py'), pythonSample);
  writeFileSync(inFolder('Sample.java'), javaSample);
  // As on a machine whose resolver knows nothing of *.localhost: Debian's libnss-myhostname would.
  writeFileSync(inFolder('nsswitch.conf'), 'hosts: files\n');
  server = await startCommand([...asUser, postern, 'start', '--data', data]);
});

after(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

interface Setting {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

/** A command of an ordinary user on a machine whose resolver reads files only. */
function onPlainMachine(command: readonly string[]): readonly [string, ...string[]] {
  const script = `mount --bind "$0" /etc/nsswitch.conf; ${dropped}`;
  return [...asUser, ...intoNamespace, script, inFolder('nsswitch.conf'), ...command] as unknown as [
    string,
    ...string[],
  ];
}

function call(command: readonly string[], { env = {}, input = '' }: Setting = {}) {
  const [name, ...rest] = onPlainMachine(command);
  const { status, signal, stdout, stderr } = spawnSync(name, rest, {
    env: { ...plain, KEYVAULT_URL: vault('open'), ...env },
    encoding: 'utf8',
    cwd: root,
    input,
  });
  return { status: status ?? signal, stdout, stderr };
}

const run = (...command: readonly string[]) => [postern, 'run', '--data', data, '--', ...command];
const node = (...rest: readonly string[]) => [process.execPath, '--input-type=module', ...rest, '-e', sample];
/** Compiled once: the compiler takes longer than the program. */
function javaProgram(): readonly string[] {
  if (!existsSync(inFolder('Sample.class'))) {
    const { stderr } = spawnSync('javac', ['-d', folder, inFolder('Sample.java')], { encoding: 'utf8' });
    assert.equal(stderr, '');
  }
  return ['java', '-cp', folder, 'Sample'];
}
const has = (...command: readonly string[]) => spawnSync(command[0] ?? '', command.slice(1)).status === 0;

describe('a program that nobody changed, started by "postern run"', () => {
  it('reads a secret in JavaScript, and is told why from the vault that does not let it in', () => {
    assert.deepEqual(call(run(...node())), { status: 0, stdout: 'hello from the open vault\n', stderr: '' });
    const denied = call(run(...node()), { env: { KEYVAULT_URL: vault('demo') } });
    assert.equal(denied.status, 3);
    assert.match(denied.stderr, /^Client address is not authorized.*\r\nClient address: 203\.0\.113\.1\r\n/);
  });

  it('does not see the names without it', () => {
    const { status, stderr } = call(node());
    assert.equal(status, 3);
    assert.match(stderr, /ENOTFOUND|CredentialUnavailable|authentication failed/);
  });

  it('is not led elsewhere by what it inherits', () => {
    const env = {
      AZURE_CLIENT_ID: 'x',
      AZURE_TENANT_ID: 'y',
      AZURE_CLIENT_SECRET: 'z',
      MSI_ENDPOINT: 'http://127.0.0.1:9',
    };
    assert.equal(call(run(...node()), { env }).stdout, 'hello from the open vault\n');
  });

  it('reads a secret in Python', () => {
    const python = ['/usr/bin/python3', inFolder('sample.py')];
    if (!has('/usr/bin/python3', '-c', 'import azure.identity, azure.keyvault.secrets')) {
      notRun('a Python program by "postern run"', 'needs the Debian packages python3-azure and azure-cli');
      return;
    }
    assert.deepEqual(call(run(...python)), { status: 0, stdout: 'hello from the open vault\n', stderr: '' });
  });

  it('reads a secret in Java, whose roots are a file of its own', () => {
    if (!has('javac', '--version')) {
      notRun('a Java program by "postern run"', 'needs the Debian package default-jdk-headless');
      return;
    }
    const { status, stdout, stderr } = call(run(...javaProgram()));
    assert.deepEqual([status, stderr], [0, '']);
    assert.match(stdout, /"value":"hello from the open vault"/);
  });

  it('reads a secret in Go, whose resolver is its own', () => {
    if (!has('go', 'version')) {
      notRun('a Go program by "postern run"', 'needs the Debian package golang-go');
      return;
    }
    writeFileSync(inFolder('sample.go'), goProgram);
    const go = { ...plain, CGO_ENABLED: '0', GOTOOLCHAIN: 'local', GO111MODULE: 'off' };
    const program = inFolder('sample');
    const built = spawnSync('go', ['build', '-o', program, inFolder('sample.go')], { env: go, encoding: 'utf8' });
    assert.equal(built.stderr, '');
    const { status, stdout } = call(run(program));
    assert.match(stdout, /"value":"hello from the open vault"/);
    assert.equal(status, 0);
  });

  it('does not ask a proxy for our names, and curl trusts them', () => {
    const env = { https_proxy: 'http://127.0.0.1:9', HTTPS_PROXY: 'http://127.0.0.1:9' };
    const asked = call(run('curl', '-sS', `${vault('open')}/secrets?api-version=7.4`), { env });
    assert.equal(asked.stderr, '');
    assert.match(asked.stdout, /AKV10000/);
  });

  it('still trusts what it trusted', async () => {
    if (!has('openssl', 'version')) {
      notRun('the roots of a program by "postern run"', 'needs the Debian package openssl');
      return;
    }
    const made = ['-keyout', inFolder('other.key'), '-out', inFolder('other.pem'), '-days', '1'];
    const named = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    assert.ok(has('openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...made, ...named));
    const [key, cert] = [readFileSync(inFolder('other.key')), readFileSync(inFolder('other.pem'))];
    const other = createServer({ cert, key }, (_, response) => response.end('other'));
    await once(other.listen(0, '127.0.0.1'), 'listening');
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const curl = run(
      'curl',
      '-sS',
      `https://localhost:${port}`,
      '--next',
      '-sS',
      `${vault('open')}/secrets?api-version=7.4`,
    );
    const [name, ...rest] = onPlainMachine(curl);
    const asked = spawn(name, rest, { env: { ...plain, SSL_CERT_FILE: inFolder('other.pem') } });
    let stdout = '';
    asked.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    let stderr = '';
    asked.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    await once(asked, 'close');
    other.close();
    assert.equal(stderr, '');
    assert.match(stdout, /^other\{.*AKV10000/);
  });

  it('finds a vault that is made while it runs', async () => {
    const name = 'made-meanwhile';
    const [command, ...rest] = onPlainMachine(
      run('sh', '-c', `getent hosts "$0" || echo none; read line; getent hosts "$0"`, `${name}.vault.localhost`),
    );
    const child = spawn(command, rest, { env: plain });
    let stdout = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    await until(() => stdout !== '', 'the program asks');
    const { tenantId } = server.ready;
    const id = `/resourceGroups/demo/providers/Microsoft.KeyVault/vaults/${name}`;
    const made = await server.client.arm('PUT', id, {
      location: 'westeurope',
      properties: { tenantId, sku: { family: 'A', name: 'standard' }, accessPolicies: [] },
    });
    assert.ok(made.status < 300, JSON.stringify(made.body));
    child.stdin.end('\n');
    await once(child, 'close');
    assert.match(stdout, /^none\n127\.0\.0\.1 +made-meanwhile\.vault\.localhost\n$/);
  });
});

describe('the process of a program', () => {
  it('is its own: exit status, signals, streams', () => {
    assert.deepEqual(call(run('sh', '-c', 'cat; echo no >&2; exit 7'), { input: 'in' }), {
      status: 7,
      stdout: 'in',
      stderr: 'no\n',
    });
    assert.equal(call(run('sh', '-c', 'kill -TERM $$')).status, 'SIGTERM');
    assert.equal(
      call(run('sh', '-c', `exec "$@"`, 'sh', postern, 'run', '--data', data, '--', 'sh', '-c', 'exit 143')).status,
      143,
    );
    assert.equal(call(run('grep', 'SigIgn', '/proc/self/status')).stdout, 'SigIgn:\t0000000000000000\n');
    assert.match(call(run('grep', 'CapEff', '/proc/self/status')).stdout, /0000000000000000/);
    assert.equal(call(run('no-such-command'), { env: { PATH: '/usr/bin:/bin' } }).status, 127);
  });

  it('has its environment and its command as they were given', () => {
    const lower = { bin: '1', inside: '2', reason: '3', self: '4', target: '5', warning: '6' };
    const script = 'echo "$bin$inside$reason$self$target$warning"; env | grep -c -i "^postern\\|^NODE_COMPILE"';
    assert.equal(call(run('sh', '-c', script), { env: lower }).stdout, '123456\n0\n');
    writeFileSync(inFolder('a=b'), '#!/bin/sh\necho ran "$@"\n', { mode: 0o755 });
    assert.equal(call(run(inFolder('a=b'), 'x y', '', '--', '-z')).stdout, 'ran x y  -- -z\n');
  });

  it('is the one that was started: what stops or kills it leaves nothing', async (t) => {
    for (const end of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGKILL'] as const) {
      const [name, ...rest] = onPlainMachine(run('sh', '-c', 'echo $$; exec sleep 1000'));
      const child = spawn(name, rest, { env: plain });
      t.after(() => child.kill('SIGKILL'));
      const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
      const pid = Number(chunk.toString());
      assert.equal(pid, child.pid);
      if (end === 'SIGTERM') {
        // Not SIGTSTP, which the kernel ignores in a group without a shell, as in CI; the terminal below sends that.
        process.kill(pid, 'SIGSTOP');
        await until(() => stateOf(pid) === 'T', 'it stops');
        process.kill(pid, 'SIGCONT');
        await until(() => stateOf(pid) === 'S', 'it continues');
      }
      process.kill(pid, end);
      await once(child, 'close');
      assert.equal(child.signalCode, end);
      assert.equal(stateOf(pid), undefined);
    }
  });

  it('has the terminal, with job control', async (t) => {
    if (!has('script', '--version') || !has('bash', '--version')) {
      notRun('"postern run" in a terminal', 'needs script and bash (Debian: bsdutils, bash)');
      return;
    }
    const [name, ...rest] = onPlainMachine(['script', '-qec', run('bash', '--norc', '-i').join(' '), '/dev/null']);
    const child = spawn(name, rest, { env: { ...plain, PS1: '> ', SHELL: '/bin/sh' } });
    t.after(() => child.kill('SIGKILL'));
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    await until(() => output.includes('> '), 'a prompt');
    child.stdin.write('tty >/dev/null && echo is-"a"-terminal\n');
    await until(() => output.includes('is-a-terminal'), 'the terminal');
    child.stdin.write('sleep 1000\n');
    await until(() => output.includes('sleep 1000'), 'the command');
    await new Promise((resolve) => setTimeout(resolve, 300));
    child.stdin.write('\u001A');
    await until(() => /Stopped +sleep 1000/.test(output), 'Ctrl-Z stops it');
    child.stdin.write('fg\n');
    await new Promise((resolve) => setTimeout(resolve, 300));
    child.stdin.write('\u0003');
    child.stdin.write('echo status-$?\n');
    await until(() => output.includes('status-130'), 'Ctrl-C ends it, not the shell');
    child.stdin.write('exit 7\n');
    await once(child, 'close');
    assert.equal(child.exitCode, 7);
  });
});

describe('where namespaces are forbidden', () => {
  /** A user namespace in which no other may be made, as some kernels are set up. */
  const forbidden = (command: readonly string[], prepare = 'true') => [
    ...intoNamespace,
    `${prepare}; echo 0 > /proc/sys/user/max_user_namespaces; ${dropped}`,
    'postern',
    ...command,
  ];

  it('"run" names the lines that are missing, and runs with the rest', () => {
    const { status, stdout, stderr } = call(forbidden(run('sh', '-c', 'echo "$IDENTITY_ENDPOINT"; exit 7')));
    assert.equal(status, 7);
    assert.equal(stdout, `${server.ready.home}/msi/token\n`);
    assert.match(stderr, /^postern: the program cannot have files of its own here: unshare: unshare failed: .*\n/);
    assert.ok(stderr.includes(`the lines at the end of ${join(data, 'hosts')} in /etc/hosts`), stderr);
    assert.match(
      readFileSync(join(data, 'hosts'), 'utf8'),
      /\n127\.0\.0\.1 localhost\n127\.0\.0\.1 demo\.vault\.localhost\n/,
    );
  });

  it('"run" and "env --java" let a program in Java trust the server, which finds the names by other means', () => {
    if (!has('javac', '--version')) {
      notRun('a Java program without a namespace', 'needs the Debian package default-jdk-headless');
      return;
    }
    const java = javaProgram();
    const env = { JAVA_TOOL_OPTIONS: '-Dsample.inherited=1' };
    const byEnvironment = ['sh', '-c', `eval "$('${postern}' env --java --data '${data}')"; exec "$@"`, 'sh', ...java];
    for (const command of [run(...java), byEnvironment]) {
      const { status, stdout, stderr } = call(forbidden(command, `mount --bind '${join(data, 'hosts')}' /etc/hosts`), {
        env,
      });
      assert.equal(status, 0, stderr);
      assert.match(stdout, /"value":"hello from the open vault"/);
      assert.match(
        stderr,
        /^Picked up JAVA_TOOL_OPTIONS: -Dsample\.inherited=1 -Djavax\.net\.ssl\.trustStore=\S+\.jks$/m,
      );
    }
  });

  it('"node --import postern/register" reads a secret, also with fetch', () => {
    const env = { POSTERN_DATA: data };
    assert.deepEqual(call(forbidden(node('--import', register)), { env }), {
      status: 0,
      stdout: 'hello from the open vault\n',
      stderr: '',
    });
    const fetched = `console.log((await fetch('${vault('open')}/secrets?api-version=7.4')).status)`;
    assert.equal(
      call(forbidden([process.execPath, '--import', register, '--input-type=module', '-e', fetched]), { env }).stdout,
      '401\n',
    );
  });

  it('"env" gives a shell the same, where the names resolve by other means', () => {
    const script = `eval "$('${postern}' env --data '${data}')"; exec "$@"`;
    const curl = ['curl', '-sS', '--connect-to', '::127.0.0.1:', `${vault('open')}/secrets?api-version=7.4`];
    const { stdout, stderr } = call(forbidden(['sh', '-c', script, 'sh', ...curl]));
    assert.equal(stderr, '');
    assert.match(stdout, /AKV10000/);
  });
});

describe('"postern env"', () => {
  const env = (...options: readonly string[]) =>
    call([postern, 'env', '--data', data, ...options], { env: { AZURE_TENANT_ID: 'x' } });

  it('prints the same variables in four forms', () => {
    const header = readFileSync(join(data, 'connection.json'), 'utf8').match(/"identityHeader":"([^"]+)"/)?.[1] ?? '';
    const { IDENTITY_HEADER: inJson, AZURE_TENANT_ID: removed } = JSON.parse(env('--json').stdout) as Record<
      string,
      unknown
    >;
    assert.deepEqual([inJson, removed], [header, null]);
    assert.match(env().stdout, new RegExp(`^export IDENTITY_HEADER='${header}'$[^]*^unset AZURE_TENANT_ID$`, 'm'));
    assert.match(env('--dotenv').stdout, new RegExp(`^IDENTITY_HEADER="${header}"$`, 'm'));
    assert.match(env('--github').stdout, new RegExp(`^IDENTITY_HEADER=${header}$[^]*^AZURE_TENANT_ID=$`, 'm'));
    assert.equal(
      env('--github', '--shell').stderr,
      'error: --shell and --github cannot be used together; give one of them.\n',
    );
  });

  it('gives the Azure CLI a configuration of its own, with our cloud in it', () => {
    const { AZURE_CONFIG_DIR: made } = JSON.parse(env('--az', '--json').stdout) as Record<string, string>;
    const clouds = readFileSync(join(made ?? '', 'clouds.config'), 'utf8');
    assert.match(clouds, new RegExp(`^\\[Postern\\]$[^]*^endpoint_resource_manager = ${server.ready.home}$`, 'm'));
    assert.equal(readFileSync(join(made ?? '', 'config'), 'utf8'), '[cloud]\nname = Postern\n');
  });
});

function stateOf(pid: number): string | undefined {
  try {
    return / ([A-Z]) /.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];
  } catch {
    return undefined;
  }
}
