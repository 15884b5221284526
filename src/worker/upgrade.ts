import { setImmediate } from 'node:timers/promises';
import { dataFormat, recordKind } from '../store/keys.ts';
import { faultOf, readRecords, recordPut } from '../store/records.ts';
import { StoreRefused } from '../store/refused.ts';
import { sealPrefix } from '../store/seal-header.ts';
import { Unreadable } from '../store/store.ts';
import type { Store, StoredRecord } from '../store/store.ts';

/** The version in `package.json`. */
export const release = '0.1.0';

/** The release that wrote a store. */
export interface WrittenBy {
  readonly release: string;
  /** `dataFormat` of that release. */
  readonly format: number;
}

/** The record with that release. No release may change its key or its form, because older releases read it. */
export const writtenByKey = recordKind<WrittenBy>({
  pattern: 'written-by',
  owner: 'worker',
  holds: 'the release that wrote the store, and the format of its records',
}).key();

/** A store without that record was written by an early release, in the first format. */
export const unrecorded: WrittenBy = { release: '', format: 1 };

export interface UpgradeParts {
  /** The store, and the same store below its seal: that still has the key of a record that cannot be opened. */
  readonly store: Store;
  readonly sealed: Store;
  /** The data folder, for messages. */
  readonly path: string;
  /** Whether to continue if records cannot be read. */
  readonly accept: boolean;
  readonly notice: (message: string) => void;
  /** This release, unless a test sets another. */
  readonly ours?: WrittenBy;
}

/**
 * Upgrades the store to this release. A store with a newer format is refused. A store with an older format, or without a
 * record of its release, is first read completely; nothing is written unless every record can be read.
 * @throws {StoreRefused} `newerFormat` or `unreadableRecords`
 */
export async function upgradeStore(parts: UpgradeParts): Promise<void> {
  const { store, path, notice, ours = { release, format: dataFormat() } } = parts;
  const { mark, fault } = await readMark(store);
  if (fault !== undefined) unreadableMark(parts, { fault, ours });
  const before = mark?.value ?? unrecorded;
  const isNew = mark === undefined && fault === undefined && (await store.list({ prefix: '', limit: 1 })).length === 0;
  if (before.format > ours.format) throw newerFormat(path, before, ours);
  if (!isNew && (mark === undefined || before.format < ours.format)) {
    notice(
      `${path} was written by ${named(before)}. Everything in it is read before Postern ${ours.release} writes to it.`,
    );
    const { count, faults } = await readEverything(parts);
    if (faults.length > 0) unreadable(parts, { before, ours, count, faults });
    notice(`${count} records were read. Postern ${ours.release} uses the folder from now on. ${wayBack(before, ours)}`);
  }
  if (before.release === ours.release && before.format === ours.format && mark !== undefined) return;
  // A record that cannot be read is replaced, whatever its version.
  const require = fault === undefined ? [{ key: writtenByKey, version: mark?.version ?? null }] : [];
  await store.transact({ require, put: [recordPut(writtenByKey, ours)] });
}

/** The things that a start would find and do. */
export interface Survey {
  readonly before: WrittenBy;
  readonly ours: WrittenBy;
  readonly count: number;
  /** Why records cannot be read, with a sentence for each. */
  readonly faults: readonly string[];
  /** The release's start on the folder, in a sentence. */
  readonly verdict: string;
}

/**
 * Reads all of a store as `upgradeStore` would before an upgrade, and writes nothing.
 * @throws {StoreRefused} as `upgradeStore` does
 */
export async function surveyStore(parts: Omit<UpgradeParts, 'notice'>): Promise<Survey> {
  const { store, path, ours = { release, format: dataFormat() } } = parts;
  const given = { ...parts, notice: () => undefined };
  const { mark, fault } = await readMark(store);
  if (fault !== undefined) unreadableMark(given, { fault, ours });
  const before = mark?.value ?? unrecorded;
  if (before.format > ours.format) throw newerFormat(path, before, ours);
  const { count, faults } = await readEverything(parts);
  if (faults.length > 0) unreadable(given, { before, ours, count, faults });
  const isSame = mark !== undefined && before.format === ours.format;
  const does = isSame ? 'goes on' : 'reads all of it first, and takes it over';
  return { before, ours, count, faults, verdict: `A start ${does}. ${wayBack(before, ours)}` };
}

/** The record of the release, or why it cannot be read. */
export async function readMark(store: Pick<Store, 'read'>) {
  try {
    const [mark] = await readRecords(store, { get: [writtenByKey] });
    return { mark, fault: undefined };
  } catch (error) {
    if (error instanceof Unreadable) return { mark: undefined, fault: error.message };
    if (error instanceof SyntaxError) return { mark: undefined, fault: 'it is not what was written' };
    throw error;
  }
}

