import { hostname } from 'node:os';
import { accept, breached, wrong } from '../shape/fault.ts';
import { optional, refine, type Shape, type Shaped } from '../shape/shape.ts';
import { parseTarget } from '../store/postgres/target.ts';
import { object } from './config-parts.ts';
import { OptionRefused, readSetting, SettingRefused } from './refused.ts';
import { nonEmptyString, secret } from './values.ts';

/** `postgres://USER@HOST:PORT/DATABASE?…`, with several hosts between commas, or none where `host` is a parameter (libpq 34.1.1.2). */
const form = /^postgres(?:ql)?:\/\/(?:([^@/?#]*)@)?([^@/?#]*)\/([^/?#]+)(?:\?[^#]*)?$/;

/** An invalid one is not shown: it may have a password. */
const databaseUrl: Shape<string, string> = refine(secret, (given) => {
  const [, , host, database] = form.exec(given) ?? [];
  if (database === undefined || !/^[!-~]+$/.test(given))
    return breached({}, ' must be postgres://USER@HOST/DATABASE, with parameters after a question mark if need be');
  if (hasPassword(given))
    return breached(
      {},
      ' must not have a password, which others could read in the list of processes or a copy of the file: give it in PGPASSWORD, or in the file that store.passwordFile names',
    );
  if (host === '' && !/[?&]host=/i.test(given))
    return breached({}, ' has no host: name it, or the folder of the socket with ?host=/run/postgresql');
  const parsed = parseTarget(given);
  return parsed.ok ? accept(given) : breached({}, ` cannot be used: ${parsed.fault}`);
});

/** A node's name is in records, in tables and on the command line. */
export const nodeName: Shape<string> = refine(nonEmptyString, (given) =>
  /^[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?$/.test(given)
    ? accept(given)
    : wrong(given, 'must be 1 to 63 lower-case letters, digits, hyphens and dots, as in the name of a host'),
);

/** The database that several servers share. */
export function storeConfig(file: Shape<string, string>) {
  return object({
    url: optional(databaseUrl),
    passwordFile: optional(file),
    caFile: optional(file),
    listenUrl: optional(databaseUrl),
  });
}

/** Where the records are, if not in the data folder. */
export interface StoreSetting {
  /** Without a password. */
  readonly url: string;
  /** From the environment; never printed. */
  readonly password: string | undefined;
  readonly passwordFile: string | undefined;
  readonly caFile: string | undefined;
  /** A way to the database itself, past a pooler: only there are notifications delivered. */
  readonly listenUrl: string | undefined;
}

/** The files with certificates of authorities that the URLs of a store name (libpq's `sslrootcert`), each with where it is named. */
export function authorityFilesOf(
  store: StoreSetting | undefined,
): readonly (readonly [member: string, path: string])[] {
  // With `caFile` they are not used.
  if (store === undefined || store.caFile !== undefined) return [];
  const urls = [
    ['store.url', store.url],
    ['store.listenUrl', store.listenUrl],
  ] as const;
  return urls.flatMap(([member, url]) => {
    const parsed = url === undefined ? undefined : parseTarget(url);
    const tls = parsed?.ok === true ? parsed.target.tls : undefined;
    const file = tls?.mode === 'verified' ? tls.authorityFile : undefined;
    return file === undefined ? [] : [[`sslrootcert in ${member}`, file] as const];
  });
}

/** The settings of a server that may share its store with others. */
export interface NodeSettings {
  /** The database that has the records; `undefined`: they are in the data folder, or in memory. */
  readonly store: StoreSetting | undefined;
  /** The name of this server among the nodes of its store; `undefined` without one. */
  readonly node: string | undefined;
  /** Whether a store with records is joined for which there is no commit mark here. */
  readonly join: boolean;
}

interface NodeGiven {
  /** The options `--store` and `--node`, with the value of each. */
  readonly store: string | undefined;
  readonly node: string | undefined;
  readonly join: boolean;
  /** The option or member that asks for a store in memory. */
  readonly memory: '--memory' | 'memory' | undefined;
  /** The members of the configuration file. */
  readonly file: { readonly store?: StoreMember | undefined; readonly node?: string | undefined };
  readonly environment: Readonly<Record<string, string | undefined>>;
}

type StoreMember = Shaped<ReturnType<typeof storeConfig>>;

/** @throws {SettingRefused} */
export function nodeSettings({ store: url, node, join, memory, file, environment }: NodeGiven): NodeSettings {
  const store = storeOf(url, file.store, environment);
  if (store === undefined) {
    const alone = node === undefined ? (join ? '--join' : undefined) : '--node';
    if (alone !== undefined)
      throw new OptionRefused(`${alone} is for a store that several servers share: give --store URL with it.`);
    if (file.node !== undefined)
      throw new SettingRefused('node names a server among those that share a store: give store with it.');
    return { store, node, join };
  }
  if (memory !== undefined) {
    const where = `${url === undefined ? 'store' : '--store'} (${shownUrl(store.url)})`;
    const message = `${memory} and ${where} cannot be used together; give one of them.`;
    throw memory === '--memory' ? new OptionRefused(message) : new SettingRefused(message);
  }
  return { store, node: nodeNameOf(node === undefined ? file.node : readSetting(nodeName, node, '--node')), join };
}

function storeOf(
  option: string | undefined,
  member: StoreMember | undefined,
  environment: NodeGiven['environment'],
): StoreSetting | undefined {
  if (option === undefined && member === undefined) return undefined;
  const url = option === undefined ? member?.url : readSetting(databaseUrl, option, '--store');
  if (url === undefined) throw new SettingRefused('store.url is missing: give it, or --store URL.');
  const password = environment['PGPASSWORD'];
  if (password !== undefined && member?.passwordFile !== undefined)
    throw new SettingRefused(
      `PGPASSWORD and store.passwordFile (${member.passwordFile}) cannot be used together; give one of them.`,
    );
  const { passwordFile, caFile, listenUrl } = member ?? {};
  return { url, password: password === '' ? undefined : password, passwordFile, caFile, listenUrl };
}

/** The name of a node: as it was given, or that of this machine. */
function nodeNameOf(given: string | undefined): string {
  if (given !== undefined) return given;
  const read = nodeName(hostname().toLowerCase());
  if (read.ok) return read.value;
  throw new SettingRefused(
    `node: ${JSON.stringify(hostname())}, the name of this machine, is not a name of a node: give one of lower-case letters, digits, hyphens and dots.`,
  );
}

/** Whether there is a password in a URL, even in one that cannot be used. */
export function hasPassword(url: string): boolean {
  const parsed = parseTarget(url);
  const isRead = parsed.ok && parsed.target.password !== undefined;
  return isRead || /^[^/]*\/\/[^/@]*:[^/@]*@|[?&]password=/i.test(url);
}

/** A URL for messages, without its parameters. */
export function shownUrl(url: string): string {
  return url.replace(/\?.*$/, '');
}
