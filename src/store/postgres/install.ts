import { StoreRefused } from '../refused.ts';
import { schemaSql } from './functions.ts';
import { inspect, refuseServer } from './inspect.ts';
import type { Inspection } from './inspect.ts';
import type { Link } from './link.ts';
import { LinkLost, ServerSaid } from './connection.ts';
import { revision } from './tables.ts';
import { describeTarget } from './target.ts';
import type { Target } from './target.ts';

/**
 * Makes the schema if it is missing, and replaces functions of an earlier revision, as `atPrimary` does its work.
 * @throws {StoreRefused} when the server must not hold a store
 */
export async function prepareDatabase(
  link: Link,
  { schema, ...wait }: Patience & { readonly schema: string },
): Promise<void> {
  await atPrimary(link, wait, () => prepare(link, schema));
}

interface Patience {
  /** How many the URL names. */
  readonly hosts: number;
  readonly withinMs: number;
}

/**
 * Does the work at the first host that lets it. Every host is tried, and while none is a primary that answers, all of them
 * again for as long as `withinMs`: a database may be at its start, or fail over.
 */
export async function atPrimary<T>(link: Link, { hosts, withinMs }: Patience, work: () => Promise<T>): Promise<T> {
  const until = performance.now() + withinMs;
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (tries >= hosts && !(mayPass(error) && performance.now() < until)) throw error;
      link.drop();
      if (tries >= hosts) await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

function mayPass(error: unknown): boolean {
  if (error instanceof StoreRefused) return error.kind === 'standby';
  return error instanceof LinkLost || (error instanceof ServerSaid && ['57P03', '53300'].includes(error.code));
}

/** Two first starts at once make it once. */
async function prepare(link: Link, schema: string): Promise<void> {
  const name = schema.slice(1, -1);
  const found = await inspect(link, name);
  const refusal = refuseServer(found, name);
  if (refusal !== undefined) throw refusal;
  if (found.hasStore && found.revision >= revision) return;
  try {
    await link.query(
      `begin isolation level read committed read write; select pg_advisory_xact_lock(1349481556, hashtext('${name}')); ` +
        // Of a schema that is there, the role need not be allowed to make one.
        `${found.hasSchema ? '' : `create schema if not exists ${schema};`} ${schemaSql(name)} commit`,
      [],
      30_000,
    );
  } catch (error) {
    if (!(error instanceof ServerSaid)) throw error;
    throw refusedToMake(error, found, name);
  }
}

function refusedToMake({ code, message }: ServerSaid, { user, database, hasStore }: Inspection, name: string) {
  if (code !== '42501') return new StoreRefused('wrongServer', `The schema ${name} could not be made: ${message}`);
  if (hasStore) {
    return new StoreRefused(
      'noRights',
      `The schema ${name} of the database ${database} has the functions of an earlier release, which the role ${user} may ` +
        'not replace: start one node of this release as the role that owns them.',
    );
  }
  return new StoreRefused(
    'noRights',
    `The role ${user} may not create the schema ${name} in the database ${database}: let an administrator ` +
      `run CREATE SCHEMA ${name} AUTHORIZATION "${user}";`,
  );
}

/** The refusal that an operator reads, for a failure of the opening. */
export function refusalOf(error: unknown, target: Target): unknown {
  const where = describeTarget(target);
  if (error instanceof LinkLost) {
    const remedy = certificateRemedy(codeOf(error));
    if (remedy === undefined)
      return new StoreRefused('unreachable', `The ${where} cannot be reached: ${error.message}.`);
    return new StoreRefused('unreachable', `The certificate of the ${where} is refused (${codeOf(error)}): ${remedy}.`);
  }
  if (error instanceof ServerSaid && (error.code.startsWith('28') || error.code === '42501')) {
    return new StoreRefused(
      'noRights',
      `The ${where} refuses the role: ${error.message}${passwordRemedy(error, target)}.`,
    );
  }
  if (error instanceof ServerSaid) return new StoreRefused('unreachable', `The ${where} refuses: ${error.message}.`);
  return error;
}

function codeOf({ cause }: LinkLost): string {
  return typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : '';
}

/** Node's own hint is a flag of Node, which an operator cannot give. https://nodejs.org/api/tls.html#x509-certificate-error-codes */
function certificateRemedy(code: string): string | undefined {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return 'it does not name the host that the URL names: give the host a name that it has, or the database a certificate with this one';
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID')
    return 'it is not valid at the time of this machine: renew it, or set the clock';
  const isUntrusted = /^(?:UNABLE_TO_(?:VERIFY|GET_ISSUER)|SELF_SIGNED|DEPTH_ZERO|CERT_UNTRUSTED|CERT_SIGNATURE)/.test(
    code,
  );
  return isUntrusted
    ? 'it is not of an authority that is trusted here: name a file with the certificate of its authority in store.caFile, ' +
        'or as sslrootcert in the URL'
    : undefined;
}

function passwordRemedy({ code }: ServerSaid, { password }: Target): string {
  if (code !== '28P01') return '';
  return password === undefined
    ? ' (no password was given: set PGPASSWORD, or name a file in store.passwordFile or --password-file)'
    : ' (with the password that was given: PGPASSWORD, or that of the file)';
}
