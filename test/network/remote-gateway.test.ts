import assert from 'node:assert/strict';
import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { testAuthority } from '../ingress/certificates.ts';
import { notRun } from '../not-run.ts';
import type { Row } from './core-rows.ts';
import { testInLab } from './in-lab.ts';
import { domain, type Lab } from './lab.ts';
import { inside, vaultAddress, type VnetName } from './namespaces.ts';
import { until } from './postern-process.ts';
import { inSubnet, isRefused, reads } from './sightings.ts';

const postern = join(import.meta.dirname, '../../bin/postern');
/** Where the other host has its gateway's files. */
const folderThere = (lab: Lab) => join(lab.folder, 'gateway');
const tlsPort = 8444;
const gatewayPort = 9201;

/** The folder with the files of a gateway, and the configuration that the command printed, as a file beside them. */
interface Made {
  readonly out: string;
  readonly printed: string;
}

/** Types the command on the server's host, as its administrator does. */
async function makeGateway(lab: Lab, vnet: VnetName, out: string): Promise<Made> {
  const folder = join(lab.folder, out);
  const asked = ['--subnet', `${vnet}/apps`, '--out', folder, '--folder', folderThere(lab)];
  const words = ['gateway', 'config', ...asked, '--port', String(gatewayPort), '--data', lab.dataDir];
  const command = ['netns', 'exec', lab.networks.of('vault'), postern, ...words];
  const { stdout } = await promisify(execFile)('ip', command);
  return { out: folder, printed: stdout };
}

/**
 * Runs HAProxy on another host, which is the router of the virtual network blue: it has its own network, and its own
 * disk, where nothing of the server's host is to be seen. It gets the gateway's files as a copy.
 */
async function onOtherHost(lab: Lab, { out, printed }: Made, see: () => Promise<void>): Promise<void> {
  writeFileSync(join(out, 'haproxy.cfg'), printed);
  const { stdout: files } = spawnSync('tar', ['c', '-C', out, '.'], { maxBuffer: 10_000_000 });
  const script = `
    mount -t tmpfs -o mode=755 none "$1"
    test ! -e "$2"
    mkdir "$3"
    tar x -C "$3"
    exec haproxy -db -q -f "$3/haproxy.cfg"`;
  const places = [lab.folder, lab.dataDir, folderThere(lab)];
  const command = ['netns', 'exec', lab.networks.of('blue'), 'sh', '-euc', script, 'sh', ...places];
  const haproxy = spawn('ip', command, { stdio: ['pipe', 'ignore', 'inherit'] });
  lab.defer(() => void haproxy.kill('SIGKILL'));
  haproxy.stdin.end(files);
  const ended = once(haproxy, 'exit');
  try {
    const listening = () => inside(lab.networks.of('blue'), 'ss', '-Htln', `sport = :${gatewayPort}`);
    await until('HAProxy', async () => haproxy.exitCode !== null || (await listening()) !== '');
    assert.equal(haproxy.exitCode, null, 'HAProxy refuses what was printed');
    await see();
  } finally {
    haproxy.kill('SIGKILL');
    await ended;
  }
}

function changed(printed: string, from: string | RegExp, to: string): string {
  const text = printed.replace(from, to);
  assert.notEqual(text, printed, `${from} is not in what was printed`);
  return text;
}

/** A copy of a gateway's folder, with another certificate and key. */
function withCertificate(lab: Lab, { out, printed }: Made, { name, pem }: { name: string; pem: string }): Made {
  const copy = join(lab.folder, name);
  mkdirSync(copy);
  chmodSync(copy, 0o711);
  copyFileSync(join(out, 'server-ca.pem'), join(copy, 'server-ca.pem'));
  writeFileSync(join(copy, 'gateway.pem'), pem, { mode: 0o600 });
  return { out: copy, printed };
}

const made = new Map<VnetName, Made>();
const blue = () => made.get('blue') ?? assert.fail('the first row makes it');
const green = () => made.get('green') ?? assert.fail('the first row makes it');
const operator = await testAuthority('gateways of an operator');

function guidOf(lab: Lab, vnet: VnetName): Promise<string> {
  return lab.administrator.guidOf(lab.administrator.subnetId(vnet, 'apps'));
}

