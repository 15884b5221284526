import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { checkBackup } from '../../backup/check-backup.ts';
import type { CheckedBackup } from '../../backup/check-backup.ts';
import { redirectedBy } from '../../supervisor/redirectable-path.ts';
import { resolveWorkerUser, withinNamespace } from '../../supervisor/worker-user.ts';
import type { User } from '../../supervisor/worker-user.ts';
import { markFault, restoreInto } from '../../worker/restore.ts';
import { everyKind } from '../../worker/every-kind.ts';
import { BackupFile, orFailed } from '../backup/file.ts';
import { assertKeyOf, findKey, keyMissing } from '../backup/key.ts';
import type { FoundKey } from '../backup/key.ts';
import { reportOf } from '../backup/report.ts';
import { RestoreFolder } from '../backup/restore-folder.ts';
import type { Command, Options } from '../command.ts';
import { CommandFailed } from '../failed.ts';

export const restore: Command = {
  name: 'restore',
  synopsis:
    'Restores a backup into the empty or new folder --data, once all of it is checked as "postern verify" does. A server can then start on it. It needs no running server.',
  options: {
    file: { help: 'the backup', takes: 'file' },
    'master-key-file':
      'file with the master key, which the server is to read too (default POSTERN_MASTER_KEY, the key in the backup, or that of the folder that --replace moves)',
    'commit-mark-file':
      'file of the commit mark, as commitMarkFile (default beside --master-key-file, or in the folder)',
    user: 'as root: the user of the server, as --user of "postern start"',
  },
  required: ['file'],
  flags: {
    replace: 'moves a folder that is not empty aside, to DATA.replaced-TIME',
    'without-log': 'restores the records alone',
    'accept-unreadable': 'restores records that do not open, too, as they are',
    json: 'as JSON: folder, replaced, and what "postern verify --json" has',
  },
  progress: 'Restoring the backup',
  async run(options, { flags }) {
    const { file = '', data = 'postern-data' } = options;
    const nowMs = Date.now();
    const worker = workerUser(options.user);
    using backup = new BackupFile(file);
    const { checked, key, markFile } = await orFailed(file, () => check(backup, options, flags));
    const folder = RestoreFolder.open({ data, worker, replace: flags.has('replace'), nowMs });
    try {
      await orFailed(file, () =>
        restoreInto({
          source: backup.source(),
          folder: folder.path,
          masterKey: key.masterKey,
          // A key from elsewhere stays there.
          masterKeyText: key.from === 'backup' || key.from === 'folder' ? key.text : undefined,
          markFile: markFile ?? join(folder.path, 'commit-mark'),
          withoutLog: flags.has('without-log'),
          nowMs,
        }),
      );
    } catch (error) {
      folder.giveUp();
      throw error instanceof CommandFailed ? error : notRestored(folder.path, error);
    }
    folder.finish();
    const report = { folder: folder.path, replaced: folder.replaced ?? null, ...reportOf(checked) };
    return { json: report, text: describe(folder, checked, key) };
  },
};

/** Everything that can be wrong is found before anything is changed. */
async function check(backup: BackupFile, options: Options, flags: ReadonlySet<string>) {
  const { data = 'postern-data', 'master-key-file': keyFile } = options;
  const places = { file: keyFile, environment: process.env['POSTERN_MASTER_KEY'], folder: data };
  const key = await findKey(backup, places);
  if (key === undefined) throw keyMissing(backup);
  assertKeyOf(data, backup, key);
  const checked = await checkBackup(backup.source(), {
    masterKey: key.masterKey,
    dataFormat: everyKind.format,
    acceptUnreadable: flags.has('accept-unreadable'),
    withoutLog: flags.has('without-log'),
  });
  return { checked, key, markFile: await markPlace(options, checked, key) };
}

/** Where `postern start` looks for the mark; `undefined`: in the data folder. */
async function markPlace(options: Options, checked: CheckedBackup, key: FoundKey): Promise<string | undefined> {
  const { 'commit-mark-file': asked, 'master-key-file': keyFile } = options;
  const path = asked ?? (keyFile === undefined ? undefined : `${keyFile}.commit-mark`);
  if (path === undefined) return undefined;
  const file = resolve(path);
  if (asked !== undefined && !existsSync(dirname(file)))
    throw new CommandFailed(
      `There is no folder ${dirname(file)} for the commit mark.`,
      'Make it, or give another file.',
    );
  // As a start does where nothing can be written beside the key.
  if (asked === undefined && !isWritable(existsSync(file) ? file : dirname(file))) return undefined;
  const others = process.geteuid?.() === 0 ? redirectedBy(file) : undefined;
  if (others !== undefined)
    throw new CommandFailed(`Root writes no commit mark to ${file}, for ${others} could lead it elsewhere.`, another);
  const fault = existsSync(file) ? await markFault(file, checked.manifest.storeId, key.masterKey) : undefined;
  if (fault !== undefined) throw new CommandFailed(`The commit mark ${file} is not replaced: ${fault}.`, another);
  return file;
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

const another = 'Give another --commit-mark-file, and start the server with it as commitMarkFile.';

function workerUser(wanted: string | undefined): User | undefined {
  const ownUid = process.geteuid?.() ?? -1;
  const account = resolveWorkerUser(wanted, ownUid === 0 ? readFileSync('/etc/passwd', 'utf8') : '', ownUid);
  const uidMap = '/proc/self/uid_map';
  const map = existsSync(uidMap) ? readFileSync(uidMap, 'utf8') : '0 0 4294967295';
  const resolved = ownUid === 0 ? withinNamespace(account, wanted, map) : account;
  if (resolved.ok) return resolved.user;
  throw new CommandFailed(resolved.message);
}

function notRestored(folder: string, error: unknown): CommandFailed {
  const cause = error instanceof Error ? error.message : String(error);
  return new CommandFailed(`Nothing was restored into ${folder}: ${cause}`, 'The folder is as it was.');
}

function describe({ path, replaced }: RestoreFolder, { manifest }: CheckedBackup, { from }: FoundKey): string {
  const start = 'The master key is not in it: start the server';
  const how = {
    file: [`${start} with a configuration whose masterKeyFile is the file that you gave.`],
    environment: [`${start} with POSTERN_MASTER_KEY, as here.`],
    backup: [],
    folder: [],
  }[from];
  return [
    `${path} has the ${manifest.records} records of ${manifest.madeAt}.`,
    ...(replaced === undefined ? [] : [`What was there before is in ${replaced}.`]),
    ...how,
  ].join('\n');
}
