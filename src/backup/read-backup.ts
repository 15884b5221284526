import { createHash } from 'node:crypto';
import type { StoredRecord } from '../store/store.ts';
import type { ByteSource } from './byte-source.ts';
import { encodeJson, names, notABackup, readBackupHeader, readManifest } from './manifest.ts';
import type { BackupHeader, Manifest, Part, SealedManifest } from './manifest.ts';
import { readRecordLines } from './record-lines.ts';
import { BackupRefused, damaged } from './refused.ts';
import { archiveEnd, blockBytes, paddingAfter, readHeader } from './tar.ts';
import type { Member } from './tar.ts';

/** A piece of a backup, in the order in which they come. Bytes of the log are valid until the next piece. */
export type Piece =
  | { readonly kind: 'header'; readonly header: BackupHeader }
  | { readonly kind: 'records'; readonly records: readonly StoredRecord[] }
  /** A file of the log, the oldest first; its bytes follow. */
  | { readonly kind: 'logFile'; readonly name: string; readonly size: number; readonly modifiedS: number }
  | { readonly kind: 'logBytes'; readonly bytes: Buffer }
  | { readonly kind: 'masterKey'; readonly text: string };

/** The largest members, so that a malformed file takes no memory without end. */
const bytesMax = { header: 1 << 16, records: 1 << 27, masterKey: 1 << 10, manifest: 1 << 22, seal: 1 << 10 };

const logFileName = /^audit\/(audit(?:\.[1-9]\d{0,8})?\.jsonl)$/;
const recordsName = /^records\/\d{8}$/;

/**
 * Reads a backup. It returns the manifest once the whole is what the manifest says; whether the manifest is
 * (`assertSealed`) takes the master key.
 * @throws {BackupRefused} `notABackup`, `newerFile`, `cutOff` or `damaged`
 */
export function* readBackup(source: ByteSource): Generator<Piece, SealedManifest, undefined> {
  const reading = new Reading(source);
  const header = reading.header();
  yield { kind: 'header', header };
  let member = reading.next();
  for (; recordsName.test(member.name); member = reading.next()) {
    const contents = reading.whole(member, { most: bytesMax.records, part: names.records });
    const records = readRecordLines(contents);
    reading.records += records.length;
    yield { kind: 'records', records };
  }
  for (; logFileName.test(member.name); member = reading.next()) {
    const [, name = ''] = logFileName.exec(member.name) ?? [];
    yield { kind: 'logFile', name, size: member.size, modifiedS: member.modifiedS };
    for (const bytes of reading.pieces(member)) yield { kind: 'logBytes', bytes };
  }
  if (member.name === names.masterKey) {
    const contents = reading.whole(member, { most: bytesMax.masterKey, part: names.masterKey });
    yield { kind: 'masterKey', text: contents.toString('latin1') };
    member = reading.next();
  }
  return reading.end(header, member);
}

class Reading {
  readonly #source: ByteSource;
  readonly #parts: Part[] = [];
  #part = { name: '', size: 0, hash: createHash('sha256') };
  records = 0;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  header(): BackupHeader {
    const block = this.#source.take(blockBytes);
    const member = readHeader(block);
    if (member?.name !== names.header) throw isBeginning(block) ? this.#cutOff() : notABackup();
    return readBackupHeader(this.whole(member, { most: bytesMax.header, part: names.header }));
  }

  next(): Member {
    const block = this.#take(blockBytes);
    const member = readHeader(block);
    if (member !== undefined) return member;
    throw damaged(`it has no member at byte ${this.#source.position - blockBytes}`);
  }

  /** A member that belongs to a part, whole. */
  whole(member: Member, { most, part }: { readonly most: number; readonly part: string }): Buffer {
    this.#begin(part);
    const contents = this.#contents(member, most);
    this.#part.hash.update(contents);
    this.#part.size += contents.length;
    return contents;
  }

  /** A member that is a part of its own, piece by piece. */
  *pieces(member: Member): Generator<Buffer> {
    this.#begin(member.name);
    for (let left = member.size; left > 0;) {
      const some = this.#source.some(left);
      if (some.length === 0) throw this.#cutOff();
      this.#part.hash.update(some);
      this.#part.size += some.length;
      left -= some.length;
      yield some;
    }
    this.#padding(member.size);
  }

  end(header: BackupHeader, member: Member): SealedManifest {
    this.#begin('');
    if (member.name !== names.manifest) throw damaged(`${member.name} is not expected there`);
    const bytes = this.#contents(member, bytesMax.manifest);
    const seal = this.next();
    if (seal.name !== names.seal) throw damaged(`${seal.name} is not expected there`);
    const sealBytes = this.#contents(seal, bytesMax.seal);
    if (!this.#take(archiveEnd.length).equals(archiveEnd)) throw damaged('something follows its manifest');
    if (this.#source.some(1).length > 0) throw damaged('something follows its end');
    const manifest = readManifest(bytes);
    this.#compare(manifest, header);
    return { manifest, bytes, seal: sealBytes };
  }

  #compare(manifest: Manifest, header: BackupHeader): void {
    const { records, parts, ...facts } = manifest;
    if (!encodeJson(facts).equals(encodeJson(header))) throw damaged('its manifest is of another backup');
    if (records !== this.records) throw damaged(`it has ${this.records} records, and the manifest names ${records}`);
    const found = new Map(this.#parts.map((part) => [part.name, part]));
    for (const { name, size, sha256 } of parts) {
      const part = found.get(name);
      if (part?.size !== size || part.sha256 !== sha256) throw damaged(`${name} is not what was written`);
    }
    if (parts.length !== this.#parts.length) throw damaged('it has more parts than its manifest names');
  }

  #begin(part: string): void {
    if (this.#part.name === part) return;
    const { name, size, hash } = this.#part;
    if (name !== '') this.#parts.push({ name, size, sha256: hash.digest('hex') });
    this.#part = { name: part, size: 0, hash: createHash('sha256') };
  }

  #contents({ name, size }: Member, most: number): Buffer {
    if (size > most) throw damaged(`${name} has ${size} bytes, and at most ${most} are possible`);
    const contents = this.#take(size);
    this.#padding(size);
    return contents;
  }

  #padding(size: number): void {
    const padding = paddingAfter(size);
    if (!this.#take(padding.length).equals(padding)) throw damaged('something is between two of its members');
  }

  #take(length: number): Buffer {
    const taken = this.#source.take(length);
    if (taken.length < length) throw this.#cutOff();
    return taken;
  }

  #cutOff(): BackupRefused {
    const found = `The backup is cut off after ${this.#source.position} bytes: it was not written to its end`;
    return new BackupRefused('cutOff', `${found}. Use another copy of it, or make it again.`);
  }
}

/** Whether a shorter file is the beginning of a backup. */
function isBeginning(block: Buffer): boolean {
  const beginning = Buffer.from(names.header).subarray(0, block.length);
  return block.length < blockBytes && block.subarray(0, beginning.length).equals(beginning);
}
