import { dirname, resolve } from 'node:path';
import { SettingRefused } from './refused.ts';
import { list, object, optional, optionalList } from './shape.ts';
import {
  address,
  endpoint,
  flag,
  guid,
  ipv4Network,
  network,
  oneOf,
  refuse,
  text,
  webAddress,
  wholeNumber,
  type Read,
} from './values.ts';

/** The settings that stand in a file only. Paths in it are relative to its folder, and absolute here. */
export type ConfigFile = ReturnType<ReturnType<typeof configShape>>;

/** What holds where no file is given. */
export function emptyConfig(): ConfigFile {
  return configShape('/')({}, '');
}

/**
 * Reads the text of a configuration file.
 * @param path absolute path of the file
 * @throws {SettingRefused} naming the member at fault
 */
export function readConfigFile(contents: string, path: string): ConfigFile {
  try {
    return readMembers(parseJson(contents), dirname(path));
  } catch (error) {
    if (error instanceof SettingRefused) throw new SettingRefused(`${path}: ${error.message}`);
    throw error;
  }
}

function parseJson(contents: string): unknown {
  // Windows' editors put a byte order mark there, which a parser may ignore (RFC 8259 section 8.1).
  const json = contents.replace(/^\uFEFF/, '');
  if (json.trim() === '') throw new SettingRefused('the file is empty; it must hold a JSON object, at least {}.');
  try {
    return JSON.parse(json);
  } catch (error) {
    // The parser's own message quotes the text, in which a client's secret may stand.
    throw new SettingRefused(`the file is not valid JSON${position(error)}.`);
  }
}

function readMembers(json: unknown, folder: string): ConfigFile {
  const config = configShape(folder)(json, '');
  refuseTwice(
    config.clients.map((client) => client.clientId),
    'clients',
    'clientId',
  );
  refuseTwice(
    config.users.map((user) => user.userPrincipalName.toLowerCase()),
    'users',
    'userPrincipalName',
  );
  refuseTwice(
    config.issuers.map((issuer) => issuer.issuer),
    'issuers',
    'issuer',
  );
  return config;
}

function configShape(folder: string) {
  const file: Read<string> = (value, at) => resolve(folder, text(value, at));
  return object({
    clients: optionalList(clientOf(file)),
    users: optionalList(
      object({
        userPrincipalName: text,
        password: secret,
        objectId: optional(guid),
        displayName: optional(text),
        groups: optionalList(guid),
      }),
    ),
    workloads: optionalList(workloadOf),
    issuers: optionalList(issuerOf),
    gateways: optional(
      object({
        tls: optional(object({ listen: endpoint, clientCa: file, certificate: optional(file), key: optional(file) })),
        unix: optionalList(object({ vnet: guid, path: file })),
      }),
    ),
    loadBalancers: optionalList(object({ listen: endpoint, from: someOf(network), version: oneOf([1, 2, 'any']) })),
    limits: optional(
      object({
        ipRules: optional(wholeNumber(0, 100_000)),
        virtualNetworkRules: optional(wholeNumber(0, 100_000)),
      }),
    ),
    softDelete: optional(object({ transitionMs: optional(wholeNumber(0, 600_000)) })),
    throttling: optional(
      object({
        general: optional(wholeNumber(1, 1_000_000)),
        hsm: optional(wholeNumber(1, 1_000_000)),
        softwareCreate: optional(wholeNumber(1, 1_000_000)),
        hsmCreate: optional(wholeNumber(1, 1_000_000)),
        setOrImport: optional(wholeNumber(1, 1_000_000)),
      }),
    ),
    certificates: optional(object({ issueMs: optional(wholeNumber(0, 600_000)) })),
    audit: optional(
      object({
        fsync: optional(flag),
        maxBytes: optional(wholeNumber(64 * 1024, Number.MAX_SAFE_INTEGER)),
        files: optional(wholeNumber(1, 10_000)),
        keepDays: optional(wholeNumber(0, 36_500)),
      }),
    ),
    /** Where public IP addresses come from: IPv4, CIDR. */
    publicAddressPool: optional(ipv4Network),
    /** Answers changed as Azure changes them. */
    azureNormalization: optional(flag),
    masterKeyFile: optional(file),
    /** Where the commit mark lies, if not beside the master key. */
    commitMarkFile: optional(file),
  });
}

