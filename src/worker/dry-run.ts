import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from '../settings/settings.ts';
import { shownUrl } from '../settings/store-config.ts';
import type { StoreSetting } from '../settings/store-config.ts';
import { openCommitMark } from '../store/commit-counter.ts';
import type { CommitMark } from '../store/commit-counter.ts';
import { isLiving } from '../store/node-store.ts';
import type { Nodes } from '../store/node-store.ts';
import { StoreRefused } from '../store/refused.ts';
import { masterKeyIds } from '../store/seal-header.ts';
import { openSealedStore } from '../store/sealed.ts';
import type { Store } from '../store/store.ts';
import type { StartWorker } from '../types/supervision.ts';
import { fileReader } from './files.ts';
import { enterFolder } from './enter-folder.ts';
import { besideOlderMark, openDatabase, refuseUnfinished } from './folder.ts';
import { openMasterKeys } from './master-key.ts';
import { lackingMasterKey, refusalToEnter } from './node-details.ts';
import { identityFile, nodeId } from './node.ts';
import { connectionOf, detailsOf, keyMissing, lacksKey } from './open-node.ts';
import type { DatabaseOptions } from './open-node.ts';
import { named, surveyStore } from './upgrade.ts';
import type { Survey } from './upgrade.ts';

/** The things that a start would do: one line of JSON for scripts, or sentences for people. */
export interface DryRun {
  readonly line: string;
  readonly text: string;
}

/** Looks into the database of the settings. */
export type LookIntoDatabase = (options: Omit<DatabaseOptions, 'judge'>) => Promise<{
  readonly store: Store;
  readonly nodes: Nodes;
}>;

/**
 * Opens the records as a start does, with the worker's rights; reads everything in them, and writes nothing.
 * @throws {StoreRefused} with what a start would refuse
 */
export async function dryRun(message: StartWorker<Settings>, look: LookIntoDatabase): Promise<DryRun> {
  const { settings, folder, files } = message;
  const [path, entry, readFile] = [folder.path, '.', fileReader(files)];
  enterFolder(message);
  refuseUnfinished({ path, entry });
  const opened =
    settings.store === undefined ? await ownRecords(path) : await nodeRecords(message, settings.store, look);
  const { inner, shown, nodes } = opened;
  try {
    const { masterKey, previous } = openMasterKeys(settings, { entry, readFile, notice: () => undefined });
    const replaces: string[] = [];
    const store = await openSealedStore({
      inner,
      masterKey,
      previousMasterKeys: previous,
      mark: await markOf(message),
      acceptCopy: settings.acceptCopy,
      look: true,
      join: nodes === undefined ? undefined : settings.join,
      shared: nodes !== undefined,
      rotates: (from) => void replaces.push(...from.filter((id) => id !== masterKey.id)),
    });
    const survey = await surveyStore({ store, sealed: inner, path: shown, accept: settings.acceptCopy });
    const { before, ours, count, faults } = survey;
    const key = { id: masterKey.id, replaces };
    const records = { records: count, unreadable: faults.length };
    const living = nodes === undefined ? {} : { store: shown, nodes: nodes.living };
    const line = JSON.stringify({
      dryRun: true,
      data: settings.dataFolder,
      ...living,
      before,
      ours,
      ...records,
      masterKey: key,
    });
    return { line, text: textOf(survey, { shown, key, nodes }) };
  } finally {
    await inner.close();
  }
}

interface OpenedRecords {
  readonly inner: Store;
  /** The place of the records, for messages. */
  readonly shown: string;
  /** Of a shared store: the names of the nodes that live, and of those that have other master keys than this one. */
  readonly nodes:
    { readonly living: readonly string[]; readonly lacking: (keyId: string) => readonly string[] } | undefined;
}

async function ownRecords(path: string): Promise<OpenedRecords> {
  const file = join('.', 'postern.db');
  if (!existsSync(file)) {
    const what = `${join(path, 'postern.db')} is not there: a start begins with an empty store, or says what is missing`;
    throw new StoreRefused('noDatabase', `${what}. Nothing was changed.`);
  }
  return { inner: await openDatabase(file, () => undefined), shown: path, nodes: undefined };
}

async function nodeRecords(
  { settings, folder: { path }, files }: StartWorker<Settings>,
  setting: StoreSetting,
  look: LookIntoDatabase,
): Promise<OpenedRecords> {
  const entry = '.';
  // Without the file, this would be a new node; the id of one is made by its start.
  const id = existsSync(join(entry, identityFile)) ? nodeId(entry) : '';
  const own = { id, name: settings.node ?? '', details: detailsOf(settings) };
  const { store, nodes } = await look({
    ...connectionOf(setting, fileReader(files)),
    node: own,
    notice: () => undefined,
  });
  try {
    // A start takes the row of an earlier process of this node.
    const others = { ...nodes, nodes: nodes.nodes.filter((row) => row.id !== id) };
    const refused = refusalToEnter(own, others);
    if (refused !== undefined) throw refused;
    const needed = await masterKeyIds(store);
    if (needed === undefined)
      throw new StoreRefused('noDatabase', `${shownUrl(setting.url)} has no records: a start begins with none.`);
    if (lacksKey(settings, entry)) throw keyMissing({ needed, url: setting.url, path });
    const living = others.nodes.filter((row) => isLiving(row, nodes.nowMs)).map(({ name }) => name);
    const lacking = (keyId: string) => lackingMasterKey(id, keyId, nodes);
    return { inner: store, shown: shownUrl(setting.url), nodes: { living, lacking } };
  } catch (error) {
    await store.close();
    throw error;
  }
}

interface Shown extends Pick<OpenedRecords, 'shown' | 'nodes'> {
  readonly key: { readonly id: string; readonly replaces: readonly string[] };
}

function textOf({ before, ours, count, faults, verdict }: Survey, { shown, key, nodes }: Shown): string {
  const lacking = nodes?.lacking(key.id) ?? [];
  const instead = `${key.replaces.join(' and ')} (ids, not keys)`;
  const rotation =
    lacking.length === 0
      ? `A start seals it under the master key ${key.id} instead of ${instead}.`
      : `It stays under the master key ${instead} until ${lacking.join(' and ')} has ${key.id}.`;
  const living = nodes?.living ?? [];
  return [
    `${shown} was written by ${named(before)}. This is ${named(ours)}.`,
    `${count} records were read, ${faults.length === 0 ? 'and each of them can be' : `and ${faults.length} of them cannot be`}.`,
    ...(key.replaces.length === 0 ? [] : [rotation]),
    ...(living.length === 0
      ? []
      : [`It goes beside ${living.join(' and ')}, which may have changed records meanwhile.`]),
    verdict,
    'Nothing was changed.',
  ].join('\n');
}

/** The mark as it is: where there is none, none is made. */
async function markOf({ mark: place }: Pick<StartWorker<Settings>, 'mark'>): Promise<CommitMark> {
  const older = 'commit-mark';
  const file = place.path;
  const isThere = place.descriptor !== undefined || existsSync(file);
  const none: CommitMark = { name: file, read: async () => [], write: async () => undefined };
  const found = isThere ? await openCommitMark(file, place.descriptor) : none;
  return file === older ? found : besideOlderMark(found, older);
}
