import type { MasterKey } from '../crypto/master-key.ts';
import { open, seal } from '../crypto/seal.ts';
import { accept, wrong } from '../shape/fault.ts';
import { array, boolean, literal, object, refine, string, wholeNumber } from '../shape/shape.ts';
import type { Shape, Shaped } from '../shape/shape.ts';
import { BackupRefused, damaged } from './refused.ts';

/** The number of the form of the file. */
export const fileFormat = 1;

/** The names of the members of the archive; the parts `records/` and `audit/` have several. */
export const names = {
  header: 'backup.json',
  records: 'records/',
  log: 'audit/',
  masterKey: 'master.key',
  manifest: 'manifest.json',
  seal: 'manifest.seal',
} as const;

const hex = (digits: number): Shape<string> => matching(new RegExp(`^[0-9a-f]{${digits}}$`));
const bytes = wholeNumber(0, Number.MAX_SAFE_INTEGER);

const facts = {
  /** Of the file. */
  format: literal(fileFormat),
  /** The release that made it, and the format of that release's records (`dataFormat`). */
  release: matching(/^[\w.+-]{1,64}$/),
  dataFormat: wholeNumber(1, Number.MAX_SAFE_INTEGER),
  /** ISO 8601. */
  madeAt: matching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
  storeId: matching(/^[\w-]{1,64}$/),
  /** The id of the master key, which reveals nothing of it. */
  masterKeyId: hex(16),
  hasLog: boolean,
  hasMasterKey: boolean,
};

const header = object(facts);
const manifest = object({
  ...facts,
  records: bytes,
  parts: array(object({ name: string, size: bytes, sha256: hex(64) })),
});

/** The contents of the first member of a backup. */
export type BackupHeader = Shaped<typeof header>;

/** The same, and each part of the backup before it: all records are one part, and each file of the log is one. */
export type Manifest = Shaped<typeof manifest>;
export type Part = Manifest['parts'][number];

export function encodeJson(value: BackupHeader | Manifest): Buffer {
  return Buffer.from(`${JSON.stringify(value, undefined, 2)}\n`);
}

/** @throws {BackupRefused} `notABackup` or `newerFile` */
export function readBackupHeader(contents: Buffer): BackupHeader {
  const parsed = parse(contents);
  const format = typeof parsed === 'object' && parsed !== null && 'format' in parsed ? parsed.format : undefined;
  if (typeof format === 'number' && format > fileFormat) {
    const known = `this release of Postern reads forms up to ${fileFormat}`;
    throw new BackupRefused('newerFile', `The backup has the form ${format}; ${known}. Use the release that made it.`);
  }
  const read = header(parsed);
  if (!read.ok) throw notABackup();
  return read.value;
}

/** @throws {BackupRefused} `damaged` */
export function readManifest(contents: Buffer): Manifest {
  const read = manifest(parse(contents));
  if (!read.ok) throw damaged('its manifest cannot be read');
  return read.value;
}

export function notABackup(): BackupRefused {
  const what = 'The file is not a backup that "postern backup" made: it does not begin as one';
  return new BackupRefused('notABackup', `${what}. Give the file that the command printed.`);
}

/**
 * The seal of a manifest: the tag of an empty message with the manifest as its associated data, under the master key. So
 * only who has the key can make a manifest, and with it a backup.
 */
export function sealOf(manifestBytes: Uint8Array, masterKey: MasterKey): Buffer {
  const tag = seal(masterKey.sealing, new Uint8Array(), sealContext(manifestBytes));
  return encodeSeal(Buffer.from(tag));
}

function encodeSeal(tag: Buffer): Buffer {
  return Buffer.from(`${tag.toString('base64')}\n`);
}

/** @throws {BackupRefused} `otherKey` or `tampered` */
export function assertSealed(
  { manifest: { masterKeyId }, bytes: contents, seal: text }: SealedManifest,
  masterKey: MasterKey,
): void {
  if (masterKey.id !== masterKeyId) throw otherKey(masterKeyId, masterKey);
  const tag = Buffer.from(text.toString('latin1').trim(), 'base64');
  // Base64 has several forms of the same bytes.
  const isOurs = text.equals(encodeSeal(tag));
  if (isOurs && open(masterKey.sealing, tag, sealContext(contents)) !== undefined) return;
  const found = 'The manifest of the backup was not made with its master key: the file was changed after it was made';
  throw new BackupRefused('tampered', `${found}. Use another copy of it.`);
}

/** @throws {BackupRefused} `otherKey` */
export function assertKey({ masterKeyId }: Pick<BackupHeader, 'masterKeyId'>, masterKey: MasterKey): void {
  if (masterKey.id !== masterKeyId) throw otherKey(masterKeyId, masterKey);
}

function otherKey(needed: string, { id }: MasterKey): BackupRefused {
  const found = `The backup was made under master key ${needed}, and what was given is ${id} (ids, not keys)`;
  return new BackupRefused('otherKey', `${found}. Give the key that its server had.`);
}

export interface SealedManifest {
  readonly manifest: Manifest;
  /** As they are in the backup. */
  readonly bytes: Buffer;
  readonly seal: Buffer;
}

/** @throws {BackupRefused} `newerFormat`, when a release wrote the records whose format is above `known` */
export function assertFormat({ release, dataFormat }: BackupHeader, known: number): void {
  if (dataFormat <= known) return;
  const what = `The backup was made by Postern ${release} in data format ${dataFormat}, and this release reads formats up to ${known}`;
  throw new BackupRefused('newerFormat', `${what}. Restore it with Postern ${release} or a newer one.`);
}

function sealContext(contents: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from('backup manifest\n'), contents]);
}

function matching(form: RegExp): Shape<string> {
  return refine(string, (text) => (form.test(text) ? accept(text) : wrong(text, form.source)));
}

function parse(contents: Buffer): unknown {
  try {
    return JSON.parse(contents.toString('utf8'));
  } catch {
    return undefined;
  }
}
