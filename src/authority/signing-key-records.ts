import { createPrivateKey, createPublicKey, generateKeyPair } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { calculateJwkThumbprint, exportJWK } from 'jose';
import type { JWK } from 'jose';
import { recordKind } from '../store/keys.ts';
import { listRecords, readRecords, recordPut } from '../store/records.ts';
import { Conflict } from '../store/store.ts';
import type { Put, Store, Version } from '../store/store.ts';

/** The most keys that verify at a time. More would mean a rotation every minute, and a JWKS that clients refuse to read. */
export const keysMax = 64;

/**
 * A stored key (sealed by the store): PKCS #8, and the time from which it signs, in milliseconds since 1970.
 */
interface SigningKeyRecord {
  readonly kid: string;
  readonly createdAt: number;
  readonly pkcs8: string;
}

export const signingKeyRecord = recordKind<SigningKeyRecord>({
  pattern: 'authority/signing-key/',
  owner: 'authority',
  holds: 'a key that signs tokens or has signed them',
});

/**
 * Every change of the keys rewrites it and requires the version that it was decided with: of two nodes that change them at
 * once, the second begins again. What was verified with the keys requires it, too.
 */
export const stampKey = recordKind<null>({
  pattern: 'authority/signing-keys',
  owner: 'authority',
  holds: 'nothing; its version is the stamp of the keys that sign tokens',
}).key();

/** How many times a change of the keys, or a read of them, is tried while other nodes change them. */
const attemptsMax = 8;

/** Whether a change of that record adds or removes signing keys. */
export function isSigningKeyRecord(key: string): boolean {
  return key === stampKey || key.startsWith(signingKeyRecord.prefix());
}

export interface SigningKey {
  readonly kid: string;
  readonly createdAt: number;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** Its form in the JWKS. */
  readonly jwk: JWK;
}

/** The keys in one state of the store, newest first. */
interface KeysRead {
  readonly keys: readonly SigningKey[];
  /** Of the stamp; `null`: it was never written. */
  readonly version: Version | null;
}

const generateRsa = promisify(generateKeyPair);

/** Tries again after a conflict about the keys. */
export async function whileOthersChange<T>(work: (isFirst: boolean) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work(attempt === 1);
    } catch (error) {
      if (!(error instanceof Conflict) || error.key !== stampKey || attempt === attemptsMax) throw error;
    }
  }
}

/**
 * @param known their objects are kept where nothing has changed, and with them what was verified by them
 * @throws {Conflict} when the keys were changed between the two reads
 */
export async function readKeys(store: Store, known: readonly SigningKey[] = []): Promise<KeysRead> {
  const [stamp] = await readRecords(store, { get: [stampKey] });
  const version = stamp?.version ?? null;
  const require = [{ key: stampKey, version }];
  const records = await listRecords(store, { require, prefix: signingKeyRecord.prefix(), limit: 2 * keysMax });
  const same = ({ kid, createdAt }: SigningKeyRecord) =>
    known.find((key) => key.kid === kid && key.createdAt === createdAt);
  const keys = await Promise.all(records.map(async ({ value }) => same(value) ?? toSigningKey(value)));
  return { keys: keys.toSorted(newestFirst), version };
}

export function newestFirst(a: SigningKey, b: SigningKey): number {
  return b.createdAt - a.createdAt || (a.kid < b.kid ? -1 : 1);
}

/** Makes a key that signs from `createdAt` on (ms). */
export async function makeKey(createdAt: number): Promise<SigningKey> {
  // Entra's own signing keys have 2048 bits.
  const { privateKey, publicKey } = await generateRsa('rsa', { modulusLength: 2048 });
  return toSigningKey({
    kid: await calculateJwkThumbprint(publicKey.export({ format: 'jwk' })),
    createdAt,
    pkcs8: privateKey.export({ format: 'pem', type: 'pkcs8' }),
  });
}

export function putOf({ kid, createdAt, privateKey }: SigningKey): Put {
  return recordPut(signingKeyRecord.key(kid), {
    kid,
    createdAt,
    pkcs8: privateKey.export({ format: 'pem', type: 'pkcs8' }),
  });
}

async function toSigningKey({ kid, createdAt, pkcs8 }: SigningKeyRecord): Promise<SigningKey> {
  const privateKey = createPrivateKey(pkcs8);
  const publicKey = createPublicKey(privateKey);
  const jwk = { ...(await exportJWK(publicKey)), kid, use: 'sig', alg: 'RS256' };
  return { kid, createdAt, privateKey, publicKey, jwk };
}
