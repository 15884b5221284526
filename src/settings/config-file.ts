import { dirname, resolve } from 'node:path';
import { placeOfJsonFault } from '../json/json-place.ts';
import { accept, breached, wrong } from '../shape/fault.ts';
import { array, boolean, literal, optional, refine, wholeNumber } from '../shape/shape.ts';
import type { Shape, Shaped } from '../shape/shape.ts';
import { auditConfig } from './audit-config.ts';
import { object, optionalList, unique } from './config-parts.ts';
import { readSetting, SettingRefused } from './refused.ts';
import { startMembers } from './start-config.ts';
import { address, domain, endpoint, guid, ipv4Network, network, secret, nonEmptyString, webAddress } from './values.ts';

/** The settings of the configuration file. Paths in the file are relative to its folder; here they are absolute. */
export type ConfigFile = Shaped<ReturnType<typeof configShape>>;

/** The settings without a configuration file. */
export function emptyConfig(): ConfigFile {
  return readSetting(configShape('/'), {}, '');
}

/**
 * Reads the contents of a configuration file.
 * @param path absolute path of the file
 * @throws {SettingRefused} with the invalid member
 */
export function readConfigFile(contents: string, path: string): ConfigFile {
  try {
    return readSetting(configShape(dirname(path)), parseJson(contents), '');
  } catch (error) {
    if (error instanceof SettingRefused) throw new SettingRefused(`${path}: ${error.message}`);
    throw error;
  }
}

/**
 * Every member of a configuration file that cannot be read, in the order of the file, each with the first fault in it; for people
 * who correct a file. The rules between members are not looked at.
 */
export function faultsInConfigFile(contents: string, path: string): readonly string[] {
  let members: unknown;
  try {
    members = parseJson(contents);
  } catch (error) {
    if (error instanceof SettingRefused) return [`${path}: ${error.message}`];
    throw error;
  }
  if (typeof members !== 'object' || members === null || Array.isArray(members)) return faultIn(members, path);
  const each: readonly (readonly [name: string, value: unknown])[] = Object.entries(members);
  return each.flatMap(([name, value]) => faultIn({ [name]: value }, path));
}

function faultIn(file: unknown, path: string): readonly string[] {
  try {
    readSetting(configShape(dirname(path)), file, '');
    return [];
  } catch (error) {
    if (error instanceof SettingRefused) return [`${path}: ${error.message}`];
    throw error;
  }
}

function parseJson(contents: string): unknown {
  // Windows editors add a byte order mark, which a parser may ignore (RFC 8259 section 8.1).
  const json = contents.replace(/^\uFEFF/, '');
  if (json.trim() === '') throw new SettingRefused('the file is empty; it must contain a JSON object, at least {}.');
  try {
    return JSON.parse(json);
  } catch {
    // The parser's own message quotes the file, which may contain a client's secret.
    throw new SettingRefused(`the file is not valid JSON (${placeOfJsonFault(json)}).`);
  }
}

const trustedServices = object({
  list: optional(literal('documented', 'current')),
  scope: optional(literal('scenario', 'service'), 'scenario'),
});

/** The shape of the file. `folder`: the absolute path that relative paths in it are relative to. */
export function configShape(folder: string) {
  const file = refine(nonEmptyString, (path) => accept(resolve(folder, path)));
  return object({
    clients: optional(refine(array(clientOf(file)), unique('clientId')), []),
    users: optional(
      refine(
        array(userOf),
        unique('userPrincipalName', (name) => name.toLowerCase()),
      ),
      [],
    ),
    workloads: optionalList(workloadOf),
    issuers: optional(refine(array(issuerOf), unique('issuer')), []),
    gateways: optional(
      object({
        tls: optional(gatewayListenerOf(file)),
        unix: optionalList(object({ vnet: guid, path: file })),
      }),
    ),
    tls: optionalList(object({ certificate: file, key: file, authority: optional(file) })),
    loadBalancers: optionalList(object({ listen: endpoint, from: someAddresses, version: literal(1, 2, 'any') })),
    health: optional(object({ listen: endpoint, hosts: optionalList(domain) })),
    trustedServices: optional(trustedServices),
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
    audit: optional(auditConfig),
    /** How many key operations run at the same time. */
    keys: optional(object({ threads: optional(wholeNumber(1, 64)) })),
    /** The range of public IP addresses to assign: IPv4, CIDR. */
    publicAddressPool: optional(ipv4Network),
    /** Whether answers are normalized as Azure does. */
    azureNormalization: optional(boolean),
    masterKeyFile: optional(file),
    /** The path of the commit mark, if it is not beside the master key. */
    commitMarkFile: optional(file),
    ...startMembers(file),
  });
}

