/** Where a database is, as its URL says. */
export interface Target {
  /** Tried in this order; the primary is the one that accepts commits. */
  readonly hosts: readonly Host[];
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly database: string;
  readonly tls: Tls;
  /** Of other options in the URL: what the server is told at the start of a session. */
  readonly applicationName: string | undefined;
}

export type Host =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'socket'; readonly path: string };

/** `verified`: the certificate is of a trusted authority and names the host. */
export type Tls =
  | { readonly mode: 'verified'; readonly authorityFile: string | undefined; readonly authorities?: string | undefined }
  | { readonly mode: 'none' };

export type ParsedTarget =
  { readonly ok: true; readonly target: Target } | { readonly ok: false; readonly fault: string };

const form = new RegExp(
  String.raw`^postgres(?:ql)?://(?:(?<user>[^:@/?#]*)(?::(?<password>[^@/?#]*))?@)?(?<hosts>[^/?#]*)` +
    String.raw`(?:/(?<database>[^?#]*))?(?:\?(?<query>[^#]*))?$`,
);

/** In URLs as services print them. The primary is found and a connection timed without them. */
const unneeded = ['target_session_attrs', 'connect_timeout', 'channel_binding'];

const known = ['sslmode', 'sslrootcert', 'host', 'port', 'user', 'password', 'dbname', 'application_name', ...unneeded];

/**
 * A URL as libpq has them: `postgres://USER:PASSWORD@HOST:PORT,HOST:PORT/DATABASE?sslmode=verify-full`. What is neither
 * loopback nor a unix socket is verified by TLS, unless `sslmode=disable` says otherwise; the modes between them do not
 * verify, and are refused. Where an authority is named (`verifies`), TLS is meant on loopback, too. A fault never quotes the
 * URL, which may hold a password.
 * https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING
 */
export function parseTarget(url: string, { verifies = false }: { readonly verifies?: boolean } = {}): ParsedTarget {
  const parts = form.exec(url)?.groups;
  if (parts === undefined || url.length > 4_096) {
    return fault(
      'its form is not postgres://USER:PASSWORD@HOST:PORT/DATABASE (percent-encode what is special in a part)',
    );
  }
  try {
    return read(parts, verifies);
  } catch {
    return fault('a percent sign in it does not begin a percent-encoded character: write %25 for a percent sign');
  }
}

function read(parts: Record<string, string | undefined>, verifies: boolean): ParsedTarget {
  const query = new URLSearchParams(parts['query'] ?? '');
  const unknown = [...query.keys()].find((name) => !known.includes(name));
  if (unknown !== undefined) {
    // A password with a question mark in it may have been taken for one.
    const named = /^[a-z_]{1,40}$/.test(unknown) ? `the parameter ${unknown}` : 'one of its parameters';
    return fault(`${named} is not one of ${known.join(', ')}: percent-encode what is special in a password`);
  }
  const part = (name: string, parameter: string): string | undefined =>
    query.get(parameter) ??
    (parts[name] === undefined || parts[name] === '' ? undefined : decodeURIComponent(parts[name]));
  const hosts = (query.get('host') ?? decodeURIComponent(parts['hosts'] ?? ''))
    .split(',')
    .map((each) => hostOf(each, query.get('port') ?? '5432'));
  const wrong = hosts.find((host) => typeof host === 'string');
  if (wrong !== undefined) return fault(wrong);
  const found = hosts.filter((host) => typeof host !== 'string');
  const tls = tlsOf(query, found, verifies);
  if (typeof tls === 'string') return fault(tls);
  const user = part('user', 'user');
  const database = part('database', 'dbname') ?? user;
  if (database === undefined) return fault('it names no database: write /DATABASE after the host');
  const [password, applicationName] = [part('password', 'password'), query.get('application_name') ?? undefined];
  return { ok: true, target: { hosts: found, user, password, database, tls, applicationName } };
}

function fault(text: string): ParsedTarget {
  return { ok: false, fault: text };
}

/** Without the host, which may be the beginning of a password. */
const hostFault =
  'one of its hosts is not HOST, HOST:PORT or [IPV6]:PORT: percent-encode what is special in a password';

/** A host with or without a port, or the folder of a unix socket; or what is wrong with it. */
function hostOf(given: string, defaultPort: string): Host | string {
  const { name, six, own } =
    /^(?:\[(?<six>[0-9a-fA-F:.]+)\]|(?<name>[^:[\]]*))(?::(?<own>[0-9]+))?$/.exec(given)?.groups ?? {};
  const host = six ?? name;
  if (host === undefined) return hostFault;
  const port = Number(own ?? defaultPort);
  if (!(Number.isInteger(port) && port >= 1 && port <= 65_535)) return `its port is not a number from 1 to 65535`;
  if (host === '')
    return `it names no host: write localhost, or the folder of a unix socket as ?host=/var/run/postgresql`;
  if (host.startsWith('/')) return { kind: 'socket', path: `${host}/.s.PGSQL.${port}` };
  return { kind: 'tcp', host, port };
}

const weak = new Set(['allow', 'prefer', 'require', 'verify-ca']);

const loopback = /^(?:localhost|127\.[0-9.]+|::1)$/;

function tlsOf(query: URLSearchParams, hosts: readonly Host[], verifies: boolean): Tls | string {
  const mode = query.get('sslmode');
  const authorityFile = query.get('sslrootcert') ?? undefined;
  const isNear = hosts.every((host) => host.kind === 'socket' || loopback.test(host.host));
  if (mode === 'disable' || (mode === null && authorityFile === undefined && !verifies && isNear))
    return { mode: 'none' };
  if (mode !== null && mode !== 'verify-full') {
    const named = weak.has(mode) ? `sslmode=${mode}` : 'its sslmode';
    return (
      `${named} does not verify whose server it is: use sslmode=verify-full (and sslrootcert=FILE for an authority ` +
      'of your own), or say sslmode=disable where the way to it is protected otherwise'
    );
  }
  return { mode: 'verified', authorityFile: authorityFile === 'system' ? undefined : authorityFile };
}

/** The target for messages: without user and password. */
export function describeTarget({ hosts, database }: Target): string {
  const names = hosts.map((host) => (host.kind === 'socket' ? host.path : `${host.host}:${host.port}`));
  return `database ${database} at ${names.join(', ')}`;
}
