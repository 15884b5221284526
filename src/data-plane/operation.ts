import { Refused } from '../edge/edge.ts';
import type { Answer } from '../http/answer.ts';
import { readSkipToken, skipToken } from '../http/request.ts';
import type { CertificateFileReader } from '../objects/certificates/import.ts';
import { isObjectName, isVersionId, recoveryLevel } from '../objects/object.ts';
import type { Done, ObjectVersion, Outcome, VaultScope } from '../objects/object.ts';
import { objectLimits } from '../objects/parameters.ts';
import type { Page, PageRequest } from '../objects/read.ts';
import type { Reading } from '../store/records.ts';
import type { Transaction } from '../store/store.ts';
import type { Collection } from '../types/collection.ts';
import type { KeyEngine } from '../types/key.ts';
import type { Operation } from '../types/operation.ts';
import type { Refusal } from './refusal.ts';

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
  /** Throws `Refused` if the request is refused. */
  readonly run: (call: Call) => Reading<OperationResult>;
}

/** The answer of an operation and, where it changes something, the change. */
export interface OperationResult {
  readonly answer: Answer;
  readonly change?: Transaction | undefined;
  /** More of Azure's audit record about the object: `keyProperties` and the like, never a value or key material. */
  readonly audit?: Readonly<Record<string, unknown>>;
  /** URL of the object's version for the audit record, where the answer does not have the `id` of an object. */
  readonly objectId?: string;
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

export function answer(status: number, body?: unknown, change?: Transaction): OperationResult {
  return { answer: { status, body }, change };
}

/**
 * The result of the rules of objects.
 * @throws {Refused} their refusal
 */
export function orRefuse<T>(outcome: Outcome<T>): Done<T> {
  if (outcome.ok) return outcome;
  throw new Refused<Refusal>(outcome.refusal);
}

/**
 * Refuses a request that breaks the rule in `message`.
 * @throws {Refused} always
 */
export function badParameter(message: string): never {
  throw new Refused<Refusal>({ kind: 'badParameter', message });
}

/**
 * The name of an object in the path.
 * @throws {Refused} for anything else in its place
 */
export function objectName({ params: { name = '' } }: Call): string {
  return isObjectName(name) ? name : badParameter(`The request URI contains an invalid name: ${name.slice(0, 200)}`);
}

/**
 * The name in the path and, if the path has one, the version.
 * @throws {Refused} for an invalid name, and for an invalid version as for one that does not exist
 */
export function nameAndVersion(
  call: Call,
  collection: Collection,
): { readonly name: string; readonly version: string | undefined } {
  const name = objectName(call);
  const version = call.params['version'] || undefined;
  if (version === undefined || isVersionId(version)) return { name, version };
  throw new Refused<Refusal>({ kind: 'objectNotFound', collection, name: `${name}/${version.slice(0, 64)}` });
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

/**
 * Reads `maxresults` (1 to 25, by default 25) and `$skiptoken` of a list request.
 * @throws {Refused} if one of them is invalid
 */
export function pageRequest({ query: { maxresults, $skiptoken } }: Call): PageRequest {
  const limit =
    maxresults === undefined ? objectLimits.pageSize : /^\d{1,2}$/.test(maxresults) ? Number(maxresults) : 0;
  if (limit < 1 || limit > objectLimits.pageSize) {
    badParameter(`maxresults is '${maxresults}'; it must be a whole number from 1 to ${objectLimits.pageSize}.`);
  }
  const after = $skiptoken === undefined ? undefined : readSkipToken($skiptoken);
  if ($skiptoken !== undefined && (after === undefined || !isPosition(after))) {
    badParameter('$skiptoken did not come from this vault; follow nextLink unchanged.');
  }
  return { after, limit };
}

/** A position in a list is a name or a version, as it is in record keys. Anything else is not from a token of ours. */
function isPosition(after: string): boolean {
  return /^[0-9a-z-]{1,127}$/.test(after);
}

/** The answer to a list; `nextLink` is null on the last page, as Azure sends it. */
export function listAnswer<T>(
  call: Call,
  path: string,
  { items, next }: Page<T>,
  render: (item: T) => unknown,
): OperationResult {
  return answer(200, { value: items.map(render), nextLink: next === undefined ? null : nextLink(call, path, next) });
}

/** In Azure's spelling and order, because some clients cut the token out of it. */
function nextLink(call: Call, path: string, next: string): string {
  const asked = ['maxresults', 'includePending'].flatMap((name) => {
    const value = call.query[name];
    return value === undefined ? [] : [`&${name}=${encodeURIComponent(value)}`];
  });
  return `${call.origin}${path}?api-version=${call.apiVersion}&$skiptoken=${skipToken(next)}${asked.join('')}`;
}
