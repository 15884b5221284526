import type { Answer } from '../http/answer.ts';
import { readSkipToken, skipToken } from '../http/request.ts';
import type { CertificateFileReader } from '../objects/certificates/import.ts';
import { recoveryLevel, refused } from '../objects/object.ts';
import type { ObjectVersion, Outcome, VaultScope } from '../objects/object.ts';
import { objectLimits } from '../objects/parameters.ts';
import type { Page, PageRequest } from '../objects/read.ts';
import type { ObjectRefusal } from '../objects/refusal.ts';
import type { Reading } from '../store/records.ts';
import type { Collection } from '../types/collection.ts';
import type { KeyEngine } from '../types/key.ts';
import type { Operation } from '../types/operation.ts';

/** A data-plane operation on one card: its path, the permission that it needs, and what it does. */
export interface OperationCard extends Operation {
  readonly method: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';
  /** Below the vault's host, in the router's notation (`find-my-way`). */
  readonly path: string;
  /** Another path of the operation, without an optional segment. */
  readonly alsoAt?: string;
  /** `false` if it changes nothing although it is not a GET. It does not wait for earlier changes then. */
  readonly changes?: false;
  /** A group of operations that have their own limit on Azure. */
  readonly counts?: 'setOrImport';
  /** The `kty` of the key that it will make, if that is known before it runs. Such operations have other limits. */
  readonly makes?: (call: Call) => Reading<string | undefined>;
  readonly run: (call: Call) => Reading<Outcome<Answer>>;
}

/** Everything that an operation receives. */
export interface Call {
  readonly vault: VaultScope;
  readonly engine: KeyEngine;
  readonly certificateFiles: CertificateFileReader;
  /** Runs work that is useless when the client is gone: the signal is aborted then. */
  readonly whileConnected: <T>(work: (gone: AbortSignal) => Promise<T>) => Promise<T>;
  /** How long the issuer of a certificate takes. */
  readonly issueMs: number;
  /** `https://NAME.vault.localhost:8443`, in the domain that the client used. */
  readonly origin: string;
  readonly apiVersion: string;
  readonly params: Readonly<Record<string, string | undefined>>;
  readonly query: Readonly<Record<string, string>>;
  /** The parsed JSON body; `undefined` when there was none. */
  readonly body: unknown;
  readonly nowSeconds: number;
  /** Makes a new version id: 32 hexadecimal digits. */
  readonly newVersion: () => string;
}

/** The name of an object in the path: `^[0-9a-zA-Z-]{1,127}$`. */
export function objectName(call: Call): Outcome<string> {
  const name = call.params['name'] ?? '';
  if (/^[0-9a-zA-Z-]{1,127}$/.test(name)) return { ok: true, value: name };
  return refused({ kind: 'badParameter', message: `The request URI contains an invalid name: ${name.slice(0, 200)}` });
}

/**
 * The name in the path and, if the path has one, the version. A version that is not 32 hexadecimal digits does not exist,
 * and must not become part of a record's key.
 */
export function objectId(
  call: Call,
  collection: Collection,
): Outcome<{ readonly name: string; readonly version: string | undefined }> {
  const name = objectName(call);
  if (!name.ok) return name;
  const version = call.params['version'] || undefined;
  const isVersion = version === undefined || /^[0-9a-f]{32}$/i.test(version);
  if (isVersion) return { ok: true, value: { name: name.value, version } };
  return refused({ kind: 'objectNotFound', collection, name: `${name.value}/${version.slice(0, 64)}` });
}

/** The `attributes` and `tags` of an answer, which every collection has. JSON leaves out members that are `undefined`. */
export function objectFacts(vault: VaultScope, { attributes, tags }: ObjectVersion) {
  const { enabled, notBefore, expires, created, updated } = attributes;
  return {
    attributes: {
      enabled,
      nbf: notBefore,
      exp: expires,
      created,
      updated,
      recoveryLevel: recoveryLevel(vault),
      recoverableDays: vault.softDeleteRetentionInDays,
    },
    tags,
  };
}

/** Reads `maxresults` (1 to 25, by default 25) and `$skiptoken` of a list request. */
export function pageRequest(
  call: Call,
): { readonly ok: true; readonly page: PageRequest } | { readonly ok: false; readonly refusal: ObjectRefusal } {
  const { maxresults, $skiptoken } = call.query;
  const limit =
    maxresults === undefined ? objectLimits.pageSize : /^\d{1,2}$/.test(maxresults) ? Number(maxresults) : 0;
  if (limit < 1 || limit > objectLimits.pageSize) {
    return bad(`maxresults is '${maxresults}'; it must be a whole number from 1 to ${objectLimits.pageSize}.`);
  }
  const after = $skiptoken === undefined ? undefined : readSkipToken($skiptoken);
  if ($skiptoken !== undefined && (after === undefined || !isPosition(after))) {
    return bad('$skiptoken did not come from this vault; follow nextLink unchanged.');
  }
  return { ok: true, page: { after, limit } };
}

/** A position in a list is a name or a version, as it is in record keys. Anything else is not from a token of ours. */
function isPosition(after: string): boolean {
  return /^[0-9a-z-]{1,127}$/.test(after);
}

/** The body of a list answer; `nextLink` is null on the last page, as Azure sends it. */
export function listBody<T>(call: Call, path: string, page: Page<T>, render: (item: T) => unknown) {
  return { value: page.items.map(render), nextLink: page.next === undefined ? null : nextLink(call, path, page.next) };
}

/** In Azure's spelling and order, because some clients cut the token out of it. */
function nextLink(call: Call, path: string, next: string): string {
  const asked = ['maxresults', 'includePending'].flatMap((name) => {
    const value = call.query[name];
    return value === undefined ? [] : [`&${name}=${encodeURIComponent(value)}`];
  });
  return `${call.origin}${path}?api-version=${call.apiVersion}&$skiptoken=${skipToken(next)}${asked.join('')}`;
}

function bad(message: string): { readonly ok: false; readonly refusal: ObjectRefusal } {
  return { ok: false, refusal: { kind: 'badParameter', message } };
}
