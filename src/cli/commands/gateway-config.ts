import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { isAbsolute, join, resolve } from 'node:path';
import { answerFailed, getToken, send } from '../client.ts';
import type { Command, Options } from '../command.ts';
import { readConnection } from '../connection.ts';
import type { Connection } from '../connection.ts';
import { CommandFailed, WrongUsage } from '../failed.ts';
import { issuedIn, subnetNamed, subnetsIn } from '../gateway/answers.ts';
import type { GatewaySubnet, Issued } from '../gateway/answers.ts';
import { gatewayFiles, haproxyConfiguration } from '../gateway/haproxy.ts';
import type { GatewayHost } from '../gateway/haproxy.ts';

const defaultPort = '9001';
const defaultUser = 'haproxy';
const word = /^[\w.-]{1,64}$/;
/** A path of which every line of HAProxy's configuration takes one word. */
const plainPath = /^\/[\w./-]*$/;

export const gatewayConfig: Command = {
  name: 'gateway config',
  synopsis:
    "Makes a key for the gateway of a subnet on another host, gets its certificate from the server, and prints HAProxy's configuration.",
  options: {
    subnet: 'NETWORK/SUBNET, or ARM id of the subnet',
    out: `new folder for ${gatewayFiles.certificate} (certificate and key) and ${gatewayFiles.serverAuthorities}`,
    folder: "absolute path of that folder on the gateway's host (default the path of --out)",
    connect: 'ADDRESS:PORT at which the gateway reaches gateways.tls.listen (default that address)',
    port: `port of the gateway for the subnet's connections (default ${defaultPort})`,
    namespace: "network namespace of that port (default the host's own)",
    user: `user and group that HAProxy runs as (default ${defaultUser})`,
    'server-ca': 'PEM file: the authority of gateways.tls.certificate, where that is configured',
  },
  required: ['subnet', 'out'],
  flags: {
    replace: 'write over the files of an earlier run, as to renew the certificate',
    json: 'as JSON: { configuration, files }',
  },
  async run(options, { flags }) {
    const { data = 'postern-data', subnet: asked = '', connect, 'server-ca': caFile } = options;
    const out = resolve(options['out'] ?? '');
    const host = readHost(options, out);
    if (connect !== undefined) checkEndpoint(connect);
    const given = caFile === undefined ? undefined : readAuthority(caFile);
    const replace = flags.has('replace');
    refuseFilesThere(out, replace);
    const connection = readConnection(data);
    const token = await getToken(connection, connection.home);
    const subnet = subnetNamed(asked, subnetsIn(await readNetworks(connection, token)));
    const { publicKey, privateKey } = makeKey();
    const issued = await issue(connection, { token, subnet, publicKey });
    const place = { ...subnet, ...issued, connect: connect ?? endpointOf(issued) };
    const authorities = given ?? issued.serverAuthorities ?? refuseUnknownAuthority();
    const files = {
      [gatewayFiles.certificate]: `${issued.certificate.trimEnd()}\n${privateKey}`,
      [gatewayFiles.serverAuthorities]: authorities,
    };
    orFail(`The files cannot be written to ${out}`, () => writeFiles(out, replace, files));
    const configuration = haproxyConfiguration(place, host);
    return {
      json: { configuration, files: Object.keys(files).map((name) => join(out, name)) },
      text: configuration,
    };
  },
};

function readHost(options: Options, out: string): GatewayHost {
  const { folder = out, user = defaultUser, port = defaultPort, namespace } = options;
  if (!isAbsolute(folder) || !plainPath.test(folder)) {
    const rule = 'give an absolute path of letters, digits, "_", "-", "." and "/"';
    throw new WrongUsage(`--folder ${JSON.stringify(folder)} cannot be in HAProxy's configuration: ${rule}.`);
  }
  if (!word.test(user)) throw new WrongUsage(`--user ${JSON.stringify(user)} is not the name of a user.`);
  if (namespace !== undefined && !word.test(namespace)) {
    throw new WrongUsage(`--namespace ${JSON.stringify(namespace)} is not the name of a network namespace.`);
  }
  if (!isPort(port)) throw new WrongUsage(`--port ${JSON.stringify(port)} is not a port: give 1 to 65535.`);
  return { folder, user, port: Number(port), namespace };
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535;
}

