import type { StoredRecord } from '../store/store.ts';
import { damaged } from './refused.ts';

/** Each record of a store as a line: its key, its version and its sealed value in base64, with a space between. */
export function recordLine({ key, version, value }: StoredRecord): string {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return `${key} ${version} ${bytes.toString('base64')}\n`;
}

const form =
  /^([\x21-\x7e]{1,1024}) ([\x21-\x7e]{1,128}) ((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)$/;

/** @throws {BackupRefused} `damaged` */
export function readRecordLines(bytes: Buffer): readonly StoredRecord[] {
  const lines = bytes.toString('latin1').split('\n');
  if (lines.pop() !== '') throw damaged('a record has no end');
  return lines.map((line) => {
    const [, key, version, value] = form.exec(line) ?? [];
    if (key === undefined || version === undefined || value === undefined)
      throw damaged('a line of its records is not a record');
    return { key, version, value: Buffer.from(value, 'base64') };
  });
}
