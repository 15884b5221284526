import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { suite, test } from 'node:test';
import { issuedIn, subnetNamed, subnetsIn } from '../../src/cli/gateway/answers.ts';
import { haproxyConfiguration } from '../../src/cli/gateway/haproxy.ts';
import { dataFolder, startPostern } from '../world/process.ts';

const postern = join(import.meta.dirname, '../../bin/postern');
const incarnation = 'aaaaaaaa-0000-4000-8000-000000000001';
const networkId = (name: string) =>
  `/subscriptions/5b3c/resourceGroups/rg (1)/providers/Microsoft.Network/virtualNetworks/${name}`.replace(' (1)', '');

function stateWith(names: object = {}) {
  const subnet = { name: 'web', incarnation, serviceEndpoint: true, ...names };
  return { virtualNetworks: [{ id: networkId('prod'), name: 'prod', subnets: [subnet] }] };
}

const certificate = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
const issued = {
  certificate,
  notAfter: '2027-02-24T12:00:00.000Z',
  listen: { address: '192.0.2.10', port: 8444 },
  serverName: 'vaults.example',
  serverAuthorities: certificate,
};

suite("what the server answers, which another host's root puts into HAProxy's configuration", () => {
  const [subnet] = subnetsIn(stateWith());

  test('a subnet is named by NETWORK/SUBNET or its ARM id, in any case of letters', () => {
    for (const asked of ['prod/web', 'PROD/Web', `${networkId('prod')}/subnets/web`]) {
      assert.deepEqual(subnetNamed(asked, subnetsIn(stateWith())), subnet);
    }
  });

  test('a subnet that does not exist, or whose name two have, is refused with those that there are', () => {
    const known = subnetsIn(stateWith());
    assert.throws(() => subnetNamed('prod/db', known), { message: "There is no subnet 'prod/db'.", hint: /prod\/web/ });
    assert.throws(() => subnetNamed('prod/web', []), { hint: /^Create a virtual network/ });
    assert.throws(() => subnetNamed('prod/web', [...known, ...known]), {
      message: "2 virtual networks have a subnet 'prod/web'.",
      hint: /subnets\/web \//,
    });
  });

  test('a value that could end a line of the configuration is refused', () => {
    const line = 'x\n  server evil 203.0.113.1:1';
    assert.throws(() => subnetsIn(stateWith({ name: line })), /the name of a subnet in a form/);
    assert.throws(() => subnetsIn(stateWith({ incarnation: line })), /the incarnation of a subnet in a form/);
    for (const wrong of [
      { certificate: `${certificate}${line}` },
      { notAfter: line },
      { listen: { address: line, port: 1 } },
      { listen: { address: '192.0.2.10', port: line } },
      { serverName: line },
      { serverName: undefined },
      { serverAuthorities: line },
    ]) {
      assert.throws(() => issuedIn({ ...issued, ...wrong }), /in a form that is not expected/, JSON.stringify(wrong));
    }
    assert.equal(issuedIn({ ...issued, serverAuthorities: null }).serverAuthorities, null);
  });
});

