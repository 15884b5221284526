import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from '../settings/settings.ts';
import { openCommitMark } from '../store/commit-counter.ts';
import type { CommitMark } from '../store/commit-counter.ts';
import { StoreRefused } from '../store/refused.ts';
import { openSealedStore } from '../store/sealed.ts';
import type { StartWorker } from '../types/supervision.ts';
import { fileReader } from './files.ts';
import { enterFolder } from './enter-folder.ts';
import { besideOlderMark, openDatabase, refuseUnfinished } from './folder.ts';
import { openMasterKeys } from './master-key.ts';
import { named, surveyStore } from './upgrade.ts';

/** The things that a start would do: one line of JSON for scripts, or sentences for people. */
export interface DryRun {
  readonly line: string;
  readonly text: string;
}

/**
 * Opens the data folder as a start does, with the worker's rights; reads everything in it, and writes nothing.
 * @throws {StoreRefused} with what a start would refuse
 */
export async function dryRun(message: StartWorker<Settings>): Promise<DryRun> {
  const { settings, folder, files } = message;
  const [path, entry, readFile] = [folder.path, '.', fileReader(files)];
  enterFolder(message);
  refuseUnfinished({ path, entry });
  const file = join(entry, 'postern.db');
  if (!existsSync(file)) {
    const what = `${join(path, 'postern.db')} is not there: a start begins with an empty store, or says what is missing`;
    throw new StoreRefused('noDatabase', `${what}. Nothing was changed.`);
  }
  const { masterKey, previous } = openMasterKeys(settings, { entry, readFile, notice: () => undefined });
  const lost = Promise.withResolvers<Error>();
  const inner = await openDatabase(file, lost.resolve);
  try {
    const replaces: string[] = [];
    const store = await openSealedStore({
      inner,
      masterKey,
      previousMasterKeys: previous,
      mark: await markOf(message),
      acceptCopy: settings.acceptCopy,
      look: true,
      rotates: (from) => void replaces.push(...from.filter((id) => id !== masterKey.id)),
    });
    const survey = await surveyStore({ store, sealed: inner, path, accept: settings.acceptCopy });
    const { before, ours, count, faults, verdict } = survey;
    const { dataFolder: data } = settings;
    const key = { id: masterKey.id, replaces };
    const line = JSON.stringify({
      dryRun: true,
      data,
      before,
      ours,
      records: count,
      unreadable: faults.length,
      masterKey: key,
    });
    const rotation = `A start seals it under the master key ${masterKey.id} instead of ${replaces.join(' and ')} (ids, not keys).`;
    const text = [
      `${path} was written by ${named(before)}. This is ${named(ours)}.`,
      `${count} records were read, ${faults.length === 0 ? 'and each of them can be' : `and ${faults.length} of them cannot be`}.`,
      ...(replaces.length === 0 ? [] : [rotation]),
      verdict,
      'Nothing was changed.',
    ].join('\n');
    return { line, text };
  } finally {
    await inner.close();
  }
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
