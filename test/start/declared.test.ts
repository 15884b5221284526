import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { azIsInstalled } from '../azure-cli/az.ts';
import { askSupervisor, openSupervisor } from '../../src/cli/control.ts';
import { readConnection } from '../../src/cli/connection.ts';
import { readSubnets, subnetNamed } from '../../src/cli/exec/declared.ts';
import { notRun } from '../not-run.ts';
import { startPostern, until } from '../world/process.ts';
import { goProgram } from '../world/go-program.ts';
import type { RunningPostern } from '../world/process.ts';

const root = join(import.meta.dirname, '../..');
const cli = [process.execPath, join(root, 'src/cli/main.ts')];
const folder = mkdtempSync(join(tmpdir(), 'postern-declared-'));
const inFolder = (name: string) => join(folder, name);
const secret = 'hello from behind the boundary';

/** Without what this machine says of roots, proxies and identities. */
const plain = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/CERT|_CA_|CAINFO|proxy|^AZURE_|^MSI_|^IDENTITY_/i.test(name)),
);

const javaScript = `import { DefaultAzureCredential } from '@azure/identity';
import { SecretClient } from '@azure/keyvault-secrets';
const client = new SecretClient(process.env.KEYVAULT_URL, new DefaultAzureCredential());
client.getSecret('greeting').then(({ value }) => console.log(value), (error) => {
  console.error(error.message);
  process.exitCode = 3;
});
`;
const python = `import os
from azure.identity import DefaultAzureCredential
from azure.keyvault.secrets import SecretClient
print(SecretClient(os.environ['KEYVAULT_URL'], DefaultAzureCredential()).get_secret('greeting').value)
`;
/** A server that lets declared subnets satisfy rules, and one that does not. */
let accepting: RunningPostern;
let strict: RunningPostern;

before(async () => {
  writeFileSync(inFolder('sample.py'), python);
  writeFileSync(inFolder('sample.go'), goProgram);
  [accepting, strict] = await Promise.all([
    startPostern(['--data', inFolder('accepting'), '--accept-declared']),
    startPostern(['--data', inFolder('strict')]),
  ]);
});

after(async () => {
  await Promise.all([accepting[Symbol.asyncDispose](), strict[Symbol.asyncDispose]()]);
  rmSync(folder, { recursive: true, force: true });
});

const vaultOf = ({ ready }: RunningPostern, name: string) => `https://${name}${ready.vaultSuffix}`;
const blue = 'demo-blue/workloads';