test('a port in a namespace, and a subnet without a service endpoint, are in the configuration', () => {
  const place = {
    network: 'prod',
    subnet: 'web',
    incarnation,
    connect: '192.0.2.10:8444',
    serverName: 'vaults.example',
  };
  const host = { folder: '/etc/gateway', user: 'haproxy', port: 9001, namespace: undefined };
  const { notAfter } = issued;
  const plain = haproxyConfiguration({ ...place, notAfter, serviceEndpoint: true }, host);
  assert.match(plain, /\n {2}bind 0\.0\.0\.0:9001 name aaaaaaaa-0000-4000-8000-000000000001\n/);
  assert.doesNotMatch(plain, /no service endpoint/);
  const other = haproxyConfiguration(
    { ...place, notAfter, serviceEndpoint: false },
    { ...host, namespace: 'vnet-prod' },
  );
  assert.match(other, /bind 0\.0\.0\.0:9001 namespace vnet-prod name /);
  assert.match(other, /^# The subnet has no service endpoint/m);
});

async function type(...words: readonly string[]) {
  const child = spawn(postern, ['gateway', 'config', ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  const [printed, failure] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { printed, failure, status: child.exitCode };
}

test('the command', async (t) => {
  using data = dataFolder();
  using place = dataFolder();
  const config = join(place.path, 'postern.json');
  writeFileSync(config, JSON.stringify({ gateways: { tls: { listen: '127.0.0.1:0' } } }), { mode: 0o644 });
  await using running = await startPostern(['--data', data.path, '--config', config]);
  const connect = ['--connect', '192.0.2.10:8444', '--data', data.path];
  const out = join(place.path, 'gateway');
  const read = (name: string) => readFileSync(join(out, name), 'utf8');

  await t.test('says that a port which the system chose is not one to connect to, and writes nothing', async () => {
    const { failure, status } = await type('--subnet', 'demo-blue/workloads', '--out', out, '--data', data.path);
    assert.equal(status, 1);
    assert.match(failure, /listens for gateways on 127\.0\.0\.1, port 0, which is not an address to connect to/);
    assert.match(failure, /hint: Give --connect ADDRESS:PORT/);
    assert.ok(!existsSync(out));
  });

  await t.test('writes the certificate with its key for its user alone, and prints the configuration', async () => {
    const { printed, failure, status } = await type('--subnet', 'demo-blue/workloads', '--out', out, ...connect);
    assert.deepEqual({ failure, status }, { failure: '', status: 0 });
    assert.match(printed, new RegExp(`server vaults 192\\.0\\.2\\.10:8444 ssl crt ${out}/gateway\\.pem ca-file `));
    const made = new X509Certificate(read('gateway.pem'));
    assert.ok(made.checkPrivateKey(createPrivateKey(read('gateway.pem'))));
    assert.equal(read('server-ca.pem'), running.client.ca);
    for (const name of ['gateway.pem', 'server-ca.pem']) assert.equal(statSync(join(out, name)).mode & 0o777, 0o600);
    assert.ok(!printed.includes('PRIVATE KEY'));
  });

  await t.test('writes over nothing, unless it is told to', async () => {
    const before = read('gateway.pem');
    const again = ['--subnet', 'demo-blue/workloads', '--out', out, ...connect];
    const refused = await type(...again);
    assert.equal(refused.status, 1);
    assert.match(refused.failure, /gateway\.pem exists\.\nhint: Give another folder with --out, or --replace/);
    assert.equal(read('gateway.pem'), before);
    assert.equal((await type(...again, '--replace')).status, 0);
    assert.notEqual(read('gateway.pem'), before);
    assert.equal(statSync(join(out, 'gateway.pem')).mode & 0o777, 0o600);
  });

  await t.test('refuses what cannot be in the configuration, before it asks the server', async () => {
    const asked = ['--subnet', 'demo-blue/workloads', '--out', join(place.path, 'other')];
    for (const [words, message] of [
      [['--port', '0'], /--port "0" is not a port/],
      [['--folder', 'relative'], /--folder "relative" .*: give an absolute path/],
      [['--folder', '/a b'], /--folder "\/a b" .*: give an absolute path/],
      [['--namespace', '../x y'], /is not the name of a network namespace/],
      [['--user', 'a b'], /is not the name of a user/],
      [['--connect', '192.0.2.10'], /--connect "192\.0\.2\.10" is not ADDRESS:PORT/],
      [['--server-ca', '/nowhere'], /--server-ca \/nowhere cannot be read: ENOENT/],
    ] as const) {
      const [option] = words;
      const { failure, status } = await type(...asked, ...(option === '--connect' ? [] : connect), ...words);
      assert.equal(status, option === '--server-ca' ? 1 : 2);
      assert.match(failure, message);
    }
    assert.ok(!existsSync(join(place.path, 'other')));
  });
});
