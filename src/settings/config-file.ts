import { dirname, resolve } from 'node:path';
import { accept, breached, wrong } from '../shape/fault.ts';
import type { Read } from '../shape/fault.ts';
import { array, boolean, literal, object as shapeOf, optional, refine, wholeNumber } from '../shape/shape.ts';
import type { Members, Shape, Shaped } from '../shape/shape.ts';
import { readSetting, SettingRefused } from './refused.ts';
import { address, endpoint, guid, ipv4Network, network, secret, text, webAddress } from './values.ts';

/** The settings that stand in a file only. Paths in it are relative to its folder, and absolute here. */
export type ConfigFile = Shaped<ReturnType<typeof configShape>>;

/** What holds where no file is given. */
export function emptyConfig(): ConfigFile {
  return readSetting(configShape('/'), {}, '');
}

/**
 * Reads the text of a configuration file.
 * @param path absolute path of the file
 * @throws {SettingRefused} naming the member at fault
 */
export function readConfigFile(contents: string, path: string): ConfigFile {
  try {
    return readSetting(configShape(dirname(path)), parseJson(contents), '');
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

/** What the file must be. `folder`: the absolute path that relative paths in it start from. */
export function configShape(folder: string) {
  const file = refine(text, (path) => accept(resolve(folder, path)));
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
        tls: optional(object({ listen: endpoint, clientCa: file, certificate: optional(file), key: optional(file) })),
        unix: optionalList(object({ vnet: guid, path: file })),
      }),
    ),
    loadBalancers: optionalList(object({ listen: endpoint, from: someAddresses, version: literal(1, 2, 'any') })),
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
        fsync: optional(boolean),
        maxBytes: optional(wholeNumber(64 * 1024, Number.MAX_SAFE_INTEGER)),
        files: optional(wholeNumber(1, 10_000)),
        keepDays: optional(wholeNumber(0, 36_500)),
      }),
    ),
    /** How many operations with keys run at a time. */
    keys: optional(object({ threads: optional(wholeNumber(1, 64)) })),
    /** Where public IP addresses come from: IPv4, CIDR. */
    publicAddressPool: optional(ipv4Network),
    /** Answers changed as Azure changes them. */
    azureNormalization: optional(boolean),
    masterKeyFile: optional(file),
    /** Where the commit mark lies, if not beside the master key. */
    commitMarkFile: optional(file),
  });
}

const userOf = object({
  userPrincipalName: text,
  password: secret,
  objectId: optional(guid),
  displayName: optional(text),
  groups: optionalList(guid),
});

/** Where it cannot be guessed: what it stands in for is a client's secret. */
const identityHeaderLength = 32;

const identityHeaderText = refine(secret, (header) =>
  header.length >= identityHeaderLength
    ? accept(header)
    : breached(
        header,
        ` must have at least ${identityHeaderLength} characters: make a random one, for example with openssl rand -hex 32`,
      ),
);

/** Who may connect to a load balancer's listener. */
const someAddresses = refine(array(network), (addresses) =>
  addresses.length > 0 ? accept(addresses) : wrong(addresses, 'must not be empty: list the addresses that may connect'),
);

/** Somebody whose tokens are believed; and the objects of the directory that these may name as their subject or groups. */
const issuerOf = object({
  issuer: text,
  tenantId: guid,
  audiences: array(text),
  jwksUri: webAddress,
  directoryObjects: optionalList(guid),
});

/**
 * An application that may ask the authority for tokens: it proves itself by a secret, a certificate or another issuer's
 * token, acts for its users only, or is a managed identity.
 */
function clientOf(file: Shape<string>) {
  const members = object({
    clientId: guid,
    objectId: optional(guid),
    tenantId: optional(guid),
    secret: optional(secret),
    certificate: optional(file),
    federatedCredentials: optionalList(object({ name: text, issuer: text, subject: text, audiences: array(text) })),
    publicClient: optional(boolean),
    redirectUris: optional(
      object({ publicClient: optionalList(text), web: optionalList(text), spa: optionalList(text) }),
    ),
    managedIdentity: optional(text),
    identityHeader: optional(identityHeaderText),
    workloads: optionalList(object({ subnet: guid, address })),
    groups: optionalList(guid),
    displayName: optional(text),
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

/** By what a workload proves that it is that of a resource (ARM id): it then has whatever identities the resource has. */
const workloadOf = refine(
  object({
    resourceId: refine(text, (id) =>
      /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/[^/]+(?:\/[^/]+\/[^/]+)+$/i.test(id)
        ? accept(id)
        : wrong(id, 'must be the ARM id of a resource: /subscriptions/…/resourceGroups/…/providers/…'),
    ),
    identityHeader: optional(identityHeaderText),
    addresses: optionalList(object({ subnet: guid, address })),
  }),
  (workload) =>
    workload.identityHeader === undefined && workload.addresses.length === 0
      ? breached({}, ': the workload needs an identityHeader, addresses or both')
      : accept(workload),
);

/** An object of which every member is looked at, also one that is `null`. */
function object<M extends Members>(members: M) {
  return shapeOf(members, { nullIsValue: true });
}

/** A list that may be left out, and is empty then. */
function optionalList<T, B>(element: Shape<T, B>) {
  return optional(array(element), []);
}

/** Refuses two objects whose member says the same in the form in which it is compared. */
function unique<Name extends string>(member: Name, compared = (name: string) => name) {
  return <T extends { readonly [K in Name]: string }>(all: readonly T[]): Read<readonly T[], string> => {
    const names = all.map((one) => compared(one[member]));
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    return twice === undefined ? accept(all) : breached(all, `: the ${member} ${twice} appears twice`);
  };
}

function position(error: unknown): string {
  const [, line, column] = /line (\d+) column (\d+)/.exec(String(error)) ?? [];
  return line === undefined ? '' : ` (line ${line}, column ${column})`;
}