function checkEndpoint(connect: string): void {
  const [, port = ''] = /^(?:\[[\da-f:.]+\]|[a-z\d.-]+):(\d+)$/i.exec(connect) ?? [];
  if (!isPort(port)) {
    throw new WrongUsage(`--connect ${JSON.stringify(connect)} is not ADDRESS:PORT, such as 192.0.2.10:8444.`);
  }
}

/** The address of the server's listener. One of all addresses, or a port that the system chose, says nothing to another host. */
function endpointOf({ address, port }: Issued): string {
  if (port !== 0 && address !== '0.0.0.0' && address !== '::') {
    return isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`;
  }
  throw new CommandFailed(
    `The server listens for gateways on ${address}, port ${port}, which is not an address to connect to.`,
    'Give --connect ADDRESS:PORT, as the gateway reaches it.',
  );
}

function readAuthority(path: string): string {
  const read = orFail(`--server-ca ${path} cannot be read`, () => readFileSync(path, 'utf8'));
  if (read.includes('-----BEGIN CERTIFICATE-----') && !read.includes('PRIVATE KEY')) return read;
  throw new CommandFailed(`--server-ca ${path} is not a PEM file with certificates alone.`);
}

function refuseUnknownAuthority(): never {
  throw new CommandFailed(
    'The server shows gateways the certificate of gateways.tls.certificate, whose authority it does not know.',
    'Give --server-ca FILE with that authority.',
  );
}

async function readNetworks(connection: Connection, token: string): Promise<unknown> {
  const url = `${connection.home}/providers/Postern.Fabric/networks?api-version=2026-11-01`;
  const answered = await send(connection, { method: 'GET', url, token });
  if (answered.status !== 200) throw answerFailed(answered);
  return answered.body;
}

interface Asked {
  readonly token: string;
  readonly subnet: GatewaySubnet;
  readonly publicKey: string;
}

async function issue(connection: Connection, { token, subnet, publicKey }: Asked): Promise<Issued> {
  const url = `${connection.home}${subnet.networkId}/issueGatewayCertificate?api-version=2026-11-01`;
  const answered = await send(connection, { method: 'POST', url, token, json: { publicKey } });
  if (answered.status !== 200) throw answerFailed(answered);
  return issuedIn(answered.body);
}

/** The private key never leaves this process but into its file. */
function makeKey() {
  return generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
}

/** Before the server is asked, so that it signs nothing in vain. */
function refuseFilesThere(out: string, replace: boolean): void {
  const own = process.geteuid?.();
  if (existsSync(out) && own !== undefined && statSync(out).uid !== own) {
    throw new CommandFailed(`${out} belongs to another user.`, 'Give a folder of your own with --out.');
  }
  const there = Object.values(gatewayFiles).find((name) => existsSync(join(out, name)));
  if (there === undefined || replace) return;
  throw new CommandFailed(
    `${join(out, there)} exists.`,
    'Give another folder with --out, or --replace to write over its files.',
  );
}

/** HAProxy's own user, which opens the socket in the folder, must be able to enter it. Its files are for their owner alone. */
function writeFiles(out: string, replace: boolean, files: Readonly<Record<string, string>>): void {
  const isNew = mkdirSync(out, { recursive: true }) !== undefined;
  if (isNew) chmodSync(out, 0o711);
  for (const [name, contents] of Object.entries(files)) {
    const path = join(out, name);
    const written = replace ? `${path}.${process.pid}` : path;
    writeFileSync(written, contents, { mode: 0o600, flag: 'wx' });
    if (replace) renameSync(written, path);
  }
}

function orFail<T>(what: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw new CommandFailed(`${what}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
