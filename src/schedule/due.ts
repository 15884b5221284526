import { encode } from '../store/store.ts';
import type { Put } from '../store/store.ts';
import type { Collection } from '../types/collection.ts';

/** What a vault does by itself when the time has come. */
export type DueKind =
  /** A soft-deleted object whose retention is over. */
  | 'purgeObject'
  /** A soft-deleted vault whose retention is over. */
  | 'purgeVault'
  /** A lifetime action of a key's rotation policy. */
  | 'rotateKey'
  /** A lifetime action of a certificate's policy. */
  | 'renewCertificate'
  /** A pending certificate that the issuer is done with. */
  | 'completeCertificate';

/** Whose time it is. Whoever does the work looks at the subject anew: work that is not due any more is dropped. */
export interface DueSubject {
  readonly vault: string;
  readonly incarnation: string;
  /** Absent where it is the vault itself. */
  readonly collection?: Collection;
  readonly name?: string;
}

export const duePrefix = 'due/';

/** One work for one subject at one time (milliseconds since 1970); asked for again, it is the same record. */
export function dueKey(kind: DueKind, at: number, { incarnation, collection, name = '' }: DueSubject): string {
  const time = String(Math.max(0, Math.ceil(at))).padStart(15, '0');
  return `${duePrefix}${time}/${kind}/${incarnation}/${collection ?? ''}/${name.toLowerCase()}`;
}

/** What a transaction puts so that the work is done at that time, or as soon as the server runs again after it. */
export function duePut(kind: DueKind, at: number, subject: DueSubject): Put {
  return { key: dueKey(kind, at, subject), value: encode(subject) };
}
