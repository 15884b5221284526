import type { StoredRecord } from '../store/store.ts';
import { damaged } from './refused.ts';

/** The least size of a member with records, but for the last one. */
export const chunkBytes = 1 << 18;

/** Each record of a store as a line: its key, its version and its sealed value in base64, with a space between. */
export function recordLine({ key, version, value }: StoredRecord): string {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return `${key} ${version} ${bytes.toString('base64')}\n`;
}

const form =
  /^([\x21-\x7e]{1,1024}) ([\x21-\x7e]{1,128}) ((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)$/;

const newline = 0x0a;

/**
 * The records of a member: each begins before `chunkBytes`, or else it would be in the next one. So a malformed file cannot
 * have a great many small ones in one member.
 * @throws {BackupRefused} `damaged`
 */
export function readRecordLines(bytes: Buffer): readonly StoredRecord[] {
  const records: StoredRecord[] = [];
  for (let start = 0; start < bytes.length;) {
    if (start >= chunkBytes) throw damaged('one of its members has more records than are written into one');
    const end = bytes.indexOf(newline, start);
    if (end === -1) throw damaged('a record has no end');
    records.push(recordIn(bytes.toString('latin1', start, end)));
    start = end + 1;
  }
  return records;
}

function recordIn(line: string): StoredRecord {
  const [, key, version, value] = form.exec(line) ?? [];
  if (key === undefined || version === undefined || value === undefined)
    throw damaged('a line of its records is not a record');
  return { key, version, value: Buffer.from(value, 'base64') };
}
