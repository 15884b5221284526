import { CommandFailed } from '../failed.ts';
import type { Answer } from '../command.ts';
import { shellWord } from '../shell-word.ts';
import { chromiumFolder, findStores } from './stores.ts';
import type { NssStore } from './stores.ts';

/** The state of a store after a command. */
export interface StoreReport {
  readonly isAsWanted: boolean;
  readonly state: string;
  readonly reason?: string | undefined;
}

/**
 * Does the same to every store: a line each, and exit status 1 if one is not as wanted.
 * @throws {CommandFailed} when there is no store
 */
export function reportStores(visit: (store: NssStore) => StoreReport): Answer {
  const stores = findStores();
  if (stores.length === 0) {
    const folder = chromiumFolder();
    throw new CommandFailed(
      'You have no store of a browser.',
      `Start Chromium or Firefox once, which makes its own. This makes Chromium's: mkdir -p ${shellWord(folder)} && certutil -N -d ${shellWord(`sql:${folder}`)} --empty-password`,
    );
  }
  const reports = stores.map((store) => ({ ...store, ...visited(store, visit) }));
  const lines = reports.map(({ browser, folder, state, reason }) => {
    const line = `${state.padEnd(12)} ${browser.padEnd(18)} ${folder}`;
    return reason === undefined ? line : `${line}: ${reason}`;
  });
  return { json: reports, text: lines.join('\n'), exitStatus: reports.every(({ isAsWanted }) => isAsWanted) ? 0 : 1 };
}

/** A store that fails does not keep the others waiting; that there is no certutil is one failure of all. */
function visited(store: NssStore, visit: (store: NssStore) => StoreReport): StoreReport {
  try {
    return visit(store);
  } catch (error) {
    if (!(error instanceof CommandFailed) || error.hint !== undefined) throw error;
    return { isAsWanted: false, state: 'failed', reason: error.message };
  }
}
