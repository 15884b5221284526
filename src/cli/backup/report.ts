import type { CheckedBackup } from '../../backup/check-backup.ts';

/** The contents of a backup, as `--json` prints them. */
export function reportOf({ manifest, log, opened }: CheckedBackup) {
  const { madeAt, release, dataFormat, storeId, masterKeyId, hasMasterKey, hasLog, records, parts } = manifest;
  return {
    madeAt,
    release,
    dataFormat,
    storeId,
    masterKeyId,
    hasMasterKey,
    records,
    bytes: parts.reduce((sum, { size }) => sum + size, 0),
    log: hasLog ? { files: log.files, records: log.records, endsWithinLine: log.isTorn } : null,
    opened:
      opened === undefined
        ? null
        : {
            commit: Number(opened.commit),
            unreadable: opened.faults.count,
            kinds: Object.fromEntries([...opened.kinds].toSorted(([one], [other]) => (one < other ? -1 : 1))),
          },
  };
}

/** The same in words. */
export function describeBackup(checked: CheckedBackup): string {
  const { madeAt, release, masterKeyId, hasMasterKey, records, bytes, log, opened } = reportOf(checked);
  const key = hasMasterKey ? 'which is in it' : 'which is not in it';
  return [
    `Made at ${madeAt} by Postern ${release}, under the master key ${masterKeyId}, ${key}.`,
    `${records} records, ${bytes} bytes${opened === null ? '' : `, at commit ${opened.commit}`}.`,
    log === null ? 'Without the audit log.' : `The audit log: ${log.records} records in ${log.files} files.`,
    opened === null
      ? 'It is whole. Its records were not opened, for lack of the key.'
      : `It is whole, and ${openedWords(opened.unreadable)}.`,
  ].join('\n');
}

function openedWords(unreadable: number): string {
  return unreadable === 0 ? 'every record opens' : `${unreadable} of its records do not open`;
}
