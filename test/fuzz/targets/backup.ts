import assert from 'node:assert/strict';
import { ByteSource } from '../../../src/backup/byte-source.ts';
import { LogCheck } from '../../../src/backup/log-check.ts';
import { encodeJson, sealOf } from '../../../src/backup/manifest.ts';
import { readBackup } from '../../../src/backup/read-backup.ts';
import { readRecordLines, recordLine } from '../../../src/backup/record-lines.ts';
import { BackupRefused } from '../../../src/backup/refused.ts';
import { archiveEnd, headerOf, paddingAfter } from '../../../src/backup/tar.ts';
import { masterKeyFrom } from '../../../src/crypto/master-key.ts';
import type { FuzzTarget } from '../target.ts';

const header = {
  format: 1 as const,
  release: '0.1.0',
  dataFormat: 1,
  madeAt: '2026-01-31T12:00:00.000Z',
  storeId: 'a-store',
  masterKeyId: '0123456789abcdef',
  hasLog: true,
  hasMasterKey: false,
};

const line = recordLine({ key: 'a/b', version: 'v', value: Buffer.from('sealed') });

function sample(): Buffer {
  const manifest = encodeJson({ ...header, records: 1, parts: [] });
  const members = [
    ['backup.json', encodeJson(header)],
    ['records/00000001', Buffer.from(line)],
    ['audit/audit.jsonl', Buffer.from('{"time":"t","operationName":"n"}\n')],
    ['manifest.json', manifest],
    ['manifest.seal', sealOf(manifest, masterKeyFrom(Buffer.alloc(32)))],
  ] as const;
  const blocks = members.flatMap(([name, contents]) => [
    headerOf({ name, size: contents.length, modifiedS: 0 }),
    contents,
    paddingAfter(contents.length),
  ]);
  return Buffer.concat([...blocks, archiveEnd]);
}

function sourceOf(input: Uint8Array): ByteSource {
  let position = 0;
  return new ByteSource((into) => {
    const some = input.subarray(position, position + into.length);
    into.set(some);
    position += some.length;
    return some.length;
  });
}

/** A file is read as a backup, or refused for one of the reasons that the command prints. What is read of it is what it has. */
export const backupFile: FuzzTarget = {
  form: 'bytes',
  words: [
    'backup.json',
    'records/00000002',
    'audit/audit.1.jsonl',
    'master.key',
    'manifest.json',
    '77777777777\0',
    'ustar\0',
  ],
  samples: () => ({
    inputs: [sample(), Buffer.from(line)],
    read(input) {
      const log = new LogCheck();
      let bytes = 0;
      try {
        for (const piece of readBackup(sourceOf(input))) {
          if (piece.kind === 'records') bytes += piece.records.reduce((sum, { value }) => sum + value.length, 0);
          else if (piece.kind === 'logFile') log.begin(piece.name);
          else if (piece.kind === 'logBytes') log.read(piece.bytes);
        }
      } catch (error) {
        assert.ok(error instanceof BackupRefused, String(error));
      }
      assert.ok(bytes <= input.length);
      readLines(Buffer.from(input));
    },
  }),
};

/** Lines of records are read, or refused for the same reasons. */
function readLines(input: Buffer): void {
  try {
    const records = readRecordLines(input);
    assert.ok(records.every(({ key, version }) => key.length > 0 && version.length > 0));
  } catch (error) {
    assert.ok(error instanceof BackupRefused, String(error));
  }
}