/** Where it cannot be guessed: what it stands in for is a client's secret. */
const identityHeaderLength = 32;

/** Somebody whose tokens are believed; and the objects of the directory that these may name as their subject or groups. */
const issuerOf = object({
  issuer: text,
  tenantId: guid,
  audiences: list(text),
  jwksUri: webAddress,
  directoryObjects: optionalList(guid),
});

/**
 * An application that may ask the authority for tokens: it proves itself by a secret, a certificate or another issuer's
 * token, acts for its users only, or is a managed identity.
 */
function clientOf(file: Read<string>) {
  const members = object({
    clientId: guid,
    objectId: optional(guid),
    tenantId: optional(guid),
    secret: optional(secret),
    certificate: optional(file),
    federatedCredentials: optionalList(object({ name: text, issuer: text, subject: text, audiences: list(text) })),
    publicClient: optional(flag),
    redirectUris: optional(
      object({ publicClient: optionalList(text), web: optionalList(text), spa: optionalList(text) }),
    ),
    managedIdentity: optional(text),
    identityHeader: optional(secret),
    workloads: optionalList(object({ subnet: guid, address })),
    groups: optionalList(guid),
    displayName: optional(text),
  });
  return (value: unknown, at: string): ReturnType<typeof members> => {
    const client = members(value, at);
    const { secret: shown, certificate, managedIdentity, identityHeader, federatedCredentials } = client;
    const proofs = [shown, certificate, managedIdentity, client.publicClient === true ? 'public' : undefined];
    if (proofs.every((proof) => proof === undefined) && federatedCredentials.length === 0) {
      throw new SettingRefused(
        `${at}: the client has no credential: give it a secret, a certificate, a managedIdentity or federatedCredentials, or set publicClient to true.`,
      );
    }
    if (managedIdentity === undefined && (identityHeader !== undefined || client.workloads.length > 0)) {
      throw new SettingRefused(`${at}: identityHeader and workloads need a managedIdentity.`);
    }
    refuseShort(identityHeader, at);
    return client;
  };
}

/** By what a workload proves that it is that of a resource (ARM id): it then has whatever identities the resource has. */
const workloadOf = (value: unknown, at: string) => {
  const workload = workloadShape(value, at);
  const { resourceId, identityHeader, addresses } = workload;
  if (!/^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/[^/]+(?:\/[^/]+\/[^/]+)+$/i.test(resourceId)) {
    refuse(
      resourceId,
      `${at}.resourceId`,
      'must be the ARM id of a resource: /subscriptions/…/resourceGroups/…/providers/…',
    );
  }
  if (identityHeader === undefined && addresses.length === 0) {
    throw new SettingRefused(`${at}: the workload needs an identityHeader, addresses or both.`);
  }
  refuseShort(identityHeader, at);
  return workload;
};

function refuseShort(identityHeader: string | undefined, at: string): void {
  if (identityHeader === undefined || identityHeader.length >= identityHeaderLength) return;
  throw new SettingRefused(
    `${at}.identityHeader must have at least ${identityHeaderLength} characters: make a random one, for example with openssl rand -hex 32.`,
  );
}

/** As `text`, but a wrong value is not shown. */
const secret: Read<string> = (value, at) => {
  if (value === undefined) throw new SettingRefused(`${at} is missing.`);
  if (typeof value !== 'string' || value === '') throw new SettingRefused(`${at}: must be a non-empty string.`);
  return value;
};

const workloadShape = object({
  resourceId: text,
  identityHeader: optional(secret),
  addresses: optionalList(object({ subnet: guid, address })),
});

function someOf<T>(read: Read<T>): Read<readonly T[]> {
  const all = list(read);
  return (value, at) => {
    const items = all(value, at);
    if (items.length === 0) refuse(value, at, 'must not be empty: list the addresses that may connect');
    return items;
  };
}

function refuseTwice(names: readonly string[], at: string, member: string): void {
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new SettingRefused(`${at}: the ${member} ${twice} appears twice.`);
}

function position(error: unknown): string {
  const [, line, column] = /line (\d+) column (\d+)/.exec(String(error)) ?? [];
  return line === undefined ? '' : ` (line ${line}, column ${column})`;
}