function unreadableMark(
  { path, accept, notice }: UpgradeParts,
  { fault, ours }: { readonly fault: string; readonly ours: WrittenBy },
): void {
  const found = `The record in ${path} that says which release wrote it cannot be read: ${fault}`;
  if (accept) {
    notice(`${found}. It is replaced.`);
    return;
  }
  const remedy = 'Restore a good copy, or start the release that wrote the folder once with --accept-copy';
  throw new StoreRefused(
    'unreadableRecords',
    `${found}. Postern ${ours.release} changed nothing. ${remedy} (docs/how-to/upgrade.md).`,
  );
}

/** How to go back after an upgrade. */
function wayBack(before: WrittenBy, ours: WrittenBy): string {
  const start = `start ${releaseOf(before)}`;
  if (before.format === ours.format) {
    return `Its format is the same: to go back, stop this release and ${start} on the folder.`;
  }
  const restore = 'stop this release, restore the copy of the folder that was made before this start';
  return `To go back, ${restore}, and ${start} once with --accept-copy (docs/how-to/upgrade.md).`;
}

function releaseOf({ release: name }: WrittenBy): string {
  return name === '' ? 'the release that wrote it' : `Postern ${name}`;
}

/** The release that wrote a store, in words. */
export function named({ release: name, format }: WrittenBy): string {
  return `${name === '' ? 'an earlier release' : `Postern ${name}`} in format ${format}`;
}

function newerFormat(path: string, before: WrittenBy, ours: WrittenBy): StoreRefused {
  const known = `Postern ${ours.release} reads formats up to ${ours.format}`;
  const remedy = `Start Postern ${before.release} or a newer one, or restore the copy that was made before the upgrade`;
  const what = `${path} was written by ${named(before)}, and ${known}`;
  return new StoreRefused('newerFormat', `${what}. Nothing was changed. ${remedy} (docs/how-to/upgrade.md).`);
}

const faultsShown = 5;

function unreadable(
  { path, accept, notice }: UpgradeParts,
  { before, ours, count, faults }: Everything & { readonly before: WrittenBy; readonly ours: WrittenBy },
): void {
  const shown = faults.slice(0, faultsShown).join('; ');
  const more = faults.length > faultsShown ? `; and ${faults.length - faultsShown} more` : '';
  const found = `${faults.length} of the ${count} records in ${path} cannot be read: ${shown}${more}`;
  if (accept) {
    notice(`${found}. They are left as they are.`);
    return;
  }
  const remedy = `Start ${releaseOf(before)} again, or restore a good copy, or start once with --accept-copy to continue without them`;
  throw new StoreRefused(
    'unreadableRecords',
    `${found}. Postern ${ours.release} changed nothing. ${remedy} (docs/how-to/upgrade.md).`,
  );
}

interface Everything {
  readonly count: number;
  /** Why records cannot be read, with a sentence for each. */
  readonly faults: readonly string[];
}

const page = { limit: 100, bytes: 1024 * 1024 };

/** Reads every record as the rooms would, and lists those that cannot be read. It yields the thread between pages. */
async function readEverything({ store, sealed }: Pick<UpgradeParts, 'store' | 'sealed'>): Promise<Everything> {
  const faults: string[] = [];
  let count = 0;
  for (let after: string | undefined; ;) {
    const { read, last } = await readPage(store, sealed, after);
    if (last === undefined) return { count, faults };
    after = last;
    count += read.length;
    for (const record of read) {
      const fault = typeof record === 'string' ? record : faultOf(record);
      if (fault !== undefined) faults.push(fault);
    }
    await setImmediate();
  }
}

/** The records after that key; for a record that cannot be opened, the reason. */
async function readPage(store: Store, sealed: Store, after: string | undefined) {
  try {
    const read = await store.list({ prefix: '', after, ...page });
    return { read, last: read.at(-1)?.key };
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    // A list that fails does not give the keys.
    const keys = (await sealed.list({ prefix: '', after, ...page })).map(({ key }) => key);
    const read = await readEach(
      store,
      keys.filter((key) => !key.startsWith(sealPrefix)),
    );
    return { read, last: keys.at(-1) };
  }
}

async function readEach(store: Store, keys: readonly string[]): Promise<readonly (StoredRecord | string)[]> {
  try {
    return (await store.read({ get: keys })).filter((record) => record !== undefined);
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    if (keys.length === 1) return [error.message];
    const half = Math.ceil(keys.length / 2);
    return [...(await readEach(store, keys.slice(0, half))), ...(await readEach(store, keys.slice(half)))];
  }
}
