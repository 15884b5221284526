import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Audit } from '../audit/audit.ts';
import type { AuditRecord } from '../audit/event.ts';
import { auditRecord, directoryId } from '../audit/record.ts';
import type { SigningKeys } from '../authority/signing-keys.ts';
import { generateMasterKey, parseMasterKey } from '../crypto/master-key.ts';
import type { MasterKey } from '../crypto/master-key.ts';
import type { Settings } from '../settings/settings.ts';
import type { OpenedStore, SealedStore } from '../store/sealed.ts';
import { Conflict } from '../store/store.ts';
import type { Put } from '../store/store.ts';
import type { Rotation } from '../types/key-rotation.ts';
import type { FromWorker, ToWorker } from '../types/supervision.ts';
import { keepNextKey, replaceKey } from './master-key.ts';
import { lackingMasterKey } from './node-details.ts';
import type { OwnNode } from './node.ts';
import type { ReadFile } from './files.ts';

export interface KeyRotationParts {
  readonly settings: Pick<Settings, 'masterKey' | 'masterKeyFile' | 'dataFolder'>;
  /** The data folder, as this process opens it. */
  readonly entry: string;
  readonly readFile: ReadFile;
  readonly store: Pick<SealedStore, 'rotateMasterKey' | 'transact'> & Partial<Pick<OpenedStore, 'learnMasterKey'>>;
  /** This server among those that share its store. */
  readonly node?: Pick<OwnNode, 'id' | 'list' | 'say'> | undefined;
  readonly audit: Pick<Audit, 'stage' | 'committed' | 'failed'>;
  readonly signingKeys: Pick<SigningKeys, 'rotate'>;
  readonly identity: { readonly tenantId: string };
  /** Told of another master key, before it is answered. */
  readonly readers?: { rotatedTo(masterKey: string): Promise<void> } | undefined;
  /** The id of the key that the store is sealed under, and of those that its opening replaced. */
  readonly masterKey: { readonly id: string; readonly replaced: readonly string[] };
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

type Asked = Extract<ToWorker<never>, { readonly kind: 'rotate' }>;

/** The answer to the supervisor's request for a rotation, once that is done or refused. */
export async function answerRotation(keys: KeyRotation, { id, rotation }: Asked, log: Logger): Promise<FromWorker> {
  try {
    const { from, to } = await keys.rotate(rotation);
    log.info({ of: rotation.of, from, to }, 'a key was replaced');
    return { kind: 'rotated', id, from: from.join(' '), to };
  } catch (error) {
    if (!(error instanceof RotationRefused)) log.error({ err: error, of: rotation.of }, 'a key could not be replaced');
    return { kind: 'refused', id, message: error instanceof Error ? error.message : String(error) };
  }
}

/** The keys' ids: of the one in use, and of those that it has replaced. */
export interface Rotated {
  readonly from: readonly string[];
  readonly to: string;
}

/** A rotation that is not begun. `message` says why, and what to do. */
class RotationRefused extends Error {
  override readonly name = 'RotationRefused';
}

/** Also records the rotation of this start, if there was one. */
export async function openKeyRotation(parts: KeyRotationParts): Promise<KeyRotation> {
  const rotation = new KeyRotation(parts);
  await rotation.recordStart();
  return rotation;
}

/** Replaces the keys of a running server when its operator says so. Each replacement has a record in the audit log. */
export class KeyRotation {
  readonly #parts: KeyRotationParts;
  #masterKeyId: string;
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: KeyRotationParts) {
    this.#parts = parts;
    this.#masterKeyId = parts.masterKey.id;
  }

  /** Records a rotation that the start did, or finished. */
  async recordStart(): Promise<void> {
    const { id, replaced } = this.#parts.masterKey;
    if (replaced.length > 0) await this.#record('masterKey', { from: replaced.filter((each) => each !== id), to: id });
  }

  /**
   * One rotation after the other.
   * @throws {RotationRefused}
   */
  rotate(rotation: Rotation): Promise<Rotated> {
    const work = () =>
      rotation.of === 'masterKey' ? this.#rotateMasterKey(rotation.key) : this.#rotateTokenKey(rotation.revoke);
    const rotated = this.#last.then(work);
    this.#last = rotated.catch(() => undefined);
    return rotated;
  }

