import { createHash, randomBytes } from 'node:crypto';
import { open, seal, SealingKey } from './seal.ts';

/** The key that wraps all data keys. It is never in the database. */
export interface MasterKey {
  /** Names the key without revealing it: 16 hex digits of a hash. A wrapped key states the id of its master key. */
  readonly id: string;
  readonly sealing: SealingKey;
}

export type ParsedMasterKey =
  { readonly ok: true; readonly masterKey: MasterKey } | { readonly ok: false; readonly refusal: MasterKeyRefusal };

/** `message` says what is wrong and what to do. It contains nothing of the input. */
export interface MasterKeyRefusal {
  readonly kind: 'notEncoded' | 'wrongLength';
  readonly message: string;
}

const remedy =
  'a master key is 32 random bytes as 64 hex digits or as base64, such as `openssl rand -base64 32` prints';

/** Reads a master key that an operator wrote into a file or a variable; white space around it is ignored. */
export function parseMasterKey(text: string): ParsedMasterKey {
  const bytes = decodeKey(text.trim());
  if (bytes === undefined) {
    return { ok: false, refusal: { kind: 'notEncoded', message: `it is neither hex nor base64: ${remedy}` } };
  }
  if (bytes.length !== 32) {
    return { ok: false, refusal: { kind: 'wrongLength', message: `it has ${bytes.length} bytes: ${remedy}` } };
  }
  return { ok: true, masterKey: masterKeyFrom(bytes) };
}

/** A master key of these 32 bytes. */
export function masterKeyFrom(bytes: Uint8Array): MasterKey {
  const id = createHash('sha256').update('postern master key id\n').update(bytes).digest('hex').slice(0, 16);
  return { id, sealing: new SealingKey(bytes) };
}

/** A new master key in base64, which `parseMasterKey` reads. */
export function generateMasterKey(): string {
  return randomBytes(32).toString('base64');
}

/** `owner` (such as a store id and the domain of the data key) must be the same for unwrapping. */
export function wrapDataKey(masterKey: MasterKey, dataKey: Uint8Array, owner: string): Uint8Array {
  return seal(masterKey.sealing, dataKey, wrapContext(owner));
}

/** The data key; `undefined` if it was wrapped under another master key, for another owner, or is damaged. */
export function unwrapDataKey(masterKey: MasterKey, wrapped: Uint8Array, owner: string): Uint8Array | undefined {
  return open(masterKey.sealing, wrapped, wrapContext(owner));
}

function wrapContext(owner: string): Uint8Array {
  return Buffer.from(`data key\n${owner}`);
}

function decodeKey(text: string): Uint8Array | undefined {
  if (/^[0-9a-f]+$/i.test(text) && text.length === 64) return Buffer.from(text, 'hex');
  if (/^[A-Za-z0-9+/_-]+={0,2}$/.test(text)) return Buffer.from(text, 'base64');
  return undefined;
}