interface Setting {
  readonly server?: RunningPostern;
  readonly subnet?: string;
  readonly vault?: string;
  readonly options?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

function argumentsFor(command: readonly string[], { server = accepting, subnet = blue, options = [] }: Setting) {
  const [name = '', main = ''] = cli;
  const place = ['--declared', '--subnet', subnet, '--data', server.ready.dataDir];
  return { name, rest: [main, 'exec', ...place, ...options, '--', ...command] };
}

function environmentFor({ server = accepting, vault = 'demo', env = {} }: Setting) {
  return { ...plain, KEYVAULT_URL: vaultOf(server, vault), ...env };
}

/** Runs a program that declares its subnet, and leaves out what the command itself says. */
function declare(command: readonly string[], setting: Setting = {}) {
  const { name, rest } = argumentsFor(command, setting);
  const env = environmentFor(setting);
  const { status, stdout, stderr } = spawnSync(name, rest, { env, encoding: 'utf8', cwd: root });
  const lines = stderr.split('\n');
  const own = lines.filter((line) => !line.startsWith('postern: ')).join('\n');
  return { status, stdout, stderr: own, said: lines.filter((line) => line.startsWith('postern: ')).join('\n') };
}

const node = (program: string) => [process.execPath, '--input-type=module', '-e', program];
const has = (...command: readonly string[]) => spawnSync(command[0] ?? '', command.slice(1)).status === 0;

interface Row {
  readonly operationName: string;
  readonly callerIpAddress?: string;
  readonly properties: {
    readonly assurance?: string;
    readonly verdict?: { readonly allowed: boolean; readonly because: string };
  };
}

const decided = ({ assurance, verdict }: Row['properties']) => [assurance, verdict?.allowed, verdict?.because];

/** The records of reads of secrets, newest first. */
function reads({ ready }: RunningPostern): readonly Row[] {
  const lines = readFileSync(join(ready.dataDir, 'audit/audit.jsonl'), 'utf8').trim().split('\n');
  const rows = lines.map((line): Row => JSON.parse(line) as Row);
  return rows.filter(({ operationName }) => operationName === 'SecretGet').toReversed();
}

/** The result of a client through the proxy: the status of its request for a connection, and of the request inside. */
function through(proxy: string, url: string): string {
  const from = ['-x', proxy, '--cacert', accepting.ready.caFile];
  const shown = ['-s', '-o', inFolder('answer'), '-w', '%{http_connect} %{http_code}'];
  return spawnSync('curl', [...shown, ...from, url], { env: plain, encoding: 'utf8' }).stdout;
}

describe('a program that declares its subnet', () => {
  it('reads a secret by the official client for JavaScript, and is told that nothing is enforced', () => {
    const { said, ...result } = declare(node(javaScript));
    assert.deepEqual(result, { status: 0, stdout: `${secret}\n`, stderr: '' });
    assert.match(said, /^postern: demo-blue\/workloads \(10\.0\.0\.4\) is declared, not enforced: /);
    assert.match(said, /This server lets it satisfy virtual network rules/);
    const [{ callerIpAddress, properties } = { properties: {} }] = reads(accepting);
    assert.equal(callerIpAddress, '10.0.0.4');
    assert.deepEqual(decided(properties), ['declared', true, 'virtualNetworkRule']);
  });

  it('is refused where the server does not accept that, with its reason in the record, and by rules alone', () => {
    const denied = declare(node(javaScript), { server: strict });
    assert.equal(denied.status, 3);
    assert.match(denied.stderr, /^Client address is not authorized/);
    assert.match(denied.said, /Virtual network rules do not let it in: the server runs without --accept-declared/);
    const [{ properties } = { properties: {} }] = reads(strict);
    assert.deepEqual(decided(properties), ['declared', false, 'subnetOnlyDeclared']);
    const open = declare(node(javaScript), { server: strict, vault: 'open' });
    assert.deepEqual([open.status, open.stdout], [0, 'hello from the open vault\n']);
  });

  it('is in that subnet and no other with the same addresses', () => {
    const denied = declare(node(javaScript), { subnet: 'demo-green/workloads' });
    assert.equal(denied.status, 3);
    const [{ properties } = { properties: {} }] = reads(accepting);
    assert.deepEqual(decided(properties), ['declared', false, 'noVirtualNetworkRule']);
  });

  it('has the address that it says, by the names of both cases and by the ARM id', () => {
    const curl = ['sh', '-c', 'curl -s -D - -o /dev/null "$KEYVAULT_URL/secrets/greeting?api-version=7.4"'];
    const { stdout } = declare(curl, { subnet: 'Demo-Blue/WORKLOADS', options: ['--address', '10.0.0.77'] });
    assert.match(stdout, /^x-ms-keyvault-network-info: addr=10\.0\.0\.77;/m);
    const group = `/subscriptions/${accepting.ready.subscriptionId}/resourceGroups/demo`;
    const id = `${group}/providers/Microsoft.Network/virtualNetworks/demo-blue/subnets/workloads`;
    assert.match(declare(curl, { subnet: id }).stdout, /^x-ms-keyvault-network-info: addr=10\.0\.0\.4;/m);
  });

  it('reads a secret by curl and by fetch and https of Node, whatever proxies it inherits', () => {
    const env = { NO_PROXY: 'localhost,.localhost', no_proxy: '*', ALL_PROXY: 'http://127.0.0.1:9' };
    const programs = [
      ['sh', '-c', 'curl -sS -D - "$KEYVAULT_URL/secrets/greeting?api-version=7.4"'],
      node(`const { headers } = await fetch(process.env.KEYVAULT_URL + '/secrets/greeting?api-version=7.4');
        console.log('x-ms-keyvault-network-info: ' + headers.get('x-ms-keyvault-network-info'));`),
      node(`import https from 'node:https';
        https.get(process.env.KEYVAULT_URL + '/secrets/greeting?api-version=7.4', (answer) => {
          console.log('x-ms-keyvault-network-info: ' + answer.headers['x-ms-keyvault-network-info']);
          answer.resume();
        });`),
    ];
    for (const program of programs) {
      const { stdout, stderr } = declare(program, { env });
      assert.match(stdout, /^x-ms-keyvault-network-info: addr=10\.0\.0\.4;/m, stderr);
    }
  });

  it('reads a secret by the official client for Python', () => {
    if (!has('/usr/bin/python3', '-c', 'import azure.identity, azure.keyvault.secrets')) {
      notRun('a Python program by "postern exec --declared"', 'needs the Debian packages python3-azure and azure-cli');
      return;
    }
    const { said: _, ...result } = declare(['/usr/bin/python3', inFolder('sample.py')]);
    assert.deepEqual(result, { status: 0, stdout: `${secret}\n`, stderr: '' });
  });

  it('reads a secret in Go', () => {
    if (!has('go', 'version')) {
      notRun('a Go program by "postern exec --declared"', 'needs the Debian package golang-go');
      return;
    }
    const env = { ...plain, GOTOOLCHAIN: 'local', GO111MODULE: 'off' };
    const built = spawnSync('go', ['build', '-o', inFolder('sample'), inFolder('sample.go')], {
      env,
      encoding: 'utf8',
    });
    assert.equal(built.stderr, '');
    const { status, stdout } = declare([inFolder('sample')]);
    assert.equal(status, 0);
    assert.ok(stdout.includes(`"value":"${secret}"`), stdout);
  });

  it('reads a secret by az', () => {
    if (!azIsInstalled()) {
      notRun('az by "postern exec --declared"', 'needs the Debian package azure-cli');
      return;
    }
    const { home, tenantId, clientId, clientSecret } = accepting.ready;
    const env = {
      AZURE_CONFIG_DIR: inFolder('az'),
      AZURE_CORE_INSTANCE_DISCOVERY: 'false',
      AZURE_CORE_COLLECT_TELEMETRY: 'false',
      PYTHONWARNINGS: 'ignore',
      CLIENT_SECRET: clientSecret,
    };
    const script = `az cloud register --name Postern --endpoint-resource-manager '${home}' &&
      az cloud set --name Postern &&
      az login --service-principal --tenant '${tenantId}' -u '${clientId}' -p "$CLIENT_SECRET" --output none &&
      az keyvault secret show --vault-name demo --name greeting --query value --output tsv`;
    const { status, stdout, stderr } = declare(['sh', '-c', script], { env });
    assert.equal(status, 0, stderr);
    assert.equal(stdout.trim(), secret);
    assert.equal(reads(accepting)[0]?.properties.assurance, 'declared');
  });

  it('reaches nothing but this server by HTTPS', () => {
    const { status, stdout } = declare(['curl', '-s', '-w', '%{http_connect}', 'https://example.com/']);
    assert.deepEqual([status, stdout], [56, '403']);
  });

  it('may run commands of ours, which ask the server directly', () => {
    const { dataDir } = accepting.ready;
    for (const command of [['token'], ['secret', 'show', '--vault', 'open', '--name', 'greeting']]) {
      const { status, stdout, stderr } = declare([...cli, ...command, '--data', dataDir]);
      assert.deepEqual([status, stderr], [0, ''], command.join(' '));
      assert.match(stdout, command.length === 1 ? /^eyJ/ : /hello from the open vault/);
    }
  });

  it('needs no namespace and none of their programs', () => {
    const bin = mkdtempSync(join(folder, 'bin-'));
    symlinkSync('/usr/bin/curl', join(bin, 'curl'));
    const curl = ['curl', '-sS', `${vaultOf(accepting, 'demo')}/secrets?api-version=7.4`];
    const { status, stdout, stderr } = declare(curl, { env: { PATH: bin } });
    assert.deepEqual([status, stderr], [0, '']);
    assert.match(stdout, /AKV10000/);
  });
});

describe('the credential', () => {
  const network = '/resourceGroups/demo/providers/Microsoft.Network/virtualNetworks/declared';
  const url = () => `${vaultOf(accepting, 'open')}/secrets?api-version=7.4`;
  const connection = () => readConnection(accepting.ready.dataDir);

  async function put(endpoint: string): Promise<void> {
    const one = { addressPrefix: '10.9.0.0/24', serviceEndpoints: [{ service: endpoint }] };
    const properties = {
      addressSpace: { addressPrefixes: ['10.9.0.0/16'] },
      subnets: [{ name: 'one', properties: one }],
    };
    const { status } = await accepting.client.arm('PUT', network, { location: 'westeurope', properties });
    assert.ok(status < 300, String(status));
  }

  /** A credential by the control socket, as the command gets one. */
  async function credential(address = '10.9.0.4') {
    const { id: subnet, incarnation } = subnetNamed(await readSubnets(connection()), 'declared/one');
    const supervisor = await openSupervisor(connection());
    held.push(supervisor);
    const bound = await supervisor.ask({ bind: 'declared', subnet, incarnation, address });
    return { id: String(bound.get('id')), proxy: String(bound.get('proxy')), subnet, incarnation };
  }

  const held: Disposable[] = [];
  before(() => put('Microsoft.KeyVault'));
  after(() => held.forEach((supervisor) => supervisor[Symbol.dispose]()));

  it('is worth as much in a later worker, and nothing once it is revoked', async () => {
    const { id, proxy } = await credential();
    assert.equal(through(proxy, url()), '200 401');
    const worker = accepting.workerPid();
    process.kill(worker, 'SIGKILL');
    await until(() => through(proxy, url()) === '200 401', 'the next worker');
    assert.notEqual(accepting.workerPid(), worker);
    const listed = await askSupervisor(connection(), { list: 'listeners' });
    const shown = JSON.stringify([...listed]);
    assert.ok(shown.includes(id) && !shown.includes(new URL(proxy).password), shown);
    await askSupervisor(connection(), { unbind: 'declared', id });
    assert.equal(through(proxy, url()), '407 000');
    await assert.rejects(askSupervisor(connection(), { unbind: 'declared', id }), /does not exist/);
    assert.ok(!accepting.stderr().includes(new URL(proxy).password));
  });

  it('is refused while the subnet has no endpoint, and for good when the subnet was made again', async () => {
    const { id, proxy, subnet, incarnation } = await credential();
    await put('Microsoft.Storage');
    assert.equal(through(proxy, url()), '403 000');
    await put('Microsoft.KeyVault');
    assert.equal(through(proxy, url()), '200 401');
    assert.ok((await accepting.client.arm('DELETE', network)).status < 300);
    assert.equal(through(proxy, url()), '407 000');
    await put('Microsoft.KeyVault');
    assert.equal(through(proxy, url()), '407 000');
    const { bindings = [] } = Object.fromEntries(await askSupervisor(connection(), { list: 'listeners' }));
    assert.ok(!JSON.stringify(bindings).includes(id), 'the supervisor holds it no longer');
    const old = { bind: 'declared', subnet, incarnation, address: '10.9.0.4' };
    await assert.rejects(askSupervisor(connection(), old), /There is no subnet .* with the resourceGuid/);
    assert.equal(through((await credential()).proxy, url()), '200 401');
  });

  it('is for an address of the subnet only', async () => {
    await assert.rejects(
      credential('10.9.1.4'),
      /^CommandFailed: The address 10\.9\.1\.4 is not one of 10\.9\.0\.0\/24/,
    );
    await assert.rejects(credential('203.0.113.7'), /is not one of/);
    for (const address of ['10.9.0.0', '10.9.0.3', '10.9.0.255'])
      await assert.rejects(
        credential(address),
        /is reserved: Azure keeps the first four of a subnet and the last\. Give one from 10\.9\.0\.4 to 10\.9\.0\.254\.$/,
      );
    for (const address of ['10.9.0.4', '10.9.0.254']) await credential(address);
  });

  it('ends with its program', () => {
    const { status, stdout } = declare(['sh', '-c', 'echo "$HTTPS_PROXY"; exit 7']);
    assert.equal(status, 7);
    assert.equal(through(stdout.trim(), url()), '407 000');
  });

  it('ends with its program when a signal ends that', async () => {
    const { name, rest } = argumentsFor(['sh', '-c', 'echo "$HTTPS_PROXY"; exec sleep 1000'], {});
    const child = spawn(name, rest, { env: environmentFor({}) });
    const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
    assert.equal(through(chunk.toString().trim(), url()), '200 401');
    child.kill('SIGTERM');
    await once(child, 'close');
    assert.equal(child.exitCode, 143);
    assert.equal(through(chunk.toString().trim(), url()), '407 000');
  });

  it('ends with its command when that is killed, by its program for example, which goes on', async () => {
    const kills = 'echo "$$ $HTTPS_PROXY"; read -r go; kill -KILL "$PPID"; exec sleep 1000';
    const { name, rest } = argumentsFor(['sh', '-c', kills], {});
    const child = spawn(name, rest, { env: environmentFor({}) });
    const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
    const [pid = '', proxy = ''] = chunk.toString().trim().split(' ');
    try {
      assert.equal(through(proxy, url()), '200 401');
      child.stdin.end('go\n');
      await once(child, 'exit');
      assert.equal(child.signalCode, 'SIGKILL');
      await until(() => through(proxy, url()) === '407 000', 'the end of the credential');
      process.kill(Number(pid), 0);
    } finally {
      process.kill(Number(pid));
    }
  });
});

describe('"postern exec --declared" that cannot work', () => {
  const failing = (subnet: string, ...options: readonly string[]) => declare(['true'], { subnet, options });

  it('names what is wrong, and runs nothing', () => {
    const unknown = failing('demo-blue/none');
    assert.deepEqual([unknown.status, unknown.stdout], [1, '']);
    assert.match(
      unknown.stderr,
      /^error: There is no subnet 'demo-blue\/none'\.\nhint: .*There are: .*demo-blue\/workloads/,
    );
    assert.match(
      failing(blue, '--address', '10.7.0.4').stderr,
      /^error: The address 10\.7\.0\.4 is not one of 10\.0\.0\.0\/24/,
    );
    assert.match(failing(blue, '--internet').stderr, /^error: --declared needs a --subnet\./);
    assert.match(failing(blue, '--as', 'nobody').stderr, /^error: There is no identity 'nobody' for a program\./);
    assert.equal(declare(['no-such-command']).status, 127);
  });
});