  /**
   * The new key is durable before anything is sealed under it, and the old one is gone only when nothing is: a start opens the
   * store after a stop at any step.
   */
  async #rotateMasterKey(given: string | undefined): Promise<Rotated> {
    const { settings, entry, readFile, store } = this.#parts;
    if (settings.masterKey !== undefined) throw new RotationRefused(ofEnvironment);
    if (settings.dataFolder === undefined) throw new RotationRefused(ofMemory);
    const inFolder = settings.masterKeyFile === undefined;
    if (given === undefined && !inFolder) throw new RotationRefused(withoutKey);
    const asked = given === undefined ? undefined : parsedKey(given);
    const from = this.#masterKeyId;
    if (inFolder && asked?.id === from) throw new RotationRefused(sameKey(from));
    if (given === undefined) await this.#refuseOwnKey();
    const kept = inFolder ? keepNextKey(entry, given ?? generateMasterKey(), readFile) : (given ?? '');
    const next = parsedKey(kept);
    if (asked !== undefined && asked.id !== next.id) throw new RotationRefused(unfinished(next.id));
    // Of a file the next key may be in use already: the command was killed before it replaced the file.
    if (next.id !== from) {
      await this.#refuseWhileLacking(next, from);
      await this.#record('masterKey', { from: [from], to: next.id });
      await store.rotateMasterKey(next);
      this.#masterKeyId = next.id;
      await this.#parts.node?.say({ masterKeys: [next.id] });
      await this.#parts.readers?.rotatedTo(kept);
    }
    if (inFolder) replaceKey(entry);
    return { from: next.id === from ? [] : [from], to: next.id };
  }

  /** @throws {RotationRefused} where a key that this server makes would be another one than each other node makes */
  async #refuseOwnKey(): Promise<void> {
    const { node } = this.#parts;
    if (node !== undefined && lackingMasterKey(node.id, '', await node.list()).length > 0)
      throw new RotationRefused(ofNodes);
  }

  /**
   * From here on this node can open what another seals under the key, and says so in its row.
   * @throws {RotationRefused} until every other node that lives can, too
   */
  async #refuseWhileLacking(next: MasterKey, from: string): Promise<void> {
    const { node, store } = this.#parts;
    if (node === undefined) return;
    await store.learnMasterKey?.(next);
    await node.say({ masterKeys: [from, next.id] });
    const lacking = lackingMasterKey(node.id, next.id, await node.list());
    if (lacking.length > 0) throw new RotationRefused(lacked(next.id, lacking));
  }

  async #rotateTokenKey(revoke: boolean): Promise<Rotated> {
    const { audit, signingKeys } = this.#parts;
    let staged: readonly Put[] = [];
    const also = (rotated: Rotated) => {
      // Another node was first, and what was staged before was not committed.
      for (const put of staged) audit.failed([put], new Conflict(put.key));
      staged = [audit.stage(this.#recordOf('tokenKey', rotated, { revoked: revoke })).put];
      return staged;
    };
    try {
      const rotated = await signingKeys.rotate({ revoke, also });
      audit.committed(staged);
      return rotated;
    } catch (error) {
      audit.failed(staged, error);
      if (error instanceof RangeError) throw new RotationRefused(error.message);
      throw error;
    }
  }

  async #record(of: Rotation['of'], rotated: Rotated): Promise<void> {
    const { audit, store } = this.#parts;
    const { put } = audit.stage(this.#recordOf(of, rotated, {}));
    try {
      await store.transact({ put: [put] });
    } catch (error) {
      audit.failed([put], error);
      throw error;
    }
    audit.committed([put]);
  }

  #recordOf(of: Rotation['of'], { from, to }: Rotated, more: Readonly<Record<string, unknown>>): AuditRecord {
    const { now, identity } = this.#parts;
    const { operationName, type } = recordNames[of];
    return auditRecord({
      at: now(),
      durationMs: 0,
      category: 'AuditLogs',
      operationName,
      apiVersion: '',
      resourceId: directoryId(identity.tenantId),
      status: 200,
      correlationId: randomUUID(),
      requestUri: undefined,
      properties: {
        category: 'KeyManagement',
        result: 'success',
        targetResources: [{ type, id: to }],
        replaced: from,
        ...more,
      },
    });
  }
}

const recordNames: Readonly<Record<Rotation['of'], { readonly operationName: string; readonly type: string }>> = {
  masterKey: { operationName: 'Rotate master key', type: 'MasterKey' },
  tokenKey: { operationName: 'Rotate token signing key', type: 'TokenSigningKey' },
};

const ofEnvironment = 'the master key is in POSTERN_MASTER_KEY, which only a restart changes; nothing was changed';
const ofMemory = 'the server has its records in memory, under a key that is kept nowhere; there is nothing to rotate';
const withoutKey = 'the master key is in a file of its own, so the request must have the new key; nothing was changed';

const ofNodes =
  'the store has other nodes, and each must have the new key before the store is sealed under it; nothing was changed: give every node the same new key (--new-key-file)';

function lacked(id: string, names: readonly string[]): string {
  const found = `this node has the new master key ${id} (an id, not the key) from now on, and ${names.join(' and ')} not yet`;
  return `${found}; the store is still under the one before: run the command with the same key on ${names.join(' and ')}, the last of which rotates it`;
}

function sameKey(id: string): string {
  return `the new master key is the one in use, ${id} (an id, not the key); nothing was changed: give another one`;
}

function unfinished(id: string): string {
  const what = `an earlier rotation to the master key ${id} (an id, not the key) was cut short`;
  return `${what}, and records may be sealed under it; nothing was changed: finish it first, without a new key of your own`;
}

/** @throws {RotationRefused} */
function parsedKey(encoded: string): MasterKey {
  const parsed = parseMasterKey(encoded);
  if (!parsed.ok) throw new RotationRefused(`the new master key is not one: ${parsed.refusal.message}`);
  return parsed.masterKey;
}
