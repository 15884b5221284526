import { X509Certificate } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { request } from 'node:https';
import { join, resolve } from 'node:path';
import { portFor, readConnection } from '../connection.ts';
import type { Connection } from '../connection.ts';
import { whyNoFilterHere } from '../exec/programs.ts';
import { ways } from '../run/launch.ts';
import { attempt } from './attempt.ts';
import { kernelSettings } from './observed.ts';
import type { ConnectionState, Observed, ServerState } from './observed.ts';
import { tryAddress, tryPort } from './ports.ts';

const timeoutMs = 5_000;
const defaultPort = 8443;
const loopbackAddresses = ['127.0.0.1', '127.0.0.7', '::1'] as const;

/** Looks at this machine, and at the server of the data folder if there is one. */
export async function observe(folder: string): Promise<Observed> {
  const dataFolder = resolve(folder);
  const { state, connection } = connectionIn(dataFolder);
  const domain = connection === undefined ? 'localhost' : new URL(connection.home).hostname;
  const serverPort = connection === undefined ? defaultPort : portFor(connection, new URL(connection.home));
  const [server, attempts, port443, ownPort, present, name] = await Promise.all([
    connection === undefined ? ({ is: 'not asked' } as const) : askServer(connection),
    tryCommands(connection?.hostsFile ?? '/etc/hosts'),
    tryPort(443, '127.0.0.1'),
    tryPort(serverPort, '127.0.0.1'),
    Promise.all(loopbackAddresses.map(async (address) => ((await tryAddress(address)) ? [address] : []))),
    resolveName(`postern-doctor.vault.${domain}`),
  ]);
  return {
    platform: process.platform,
    isRoot: process.geteuid?.() === 0,
    nodeVersion: process.versions.node,
    nowMs: Date.now(),
    dataFolder,
    connection: state,
    server,
    authority: connection === undefined ? undefined : lifetimeIn(connection.caFile),
    attempts,
    noFilter: whyNoFilterHere(),
    kernel: Object.fromEntries(kernelSettings.flatMap(readSetting)),
    serverPort,
    ports: { 443: port443, server: ownPort },
    loopback: new Set(present.flat()),
    name,
  };
}

function connectionIn(folder: string): { readonly state: ConnectionState; readonly connection?: Connection } {
  const file = join(folder, 'connection.json');
  try {
    statSync(file);
  } catch (error) {
    // One in another user's folder is there all the same.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return { state: { is: 'absent' } };
  }
  try {
    const connection = readConnection(folder);
    const { home } = connection;
    if (URL.canParse(home)) return { state: { is: 'read', home }, connection };
    return { state: { is: 'unreadable', reason: `${file} names a server that is not a URL` } };
  } catch (error) {
    return { state: { is: 'unreadable', reason: error instanceof Error ? error.message : String(error) } };
  }
}

/** Names are not resolved, so that this says something of the server alone. */
function askServer(connection: Connection): Promise<ServerState> {
  const { home, address, caFile } = connection;
  const { hostname, host } = new URL(home);
  return new Promise((settle) => {
    const outgoing = request(
      {
        host: address,
        port: portFor(connection, new URL(home)),
        servername: hostname,
        ca: existsSync(caFile) ? readFileSync(caFile) : [],
        path: '/metadata/endpoints?api-version=2022-09-01',
        headers: { host },
        timeout: timeoutMs,
      },
      (incoming) => {
        incoming.resume();
        const dateMs = Date.parse(incoming.headers.date ?? '');
        settle({ is: 'answering', dateMs: Number.isNaN(dateMs) ? undefined : dateMs });
      },
    );
    outgoing.on('timeout', () => outgoing.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })));
    outgoing.on('error', (error) => {
      settle({ is: 'unreachable', code: 'code' in error ? String(error.code) : error.message });
    });
    outgoing.end();
  });
}

/** The first certificate in the file signs now. */
function lifetimeIn(caFile: string): Observed['authority'] {
  try {
    const { validFromDate, validToDate } = new X509Certificate(readFileSync(caFile));
    return { fromMs: validFromDate.getTime(), toMs: validToDate.getTime() };
  } catch {
    return undefined;
  }
}

async function tryCommands(hostsFile: string): Promise<Observed['attempts']> {
  const isRoot = process.geteuid?.() === 0;
  const { enter, leave } = isRoot ? ways.root : ways.user;
  const inNetwork = isRoot ? ['unshare', '--net'] : ['unshare', '--user', '--map-root-user', '--net'];
  const mounting = ['sh', '-c', `mount --bind "$0" /etc/hosts && exec ${leave} true`, hostsFile];
  const [userNamespace, hostsMount, networkNamespace, nft, nftTable, conntrack, ip, setpriv, certutil] =
    await Promise.all([
      attempt([...ways.user.enter.split(' '), 'true']),
      attempt([...enter.split(' '), ...mounting]),
      attempt([...inNetwork, 'true']),
      attempt(['nft', '--version']),
      attempt([...inNetwork, 'nft', 'add table inet postern-doctor']),
      attempt(['conntrack', '--version']),
      attempt(['ip', '-V']),
      attempt(['setpriv', '--version']),
      attempt(['certutil', '-H']),
    ]);
  return { userNamespace, hostsMount, networkNamespace, nft, nftTable, conntrack, ip, setpriv, certutil };
}

function readSetting(name: string): readonly (readonly [name: string, value: string])[] {
  const file = join('/proc/sys', name.replaceAll('.', '/'));
  return existsSync(file) ? [[name, readFileSync(file, 'utf8').trim()]] : [];
}

/** By the C library, as most programs do it. */
async function resolveName(asked: string): Promise<Observed['name']> {
  const late = new Promise<readonly string[]>((settle) => {
    setTimeout(settle, timeoutMs, []).unref();
  });
  const found = lookup(asked, { all: true }).then(
    (addresses) => addresses.map(({ address }) => address),
    (): readonly string[] => [],
  );
  return { asked, addresses: await Promise.race([found, late]) };
}
