import { checkBackup } from '../../backup/check-backup.ts';
import { everyKind } from '../../worker/every-kind.ts';
import { BackupFile, orFailed } from '../backup/file.ts';
import { findKey, keyMissing } from '../backup/key.ts';
import { describeBackup, reportOf } from '../backup/report.ts';
import type { Command } from '../command.ts';

export const verify: Command = {
  name: 'verify',
  synopsis:
    'Checks a backup: that it is whole and was made with the master key, that each record opens, and that each line of the audit log is a record. Exits 1 if one of these is not so. It needs no running server.',
  options: {
    file: { help: 'the backup', takes: 'file' },
    'master-key-file': {
      help: 'file with the master key (default POSTERN_MASTER_KEY, the key in the backup, or that of --data)',
      value: 'FILE',
      takes: 'file',
    },
  },
  required: ['file'],
  flags: {
    'without-key': 'checks only that it is whole, where the key is not',
    json: 'as JSON: what the manifest says, and in opened the number of records of each kind',
  },
  progress: 'Reading the backup',
  async run({ file = '', 'master-key-file': keyFile, data = 'postern-data' }, { flags }) {
    using backup = new BackupFile(file);
    const checked = await orFailed(file, async () => {
      const places = { file: keyFile, environment: process.env['POSTERN_MASTER_KEY'], folder: data };
      const key = flags.has('without-key') ? undefined : await findKey(backup, places);
      if (key === undefined && !flags.has('without-key')) throw keyMissing(backup);
      return await checkBackup(backup.source(), { masterKey: key?.masterKey, dataFormat: everyKind.format });
    });
    return { json: reportOf(checked), text: describeBackup(checked) };
  },
};
