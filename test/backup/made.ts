import { fstatSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ByteSource } from '../../src/backup/byte-source.ts';
import type { OpenLogFile } from '../../src/backup/backup-thread.ts';
import { checkBackup } from '../../src/backup/check-backup.ts';
import type { CheckOptions } from '../../src/backup/check-backup.ts';
import { makeBackup } from '../../src/backup/make-backup.ts';
import { fileFormat, names, sealOf } from '../../src/backup/manifest.ts';
import type { BackupHeader } from '../../src/backup/manifest.ts';
import { archiveEnd, headerOf, paddingAfter, readHeader } from '../../src/backup/tar.ts';
import { masterKeyFrom } from '../../src/crypto/master-key.ts';
import type { MasterKey } from '../../src/crypto/master-key.ts';
import { recordKind } from '../../src/store/keys.ts';
import { recordPut } from '../../src/store/records.ts';
import { openSealedStore } from '../../src/store/sealed.ts';
import { openSqliteStore } from '../../src/store/sqlite.ts';

export const keyText = Buffer.alloc(32, 3).toString('base64');
export const masterKey = masterKeyFrom(Buffer.alloc(32, 3));
export const otherKey = masterKeyFrom(Buffer.alloc(32, 4));

const fruits = recordKind<string>({ pattern: 'test-fruit/', owner: 'test', holds: 'a fruit' });
const ofVault = recordKind<string>({ pattern: 'vault/{incarnation}/test-fruit/', owner: 'test', holds: 'a fruit' });
export const logLine = (id: number) =>
  `${JSON.stringify({ time: `${id}`, operationName: 'Get', properties: { id } })}\n`;

export interface Making {
  readonly fruits?: number;
  /** The files of the log by their names, the oldest first. */
  readonly log?: readonly (readonly [name: string, contents: string])[];
  readonly header?: Partial<BackupHeader>;
}

const usualLog = [
  ['audit.1.jsonl', logLine(1) + logLine(2)],
  ['audit.jsonl', logLine(3)],
] as const;

/** A backup of a store in that folder. */
export async function backupOf(folder: string, { fruits: count = 20, log = usualLog, header }: Making = {}) {
  const file = join(folder, 'postern.db');
  const store = await openSealedStore({ inner: await openSqliteStore({ file }), masterKey });
  const some = Array.from({ length: count }, (_, index) => [
    recordPut(fruits.key(`${index}`), 'apple'),
    recordPut(ofVault.key('one', `${index}`), 'pear'),
  ]);
  await store.transact({ put: some.flat() });
  mkdirSync(join(folder, 'audit'), { recursive: true });
  for (const [name, contents] of log) writeFileSync(join(folder, 'audit', name), contents);
  const pieces = makeBackup({
    file,
    header: {
      format: fileFormat,
      release: '0.1.0',
      dataFormat: 1,
      madeAt: '2026-01-31T12:00:00.000Z',
      storeId: store.storeId,
      masterKeyId: masterKey.id,
      hasLog: true,
      hasMasterKey: false,
      ...header,
    },
    masterKey: () => masterKey,
    masterKeyText: header?.hasMasterKey === true ? keyText : undefined,
    whileHeld: (work) => work(),
    openLog: () => log.map(([name]) => openLogFile(folder, name)),
  });
  const bytes = await joined(pieces);
  await store.close();
  return bytes;
}

/** All pieces of a backup as one. */
export async function joined(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}

function openLogFile(folder: string, name: string): OpenLogFile {
  const descriptor = openSync(join(folder, 'audit', name), 'r');
  return { name: `${names.log}${name}`, descriptor, size: fstatSync(descriptor).size, modifiedS: 1_700_000_000 };
}

export function sourceOf(bytes: Uint8Array): ByteSource {
  let position = 0;
  return new ByteSource((into) => {
    const some = bytes.subarray(position, position + into.length);
    into.set(some);
    position += some.length;
    return some.length;
  });
}

export function check(bytes: Uint8Array, options: Partial<CheckOptions> = {}) {
  return checkBackup(sourceOf(bytes), { masterKey, dataFormat: 1, ...options });
}

/** The members of a JSON object. */
export function parsed(json: string): Record<string, unknown> {
  const value: unknown = JSON.parse(json);
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

export interface Member {
  readonly name: string;
  readonly contents: Buffer;
}

/** The members of a backup, to change some and put them together again. */
export function membersOf(bytes: Buffer): readonly Member[] {
  const members: Member[] = [];
  for (let at = 0; ;) {
    const header = readHeader(bytes.subarray(at, at + 512));
    if (header === undefined) return members;
    const contents = bytes.subarray(at + 512, at + 512 + header.size);
    members.push({ name: header.name, contents });
    at += 512 + header.size + paddingAfter(header.size).length;
  }
}

export function archiveOf(members: readonly Member[]): Buffer {
  const blocks = members.flatMap(({ name, contents }) => [
    headerOf({ name, size: contents.length, modifiedS: 0 }),
    contents,
    paddingAfter(contents.length),
  ]);
  return Buffer.concat([...blocks, archiveEnd]);
}

/** The same backup with another manifest, sealed under that key. */
export function withManifest(
  bytes: Buffer,
  change: (manifest: Record<string, unknown>) => object,
  { sealedBy, header }: { readonly sealedBy: MasterKey; readonly header?: object },
): Buffer {
  const members = membersOf(bytes);
  const found = members.find(({ name }) => name === names.manifest);
  const manifest = Buffer.from(`${JSON.stringify(change(parsed(String(found?.contents))), undefined, 2)}\n`);
  return archiveOf(
    members.map((member) => {
      if (member.name === names.manifest) return { ...member, contents: manifest };
      if (member.name === names.seal) return { ...member, contents: sealOf(manifest, sealedBy) };
      if (member.name === names.header && header !== undefined)
        return { ...member, contents: Buffer.from(`${JSON.stringify(header, undefined, 2)}\n`) };
      return member;
    }),
  );
}
