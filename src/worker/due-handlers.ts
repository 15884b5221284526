import type { NameSet } from '../http/host.ts';
import { actIfDue, retryAction } from '../objects/certificates/actions.ts';
import { completeCertificate } from '../objects/certificates/complete.ts';
import { testIssuer } from '../objects/certificates/test-issuer.ts';
import { rotateIfDue, retryRotation } from '../objects/keys/change.ts';
import { keyProperties } from '../objects/keys/key.ts';
import { lifeCycles } from '../objects/life-cycle.ts';
import { newVersion, vaultScope } from '../objects/object.ts';
import type { VaultScope } from '../objects/object.ts';
import { vaultId, vaultKey } from '../resources/keys.ts';
import { dueWorkOfVault } from '../resources/vaults/purge.ts';
import type { DueSubject } from '../schedule/due.ts';
import type { DueAudit, DueHandler, DueHandlers, DueOutcome } from '../schedule/handler.ts';
import { readAlone, readRecords } from '../store/records.ts';
import type { Store, Transaction } from '../store/store.ts';
import { collectionNouns } from '../types/collection.ts';
import type { Collection } from '../types/collection.ts';
import type { KeyEngine } from '../types/key.ts';
import type { VaultRecord } from '../types/vault.ts';

/** The dependencies of the handlers of due work. */
export interface DueServices {
  readonly store: Store;
  readonly engine: KeyEngine;
  readonly transitionMs: number;
  readonly issueMs: number;
  /** The names used in the audit records of objects. */
  readonly names: NameSet;
  /** Destroys the remains of purged vaults. */
  readonly destroyLeftovers: () => Promise<void>;
}

/** An object with due work, and its vault, which may be soft-deleted. */
interface DueObject {
  readonly vault: VaultRecord;
  readonly scope: VaultScope;
  readonly collection: Collection;
  readonly name: string;
}

/** The handlers of a vault's due work, by kind. */
export function dueHandlers(services: DueServices): DueHandlers {
  const forObject =
    (handle: (object: DueObject, services: DueServices) => Promise<DueOutcome>): DueHandler =>
    async (subject, now) => {
      const object = await dueObject(subject, now, services);
      return object === undefined ? {} : handle(object, services);
    };
  return {
    purgeObject: forObject(purgeObject),
    completeCertificate: forObject(endCertificate),
    renewCertificate: forObject(actOnCertificate),
    purgeVault: (subject, now) => purgeVault(subject, now, services),
    rotateKey: forObject(rotateKey),
  };
}

async function purgeObject({ vault, scope, collection, name }: DueObject, services: DueServices): Promise<DueOutcome> {
  const asked = { name, clear: (change: Transaction) => services.store.transact(change) };
  // The remains of a purge are cleared whatever has become of the vault; the purge itself requires the vault's version.
  const due = await readAlone(services.store, [], lifeCycles[collection].due(scope, asked));
  if (due.done === 'nothing') return {};
  if (due.done === 'cleared') return { change: due.change };
  const operationName = `${collectionNouns[collection]}Purge`;
  return {
    change: due.change,
    audit: objectAudit({ vault, operationName, path: `deleted${collection}/${name}` }, services),
  };
}

async function endCertificate({ vault, scope, name }: DueObject, services: DueServices): Promise<DueOutcome> {
  const issuing = { newVersion, testIssuer: () => testIssuer(services.store, scope.nowMs) };
  const ended = await readAlone(services.store, scope.require, completeCertificate(scope, name, issuing));
  if (ended === undefined) return {};
  const audit = objectAudit({ vault, operationName: 'CertificateEnroll', path: `certificates/${name}` }, services);
  return { change: ended.change, audit: { ...audit, properties: { ended: ended.ended } } };
}

/** Where Azure sends an e-mail to the vault's contacts, Postern writes an audit record. */
const actions = { renewed: 'CertificateRenew', announced: 'CertificateNearExpiryEventGridNotification' } as const;

async function actOnCertificate({ vault, scope, name }: DueObject, services: DueServices): Promise<DueOutcome> {
  if (vault.deleted !== undefined) return { change: retryAction(scope, name) };
  const { engine, issueMs } = services;
  const acted = await readAlone(services.store, scope.require, actIfDue(scope, name, { engine, issueMs, newVersion }));
  if (acted === undefined) return {};
  if (acted.acted === 'nothing') return { change: acted.change };
  const operationName = actions[acted.acted];
  return {
    change: acted.change,
    audit: objectAudit({ vault, operationName, path: `certificates/${name}` }, services),
  };
}

async function purgeVault(subject: DueSubject, now: number, services: DueServices): Promise<DueOutcome> {
  const due = await dueWorkOfVault(services.store, subject, now);
  if (due === 'nothing') return {};
  if (due === 'clear') {
    await services.destroyLeftovers();
    return {};
  }
  return { change: due.change, audit: { operationName: 'VaultPurge', resourceId: vaultId(due.vault) } };
}

async function rotateKey({ vault, scope, name }: DueObject, services: DueServices): Promise<DueOutcome> {
  if (vault.deleted !== undefined) return { change: retryRotation(scope, name) };
  const rotated = await readAlone(
    services.store,
    scope.require,
    rotateIfDue(scope, { name, version: newVersion(), engine: services.engine }),
  );
  if (rotated === undefined) return {};
  if (!rotated.ok) throw new Error(`a key cannot be rotated: ${rotated.refusal.kind}`);
  const { name: spelt, current } = rotated.value;
  const audit = objectAudit(
    { vault, operationName: 'KeyRotateIfDue', path: `keys/${spelt}/${current.version}` },
    services,
  );
  const properties = { keyProperties: keyProperties(current) };
  return { ...(rotated.change !== undefined && { change: rotated.change }), audit: { ...audit, properties } };
}

/** `undefined` when the vault no longer exists, or another one has its name. */
async function dueObject(
  { vault: vaultName, incarnation, collection, name }: DueSubject,
  now: number,
  { store, transitionMs }: DueServices,
): Promise<DueObject | undefined> {
  const [record] = await readRecords(store, { get: [vaultKey(vaultName)] });
  if (record === undefined || collection === undefined || name === undefined) return undefined;
  const vault = record.value;
  if (vault.incarnation !== incarnation) return undefined;
  const require = [{ key: record.key, version: record.version }];
  return { vault, scope: vaultScope(vault, { transitionMs, nowMs: now, require }), collection, name };
}

function objectAudit(
  done: { readonly vault: VaultRecord; readonly operationName: string; readonly path: string },
  { names }: DueServices,
): DueAudit {
  const { vault, operationName, path } = done;
  const objectId = `https://${vault.name.toLowerCase()}${names.vaultSuffix}/${path}`;
  return { operationName, resourceId: vaultId(vault), objectId };
}