const rows: readonly Row[] = [
  {
    name: 'what the command prints and writes makes another host the gateway of its subnet',
    async see(lab) {
      const clientCa = join(lab.folder, 'operator-ca.pem');
      writeFileSync(clientCa, operator.cert);
      await lab.restart({ gateways: { tls: { listen: `${vaultAddress}:${tlsPort}`, clientCa } } });
      for (const vnet of ['blue', 'green'] as const) made.set(vnet, await makeGateway(lab, vnet, `for-${vnet}`));
      assert.deepEqual(await lab.postern.listListeners(lab.dataDir), []);
      const rule = lab.administrator.subnetId('blue', 'apps');
      await lab.administrator.setRules({ subnets: [rule] });
      await lab.networks.redirect('blue', 'apps', gatewayPort);
      assert.equal(statSync(join(blue().out, 'gateway.pem')).mode & 0o777, 0o600);
      await onOtherHost(lab, blue(), async () => {
        await reads(lab, 'blueApp', { origin: inSubnet('blueApp'), decision: { rule } });
        await reads(lab, 'blueNeighbour', { origin: inSubnet('blueNeighbour'), decision: { rule } });
        await lab.administrator.setRules({ subnets: [lab.administrator.subnetId('green', 'apps')] });
        await reads(lab, 'blueApp', { origin: inSubnet('blueApp'), decision: { because: 'noVirtualNetworkRule' } });
      });
    },
  },
  {
    name: 'with the certificate of another network it cannot name the subnet',
    async see(lab) {
      await lab.administrator.setRules({ subnets: [lab.administrator.subnetId('blue', 'apps')] });
      const pem = readFileSync(join(green().out, 'gateway.pem'), 'utf8');
      const forged = withCertificate(lab, blue(), { name: 'with-green', pem });
      const incarnation = await guidOf(lab, 'blue');
      await onOtherHost(lab, forged, () =>
        isRefused(lab, 'blueApp', 'tlsGateway', { kind: 'subnetOfAnotherVnet', incarnation }),
      );
    },
  },
  {
    name: 'with its own certificate it cannot name a subnet of another network',
    async see(lab) {
      await lab.administrator.setRules({ subnets: [lab.administrator.subnetId('green', 'apps')] });
      const incarnation = await guidOf(lab, 'green');
      const printed = changed(blue().printed, / name \S+\n/, ` name ${incarnation}\n`);
      await onOtherHost(lab, { ...blue(), printed }, () =>
        isRefused(lab, 'blueApp', 'tlsGateway', { kind: 'subnetOfAnotherVnet', incarnation }),
      );
    },
  },
  {
    name: "an operator's authority is trusted beside the server's own, until the certificate ends",
    async see(lab) {
      const rule = lab.administrator.subnetId('blue', 'apps');
      await lab.administrator.setRules({ subnets: [rule] });
      const vnet = await lab.administrator.guidOf(lab.administrator.networkId('blue'));
      const uris = [`spiffe://${domain}/vnet/${vnet}`];
      const valid = await operator.issue({ uris });
      const ofOperator = withCertificate(lab, blue(), { name: 'operator', pem: `${valid.cert}\n${valid.key}` });
      await onOtherHost(lab, ofOperator, () =>
        reads(lab, 'blueApp', { origin: inSubnet('blueApp'), decision: { rule } }),
      );
      const over = await operator.issue({ uris, endsInSeconds: -1 });
      const expired = withCertificate(lab, blue(), { name: 'expired', pem: `${over.cert}\n${over.key}` });
      await onOtherHost(lab, expired, () =>
        isRefused(lab, 'blueApp', 'tlsGateway', { kind: 'certificateNotTrusted', code: 'CERT_HAS_EXPIRED' }),
      );
    },
  },
  {
    name: 'without a certificate there is no channel',
    async see(lab) {
      const printed = changed(blue().printed, / crt \S+/, '');
      const code = 'ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE';
      await onOtherHost(lab, { ...blue(), printed }, () =>
        isRefused(lab, 'blueApp', 'tlsGateway', { kind: 'handshakeFailed', code }),
      );
    },
  },
  {
    name: 'a header in clear, before the handshake, is not read',
    async see(lab) {
      const [, secured = ''] = /server vaults (.*)\n/.exec(blue().printed) ?? [];
      const printed = changed(blue().printed, /server wrap \S+/, `server vaults ${secured}`);
      await onOtherHost(lab, { ...blue(), printed }, () =>
        isRefused(lab, 'blueApp', 'tlsGateway', { kind: 'handshakeFailed', code: 'ERR_SSL_WRONG_VERSION_NUMBER' }),
      );
    },
  },
];

const missing = ['haproxy', 'tar'].find((program) => spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0);
if (missing === undefined) testInLab('a gateway on another host', rows);
else notRun('a gateway on another host', `there is no ${missing} on PATH (Debian: apt-get install ${missing})`);
