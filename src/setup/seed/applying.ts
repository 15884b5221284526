import { randomBytes, randomUUID } from 'node:crypto';
import { activityRecord } from '../../audit/activity.ts';
import type { LogRecord } from '../../audit/activity.ts';
import type { AuditEvent } from '../../audit/event.ts';
import { putBeforeLog, recordIdMaker } from '../../audit/outbox.ts';
import { auditRecord, directoryId } from '../../audit/record.ts';
import { openKeyEngine } from '../../crypto/key-engine.ts';
import { lockedScopes, readLocks } from '../../resources/authorization/locks.ts';
import type { Place } from '../../resources/keys.ts';
import type { Seed } from '../../seed/seed-file.ts';
import { formatPath, printable } from '../../shape/fault.ts';
import type { Path } from '../../shape/fault.ts';
import type { Draft } from '../../store/draft.ts';
import type { Put, Transaction } from '../../store/store.ts';
import type { KeyEngine } from '../../types/key.ts';
import type { RuleProfile } from '../../types/firewall.ts';
import type { Developer } from '../developer.ts';
import type { Identity } from '../identity.ts';
import type { PortalUser } from '../portal-user.ts';
import type { MadeObjects } from './made.ts';

/** The server that a seed is applied to, besides its store. */
export interface SeedScope {
  readonly identity: Identity;
  readonly developer: Developer | undefined;
  readonly portalUser: PortalUser | undefined;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  readonly profile: RuleProfile;
  /** The part of a vault's host after its name, for the audit records: `.vault.localhost:8443`. */
  readonly vaultSuffix: string;
  /** Whether to remove what the seed does not name. */
  readonly prune?: boolean;
  /** No audit records: the demo is how a server begins, as its identity is. */
  readonly unrecorded?: true;
  /** A change that is committed with those of the seed. */
  readonly also?: Transaction;
}

/** A part of the seed, and what was done with it. */
export interface SeedChange {
  /** Where the part is in the seed; for one that was removed, where it would be. */
  readonly path: string;
  readonly done: 'added' | 'changed' | 'removed' | 'unchanged';
}

/** A part of the seed that cannot be applied. It is thrown inside `setup/seed/` only. */
export class SeedRefused extends Error {
  override readonly name = 'SeedRefused';
  readonly path: string;

  constructor(path: Path, rule: string) {
    super(printable(`${formatPath(path)}: ${rule}`));
    this.path = formatPath(path);
  }
}

/** How a change is recorded: under a vault, in the activity log, or in the directory's log. */
export type Recorded =
  | {
      readonly log: 'vault';
      readonly operationName: string;
      readonly resourceId: string;
      /** Of an object in the vault: `/secrets/NAME/VERSION` after the vault's host. */
      readonly object?: { readonly vault: string; readonly path: string };
      readonly properties?: Readonly<Record<string, unknown>>;
    }
  | { readonly log: 'activity'; readonly action: string; readonly resourceId: string }
  | {
      readonly log: 'directory';
      readonly operationName: string;
      readonly category: string;
      readonly type: string;
      readonly id: string;
      readonly displayName: string;
    };

type OfResource = Exclude<Recorded, { readonly log: 'directory' }>;

/** A seed while it is applied: everything goes to a draft, and is committed at the end as a whole. */
export class Applying {
  readonly store: Draft;
  readonly made: MadeObjects;
  readonly seed: Seed;
  readonly scope: SeedScope;
  readonly place: Place;
  readonly done: SeedChange[] = [];
  readonly notices: string[] = [];
  readonly newId = randomUUID;
  readonly #records: Put[] = [];
  readonly #makeId: () => string;
  #engine: KeyEngine | undefined;

  constructor({ store, made }: Pick<Applying, 'store' | 'made'>, seed: Seed, scope: SeedScope) {
    this.store = store;
    this.made = made;
    this.seed = seed;
    this.scope = scope;
    this.place = { subscriptionId: scope.identity.subscriptionId, resourceGroup: seed.resourceGroup };
    this.#makeId = recordIdMaker(() => scope.nowMs, randomBytes);
  }

  /** Makes keys. Its threads are started for the first one. */
  get engine(): KeyEngine {
    this.#engine ??= openKeyEngine({ threads: 1 });
    return this.#engine;
  }

  async close(): Promise<void> {
    await this.#engine?.close();
  }

  /** The audit records of everything that was done. */
  get records(): readonly Put[] {
    return this.#records;
  }

  unchanged(path: Path): void {
    this.done.push({ path: formatPath(path), done: 'unchanged' });
  }

  /** Commits a step to the draft, with its record. */
  async commit(
    { path, done }: { readonly path: Path; readonly done: 'added' | 'changed' | 'removed' },
    change: Transaction | undefined,
    recorded: Recorded,
  ): Promise<void> {
    if (recorded.log !== 'directory') await this.#refuseLocked(path, { done, recorded });
    if (change !== undefined) await this.store.transact(change);
    const step = { path: formatPath(path), done };
    this.done.push(step);
    if (this.scope.unrecorded === true) return;
    this.#records.push(putBeforeLog(this.#record(recorded, step), this.#makeId()));
  }

  /** A seed does not change a locked resource either. Locks do not reach the contents of a vault. */
  async #refuseLocked(
    path: Path,
    { done, recorded }: { readonly done: SeedChange['done']; readonly recorded: OfResource },
  ) {
    if (recorded.log === 'vault' && recorded.object !== undefined) return;
    const { locks, requirement } = await readLocks(this.store, this.scope.identity.subscriptionId);
    const operation = done === 'removed' ? 'delete' : 'write';
    const [lock] = lockedScopes(locks, { operation, scope: recorded.resourceId.toLowerCase() });
    if (lock !== undefined)
      throw new SeedRefused(path, `a lock at ${lock} forbids it: start once without --seed and remove the lock`);
    await this.store.transact({ require: [requirement] });
  }

  #record(recorded: Recorded, seed: SeedChange): LogRecord {
    const { tenantId, subscriptionId } = this.scope.identity;
    const event = {
      at: this.scope.nowMs,
      durationMs: 0,
      apiVersion: '',
      status: 200,
      correlationId: randomUUID(),
      requestUri: undefined,
      properties: { seed },
    } satisfies Omit<AuditEvent, 'operationName' | 'resourceId'>;
    if (recorded.log === 'activity') {
      return activityRecord({ ...event, ...recorded, tenantId, subscriptionId, accepted: false });
    }
    if (recorded.log === 'vault') {
      const { operationName, resourceId, object, properties } = recorded;
      const objectId = object && `https://${object.vault.toLowerCase()}${this.scope.vaultSuffix}${object.path}`;
      return auditRecord({ ...event, operationName, resourceId, objectId, properties: { ...properties, seed } });
    }
    const { operationName, category, type, id, displayName } = recorded;
    const targetResources = [{ type, id, displayName }];
    return auditRecord({
      ...event,
      category: 'AuditLogs',
      operationName,
      resourceId: directoryId(tenantId),
      properties: { category, result: 'success', targetResources, seed },
    });
  }
}
