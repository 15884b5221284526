import { setImmediate } from 'node:timers/promises';
import { parseMasterKey } from '../crypto/master-key.ts';
import type { MasterKey } from '../crypto/master-key.ts';
import { kindOf } from '../store/keys.ts';
import { StoreRefused } from '../store/refused.ts';
import { Unreadable } from '../store/store.ts';
import { SealedRows } from '../store/sealed-rows.ts';
import type { ByteSource } from './byte-source.ts';
import { LogCheck } from './log-check.ts';
import { assertFormat, assertKey, assertSealed } from './manifest.ts';
import type { BackupHeader, Manifest } from './manifest.ts';
import { readBackup } from './read-backup.ts';
import { BackupRefused, damaged } from './refused.ts';

/** A backup that was read from its beginning to its end. */
export interface CheckedBackup {
  readonly manifest: Manifest;
  /** The master key in it. */
  readonly masterKeyText: string | undefined;
  readonly log: { readonly files: number; readonly records: number; readonly isTorn: boolean };
  /** Absent without a key: the records were not opened then, nor the seal of the manifest. */
  readonly opened?: OpenedBackup;
}

interface OpenedBackup {
  readonly masterKey: MasterKey;
  readonly commit: bigint;
  /** How many records of each kind there are, by the pattern of their keys. */
  readonly kinds: ReadonlyMap<string, number>;
  readonly faults: { readonly count: number; readonly first: readonly string[] };
}

export interface CheckOptions {
  readonly masterKey: MasterKey | undefined;
  /** `dataFormat` of this release: every room must be loaded. */
  readonly dataFormat: number;
  /** Whether to go on with records that cannot be opened. */
  readonly acceptUnreadable?: boolean;
  readonly withoutLog?: boolean;
}

const faultsShown = 5;

/**
 * Reads a backup, and opens everything in it with the given master key.
 * @throws {BackupRefused} of each kind
 */
export async function checkBackup(source: ByteSource, options: CheckOptions): Promise<CheckedBackup> {
  const checking = new Checking(options);
  const pieces = readBackup(source);
  let next = pieces.next();
  for (; next.done !== true; next = pieces.next()) {
    const piece = next.value;
    if (piece.kind === 'header') checking.header(piece.header);
    else if (piece.kind === 'records') await checking.records(piece.records);
    else if (piece.kind === 'masterKey') checking.masterKeyText = piece.text;
    else if (options.withoutLog === true) continue;
    else if (piece.kind === 'logFile') checking.log.begin(piece.name);
    else checking.log.read(piece.bytes);
  }
  const { manifest } = next.value;
  if (options.masterKey !== undefined) assertSealed(next.value, options.masterKey);
  return await checking.end(manifest);
}

/** A seal that does not open under the right key is damage. */
async function sealed<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StoreRefused || error instanceof Unreadable)
      throw damaged(`its seal does not open (${error.message.replace(/\.$/, '')})`);
    throw error;
  }
}

/** The key in the member of a backup. @throws {BackupRefused} `damaged` */
export function keyIn(text: string): MasterKey {
  const parsed = parseMasterKey(text);
  if (!parsed.ok) throw damaged('the master key in it cannot be read');
  return parsed.masterKey;
}

class Checking {
  readonly #options: CheckOptions;
  readonly #rows: SealedRows | undefined;
  readonly #kinds = new Map<string, number>();
  readonly #first: string[] = [];
  #count = 0;
  readonly log = new LogCheck();
  masterKeyText: string | undefined;

  constructor(options: CheckOptions) {
    this.#options = options;
    this.#rows = options.masterKey === undefined ? undefined : new SealedRows(options.masterKey);
  }

  header(header: BackupHeader): void {
    const { masterKey, dataFormat } = this.#options;
    assertFormat(header, dataFormat);
    if (masterKey !== undefined) assertKey(header, masterKey);
  }

  async records(records: Parameters<SealedRows['faults']>[0]): Promise<void> {
    for (const { key } of records) {
      const pattern = kindOf(key)?.pattern ?? 'unknown';
      this.#kinds.set(pattern, (this.#kinds.get(pattern) ?? 0) + 1);
    }
    // A command that shows its progress needs turns for it.
    await setImmediate();
    this.#add((await sealed(async () => this.#rows?.faults(records))) ?? []);
  }

  async end(manifest: Manifest): Promise<CheckedBackup> {
    const log = { files: this.log.files, records: this.log.records, ...this.log.end() };
    const { masterKeyText } = this;
    const { masterKey } = this.#options;
    if (this.#rows === undefined || masterKey === undefined) return { manifest, masterKeyText, log };
    const rows = this.#rows;
    const { commit, faults } = await sealed(() => rows.end());
    this.#add(faults);
    if (this.#count > 0 && this.#options.acceptUnreadable !== true) throw this.#unreadable(manifest);
    const found = { count: this.#count, first: this.#first };
    return { manifest, masterKeyText, log, opened: { masterKey, commit, kinds: this.#kinds, faults: found } };
  }

  #add(faults: readonly string[]): void {
    this.#count += faults.length;
    this.#first.push(...faults.slice(0, faultsShown - this.#first.length));
  }

  #unreadable({ records }: Manifest): BackupRefused {
    const more = this.#count > this.#first.length ? `; and ${this.#count - this.#first.length} more` : '';
    const found = `${this.#count} of the ${records} records in the backup cannot be opened: ${this.#first.join('; ')}${more}`;
    const remedy = 'Use another copy, or restore with --accept-unreadable, which leaves them as they are';
    return new BackupRefused('unreadableRecords', `${found}. ${remedy}.`);
  }
}
