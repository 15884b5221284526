import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testAuthority } from '../ingress/certificates.ts';
import { domain, type Lab } from './lab.ts';
import { inside, vaultAddress, type VnetName } from './namespaces.ts';
import { until } from './postern-process.ts';

/** Ports in the routers on which HAProxy replaces Postern's own listeners. */
export const gatewayPorts = { apps: 9101, back: 9102, forged: 9103, unnamed: 9104, remote: 9105, remoteForged: 9106 };

const tlsPort = 8444;
const tag = 'send-proxy-v2 proxy-v2-options crc32c set-proxy-v2-tlv-fmt(0xE1) %[so_name]';

/** The path of a network's channel. */
export function channelOf(lab: Lab, vnet: VnetName): string {
  return join(folderOf(lab), `${vnet}.sock`);
}

/**
 * Sets up gateways as an operator would: the networks' `resourceGuid` go into Postern's configuration, with which it is
 * started again, and the subnets' into HAProxy's. Postern's own listeners in the routers are then gone.
 */
export async function setUpGateways(lab: Lab): Promise<void> {
  const { administrator } = lab;
  const folder = folderOf(lab);
  mkdirSync(folder, { mode: 0o700 });
  const blue = await administrator.guidOf(administrator.networkId('blue'));
  const green = await administrator.guidOf(administrator.networkId('green'));
  const clientCa = join(folder, 'gateways-ca.pem');
  const authority = await testAuthority('gateways');
  writeFileSync(clientCa, authority.cert);
  const own = await authority.issue({ uris: [`spiffe://${domain}/vnet/${blue}`] });
  writeFileSync(join(folder, 'blue.pem'), `${own.cert}\n${own.key}`, { mode: 0o600 });
  const file = join(folder, 'haproxy.cfg');
  writeFileSync(file, await haproxyConfiguration(lab));
  await lab.restart({
    gateways: {
      unix: [
        { vnet: blue, path: channelOf(lab, 'blue') },
        { vnet: green, path: channelOf(lab, 'green') },
      ],
      tls: { listen: `${vaultAddress}:${tlsPort}`, clientCa },
    },
  });
  const haproxy = spawn('haproxy', ['-db', '-q', '-f', file], { stdio: ['ignore', 'ignore', 'inherit'] });
  lab.defer(() => void haproxy.kill('SIGKILL'));
  const listening = () => inside(lab.networks.of('green'), 'ss', '-Htln', `sport = :${gatewayPorts.apps}`);
  await until('HAProxy', async () => (await listening()) !== '');
}

/** One process for all routers: each `bind` is opened inside its own router, and names its subnet in TLV 0xE1. */
async function haproxyConfiguration(lab: Lab): Promise<string> {
  const { administrator, networks } = lab;
  const folder = folderOf(lab);
  const blueApps = await administrator.guidOf(administrator.subnetId('blue', 'apps'));
  const blueBack = await administrator.guidOf(administrator.subnetId('blue', 'back'));
  const greenApps = await administrator.guidOf(administrator.subnetId('green', 'apps'));
  const bind = (vnet: VnetName, port: number, name: string) =>
    `  bind 0.0.0.0:${port} namespace ${networks.of(vnet)} name ${name}`;
  const trust = `crt ${folder}/blue.pem ca-file ${lab.ready.caFile} verify required verifyhost ${domain}`;
  return [
    'global\n  nbthread 1\n  maxconn 200',
    'defaults\n  mode tcp\n  timeout connect 10s\n  timeout client 10s\n  timeout server 10s',
    'frontend blue',
    bind('blue', gatewayPorts.apps, blueApps),
    bind('blue', gatewayPorts.back, blueBack),
    bind('blue', gatewayPorts.forged, greenApps),
    bind('blue', gatewayPorts.unnamed, 'apps'),
    `  default_backend blue\nbackend blue\n  server vault unix@${channelOf(lab, 'blue')} ${tag}`,
    'frontend green',
    bind('green', gatewayPorts.apps, greenApps),
    `  default_backend green\nbackend green\n  server vault unix@${channelOf(lab, 'green')} ${tag}`,
    // A gateway on another host. `send-proxy-v2` on a line with `ssl` would be sent unencrypted, so a second stage
    // wraps it.
    'frontend remote',
    bind('blue', gatewayPorts.remote, blueApps),
    bind('blue', gatewayPorts.remoteForged, greenApps),
    `  default_backend tag\nbackend tag\n  server wrap unix@${folder}/wrap.sock ${tag}`,
    `frontend wrap\n  bind unix@${folder}/wrap.sock mode 600\n  default_backend vault`,
    `backend vault\n  server vault ${vaultAddress}:${tlsPort} namespace ${networks.of('vault')} ssl ${trust}`,
    '',
  ].join('\n');
}

function folderOf(lab: Lab): string {
  return join(lab.folder, 'gateways');
}