const userOf = object({
  userPrincipalName: nonEmptyString,
  password: secret,
  objectId: optional(guid),
  displayName: optional(nonEmptyString),
  groups: optionalList(guid),
});

/** An identity header replaces a client's secret, so it must be as hard to guess. */
const identityHeaderLength = 32;

const identityHeaderValue = refine(secret, (header) =>
  header.length >= identityHeaderLength
    ? accept(header)
    : breached(
        header,
        ` must have at least ${identityHeaderLength} characters: make a random one, for example with openssl rand -hex 32`,
      ),
);

/** The addresses that may connect to a load balancer's listener. */
const someAddresses = refine(array(network), (addresses) =>
  addresses.length > 0 ? accept(addresses) : wrong(addresses, 'must not be empty: list the addresses that may connect'),
);

/**
 * A listener for gateways. Half a pair is refused: if it were left out without a word, gateways would be shown another
 * certificate than the operator's.
 */
function gatewayListenerOf(file: Shape<string>) {
  const members = object({
    listen: endpoint,
    clientCa: optional(file),
    certificate: optional(file),
    key: optional(file),
  });
  return refine(members, (listener) =>
    (listener.certificate === undefined) === (listener.key === undefined)
      ? accept(listener)
      : breached({}, ': certificate and key belong together: give both, or neither for the certificate of the server'),
  );
}

/** An issuer whose tokens are accepted, and the directory objects that its tokens may have as subject or groups. */
const issuerOf = refine(
  object({
    issuer: nonEmptyString,
    tenantId: guid,
    audiences: array(nonEmptyString),
    jwksUri: optional(webAddress),
    directoryObjects: optionalList(guid),
  }),
  (entry) => {
    if (entry.jwksUri !== undefined || webAddress(entry.issuer).ok) return accept(entry);
    return breached({}, ': without jwksUri the issuer must be an https:// URL, where its discovery document is found');
  },
);

/**
 * A client that may request tokens: it authenticates with a secret, a certificate or another issuer's token, acts for
 * users only, or is a managed identity.
 */
function clientOf(file: Shape<string>) {
  const members = object({
    clientId: guid,
    objectId: optional(guid),
    tenantId: optional(guid),
    secret: optional(secret),
    certificate: optional(file),
    federatedCredentials: optionalList(
      object({
        name: nonEmptyString,
        issuer: nonEmptyString,
        subject: nonEmptyString,
        audiences: array(nonEmptyString),
      }),
    ),
    publicClient: optional(boolean),
    redirectUris: optional(
      object({
        publicClient: optionalList(nonEmptyString),
        web: optionalList(nonEmptyString),
        spa: optionalList(nonEmptyString),
      }),
    ),
    managedIdentity: optional(nonEmptyString),
    identityHeader: optional(identityHeaderValue),
    workloads: optionalList(object({ subnet: guid, address })),
    groups: optionalList(guid),
    displayName: optional(nonEmptyString),
  });
  return refine(members, (client) => {
    const { managedIdentity, identityHeader, federatedCredentials } = client;
    const proofs = [client.secret, client.certificate, managedIdentity, client.publicClient === true || undefined];
    if (proofs.every((proof) => proof === undefined) && federatedCredentials.length === 0)
      return breached({}, noCredential);
    if (managedIdentity === undefined && (identityHeader !== undefined || client.workloads.length > 0)) {
      return breached({}, ': identityHeader and workloads need a managedIdentity');
    }
    return accept(client);
  });
}

const noCredential =
  ': the client has no credential: give it a secret, a certificate, a managedIdentity or federatedCredentials, or set publicClient to true';

/** How a workload proves that it belongs to a resource (ARM id). It then has whatever identities the resource has. */
const workloadOf = refine(
  object({
    resourceId: refine(nonEmptyString, (id) =>
      /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/[^/]+(?:\/[^/]+\/[^/]+)+$/i.test(id)
        ? accept(id)
        : wrong(id, 'must be the ARM id of a resource: /subscriptions/…/resourceGroups/…/providers/…'),
    ),
    identityHeader: optional(identityHeaderValue),
    addresses: optionalList(object({ subnet: guid, address })),
  }),
  (workload) =>
    workload.identityHeader === undefined && workload.addresses.length === 0
      ? breached({}, ': the workload needs an identityHeader, addresses or both')
      : accept(workload),
);
