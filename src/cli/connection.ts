import { constants, existsSync, fstatSync, openSync, readlinkSync, realpathSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { controlSocketIn, rootControlFolder } from '../lines/control-place.ts';
import { unreadableFolder } from './data-folder.ts';
import { membersOf } from './json.ts';
import { readPlainFile } from './plain-file.ts';

const members = [
  'home',
  'vaultSuffix',
  'tenantId',
  'subscriptionId',
  'clientId',
  'clientSecret',
  'caFile',
  /** The authority of Azure's names, which only workloads of the fabric trust. */
  'fabricCaFile',
  'dataDir',
  /** Path of the supervisor's control socket. */
  'controlSocket',
  /** The IP address that programs on this machine connect to. */
  'address',
  /** Path of a hosts file with the names of the vaults. */
  'hostsFile',
] as const;
const lists = ['nat', 'identities'] as const;

/**
 * The form of each member. Some become parts of paths and of lines in files, so that what another user writes there must
 * not be able to end them.
 */
const forms: Readonly<Record<(typeof members)[number] | (typeof lists)[number], (value: unknown) => boolean>> = {
  home: matching(/^https:\/\/[a-z\d.-]+(?::\d+)?$/),
  vaultSuffix: matching(/^\.[a-z\d.-]+(?::\d+)?$/),
  tenantId: matching(/^[\w-]+$/),
  subscriptionId: matching(/^[\w-]+$/),
  clientId: matching(/^[\w-]+$/),
  clientSecret: matching(/^\P{Cc}+$/u),
  caFile: matching(/^\P{Cc}+$/u),
  fabricCaFile: matching(/^\P{Cc}+$/u),
  dataDir: matching(/^\P{Cc}+$/u),
  controlSocket: matching(/^\P{Cc}+$/u),
  address: (value) => typeof value === 'string' && isIP(value) !== 0,
  hostsFile: matching(/^\P{Cc}+$/u),
  nat: (value) => Array.isArray(value) && value.every(isNatLine),
  identities: (value) => Array.isArray(value) && value.every(isIdentity),
};

/** A managed identity that a program can have. */
export interface ProgramIdentity {
  readonly name: string;
  readonly identityHeader: string;
  /** Of a user-assigned identity, which a program must name. */
  readonly clientId?: string;
}

/** A client that may read everything on the subscription that is not a secret. */
export interface NetworkReader {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** How to reach a running server, read from the file that it writes into its data folder. */
export interface Connection extends Readonly<Record<(typeof members)[number], string>> {
  /** Where a client is seen from: the address that it has, and the one that the vault sees, as ranges of one size. */
  readonly nat: readonly { readonly from: string; readonly to: string }[];
  readonly identities: readonly ProgramIdentity[];
  /** The port of the listeners, which another may be mapped to. The file of an older server does not have it. */
  readonly port?: number;
  /** The client that reads the networks. The file of an older server does not have it. */
  readonly reader?: NetworkReader;
  /** The administrator's object id; likewise. */
  readonly objectId?: string;
  /** All addresses at which programs on this machine reach it, `address` among them; likewise. */
  readonly addresses?: readonly string[];
}

function matching(form: RegExp): (value: unknown) => boolean {
  return (value) => typeof value === 'string' && form.test(value);
}

function isNatLine(value: unknown): boolean {
  const line = membersOf(value);
  return ['from', 'to'].every((name) => typeof line.get(name) === 'string');
}

function isIdentity(value: unknown): boolean {
  const identity = membersOf(value);
  const oneLine = matching(/^\P{Cc}*$/u);
  const clientId = identity.get('clientId');
  return (
    ['name', 'identityHeader'].every((name) => oneLine(identity.get(name))) &&
    (clientId === undefined || oneLine(clientId))
  );
}

function isReader(value: unknown): boolean {
  const reader = membersOf(value);
  return forms.clientId(reader.get('clientId')) && forms.clientSecret(reader.get('clientSecret'));
}

function isPort(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) > 0 && Number(value) <= 65_535;
}

/** Where a command on this machine connects for a URL of the server. */
export function portFor({ port }: Pick<Connection, 'port'>, url: URL): number {
  return port ?? (url.port === '' ? 443 : Number(url.port));
}

/** A folder as it was when it was opened. */
export interface OpenedFolder {
  /** Its owner; `undefined` if it could not be opened. */
  readonly uid: number | undefined;
  /** It leads there whatever becomes of the folder's name. */
  readonly path: string;
}

export function openedFolder(data: string): OpenedFolder {
  try {
    const descriptor = openSync(data, constants.O_RDONLY | constants.O_DIRECTORY);
    const path = existsSync('/proc/self/fd') ? `/proc/self/fd/${descriptor}` : realpathSync(data);
    return { uid: fstatSync(descriptor).uid, path };
  } catch {
    return { uid: undefined, path: data };
  }
}

/** @throws {CommandFailed} when the file is missing or cannot be read */
export function readConnection(folder: string, opened = openedFolder(folder)): Connection {
  const file = join(folder, 'connection.json');
  try {
    const connection = readMembers(JSON.parse(readPlainFile(join(opened.path, 'connection.json'))));
    return { ...connection, controlSocket: controlSocketOf(opened, connection.controlSocket) };
  } catch (error) {
    throw unreadableFolder(folder, file, error);
  }
}

/**
 * Where root asks the supervisor of this folder. In a folder of another user, its worker for example, that user may have
 * named the control socket of another server, which root alone may open.
 */
function controlSocketOf({ uid, path }: OpenedFolder, named: string): string {
  if (process.geteuid?.() !== 0 || uid === 0) return named;
  return controlSocketIn(rootControlFolder(path.startsWith('/proc/') ? readlinkSync(path) : realpathSync(path)));
}

function readMembers(value: unknown): Connection {
  if (isConnection(value)) return value;
  throw new Error(`it lacks ${malformed(value).join(', ')}, or what it has is malformed`);
}

function isConnection(value: unknown): value is Connection {
  return malformed(value).length === 0;
}

function malformed(value: unknown): readonly string[] {
  const found = membersOf(value);
  const wrong = [...members, ...lists].filter((name) => !forms[name](found.get(name)));
  const [reader, port, objectId, addresses] = ['reader', 'port', 'objectId', 'addresses'].map((name) =>
    found.get(name),
  );
  const areAddresses = Array.isArray(addresses) && addresses.every(forms.address);
  return [
    ...wrong,
    ...(reader === undefined || isReader(reader) ? [] : ['reader']),
    ...(port === undefined || isPort(port) ? [] : ['port']),
    ...(objectId === undefined || forms.clientId(objectId) ? [] : ['objectId']),
    ...(addresses === undefined || areAddresses ? [] : ['addresses']),
  ];
}
