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
import { dueOfVault } from '../resources/vaults/purge.ts';
import type { DueSubject } from '../schedule/due.ts';
import type { DueAudit, DueHandler, DueHandlers, DueOutcome } from '../schedule/handler.ts';
import { readAlone, readRecords } from '../store/records.ts';
import type { Store, Transaction } from '../store/store.ts';
import { collectionNouns } from '../types/collection.ts';
import type { Collection } from '../types/collection.ts';
import type { KeyEngine } from '../types/key.ts';
import type { VaultRecord } from '../types/vault.ts';

/** What the handlers of due work are given. */
export interface DueWorld {
  readonly store: Store;
  readonly engine: KeyEngine;
  readonly transitionMs: number;
  readonly issueMs: number;
  /** The names under which records speak of objects. */
  readonly names: NameSet;
  /** Destroys what purged vaults left. */
  readonly destroyLeftovers: () => Promise<void>;
}

/** An object whose time it is, with its vault, which may be soft-deleted. */
interface DueObject {
  readonly vault: VaultRecord;
  readonly scope: VaultScope;
  readonly collection: Collection;
  readonly name: string;
}

/** The handlers of all work that vaults are due, by kind. */
export function dueHandlers(world: DueWorld): DueHandlers {
  const ofObject =
    (handle: (object: DueObject, world: DueWorld) => Promise<DueOutcome>): DueHandler =>
    async (subject, now) => {
      const object = await dueObject(subject, now, world);
      return object === undefined ? {} : handle(object, world);
    };
  return {
    purgeObject: ofObject(purgeObject),
    completeCertificate: ofObject(endCertificate),
    renewCertificate: ofObject(actOnCertificate),
    purgeVault: (subject, now) => purgeVault(subject, now, world),
    rotateKey: ofObject(rotateKey),
  };
}

async function purgeObject({ vault, scope, collection, name }: DueObject, world: DueWorld): Promise<DueOutcome> {
  const asked = { name, clear: (change: Transaction) => world.store.transact(change) };
  // What a purge left is cleared whatever has become of its vault; the purge itself requires the vault as it was seen.
  const due = await readAlone(world.store, [], lifeCycles[collection].due(scope, asked));
  if (due.done === 'nothing') return {};
  if (due.done === 'cleared') return { change: due.change };
  const operationName = `${collectionNouns[collection]}Purge`;
  return {
    change: due.change,
    audit: objectAudit({ vault, operationName, path: `deleted${collection}/${name}` }, world),
  };
}

async function endCertificate({ vault, scope, name }: DueObject, world: DueWorld): Promise<DueOutcome> {
  const issuing = { newVersion, testIssuer: () => testIssuer(world.store, scope.nowMs) };
  const ended = await readAlone(world.store, scope.require, completeCertificate(scope, name, issuing));
  if (ended === undefined) return {};
  const audit = objectAudit({ vault, operationName: 'CertificateEnroll', path: `certificates/${name}` }, world);
  return { change: ended.change, audit: { ...audit, properties: { ended: ended.ended } } };
}

/** What Azure does by an e-mail to the vault's contacts is here a record in the audit log. */
const actions = { renewed: 'CertificateRenew', announced: 'CertificateNearExpiryEventGridNotification' } as const;

async function actOnCertificate({ vault, scope, name }: DueObject, world: DueWorld): Promise<DueOutcome> {
  if (vault.deleted !== undefined) return { change: retryAction(scope, name) };
  const { engine, issueMs } = world;
  const acted = await readAlone(world.store, scope.require, actIfDue(scope, name, { engine, issueMs, newVersion }));
  if (acted === undefined) return {};
  if (acted.acted === 'nothing') return { change: acted.change };
  const operationName = actions[acted.acted];
  return {
    change: acted.change,
    audit: objectAudit({ vault, operationName, path: `certificates/${name}` }, world),
  };
}

async function purgeVault(subject: DueSubject, now: number, world: DueWorld): Promise<DueOutcome> {
  const due = await dueOfVault(world.store, subject, now);
  if (due === 'nothing') return {};
  if (due === 'clear') {
    await world.destroyLeftovers();
    return {};
  }
  return { change: due.change, audit: { operationName: 'VaultPurge', resourceId: vaultId(due.vault) } };
}

async function rotateKey({ vault, scope, name }: DueObject, world: DueWorld): Promise<DueOutcome> {
  if (vault.deleted !== undefined) return { change: retryRotation(scope, name) };
  const rotated = await readAlone(
    world.store,
    scope.require,
    rotateIfDue(scope, { name, version: newVersion(), engine: world.engine }),
  );
  if (rotated === undefined) return {};
  if (!rotated.ok) throw new Error(`a key cannot be rotated: ${rotated.refusal.kind}`);
  const { name: spelt, current } = rotated.value;
  const audit = objectAudit(
    { vault, operationName: 'KeyRotateIfDue', path: `keys/${spelt}/${current.version}` },
    world,
  );
  const properties = { keyProperties: keyProperties(current) };
  return { ...(rotated.change !== undefined && { change: rotated.change }), audit: { ...audit, properties } };
}

/** `undefined` when the vault is not there any more, or is another one of that name. */
async function dueObject(
  { vault: vaultName, incarnation, collection, name }: DueSubject,
  now: number,
  { store, transitionMs }: DueWorld,
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
  { names }: DueWorld,
): DueAudit {
  const { vault, operationName, path } = done;
  const objectId = `https://${vault.name.toLowerCase()}${names.vaultSuffix}/${path}`;
  return { operationName, resourceId: vaultId(vault), objectId };
}
