import { recordKind } from '../store/keys.ts';
import type { Key } from '../store/keys.ts';
import { recordPut } from '../store/records.ts';
import type { Stored } from '../store/records.ts';
import type { Put } from '../store/store.ts';
import type { Collection } from '../types/collection.ts';

/** Work that the server does by itself when its time has come. */
export type DueKind =
  /** A soft-deleted object whose retention is over, or a purged one whose versions are still there. */
  | 'purgeObject'
  /** A soft-deleted vault whose retention is over, or a purged one whose contents are still there. */
  | 'purgeVault'
  /** A lifetime action of a key's rotation policy. */
  | 'rotateKey'
  /** A lifetime action of a certificate's policy. */
  | 'renewCertificate'
  /** A pending certificate that the issuer is done with. */
  | 'completeCertificate'
  /** A long-running operation of the resource manager. */
  | 'operation';

/** Whose time it is. Whoever does the work looks at the subject anew: work that is not due any more is dropped. */
export interface DueSubject {
  readonly vault: string;
  readonly incarnation: string;
  /** Absent where it is the vault itself. */
  readonly collection?: Collection;
  readonly name?: string;
}

/** The subject of the kind `operation`. */
export interface OperationSubject {
  readonly subscriptionId: string;
  readonly operationId: string;
}

export type AnySubject = DueSubject | OperationSubject;

/** One piece of work, wherever its record is. */
export interface Work {
  /** A `DueKind`, unless another release of this server wrote it. */
  readonly kind: string;
  readonly subject: AnySubject;
  /** How often the work was begun and not brought to its end. */
  readonly attempts: number;
}

/** A due record, decoded. */
export interface Due extends Work {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** When it was due before it was put off for another attempt; `at` unless it was. */
  readonly firstAt: number;
}

/** Thrown by work that cannot be done now for a reason that passes, such as a full disk: it is tried again until it can. */
export class TryLater extends Error {
  override readonly name = 'TryLater';
}

/** A due record as it is stored. */
export type DueRecord = AnySubject & { readonly attempts?: number; readonly firstAt?: number };

const due = recordKind<DueRecord>({
  pattern: 'due/{time}/',
  owner: 'schedule',
  holds: 'work that is due at that time, by kind and subject',
});
export const duePrefix = due.prefix();

/** One work for one subject at one time (milliseconds since 1970); asked for again, it is the same record. */
export function dueKey(kind: string, at: number, subject: AnySubject): Key<DueRecord> {
  return due.key(timeText(Math.max(0, Math.ceil(at))), workPath(kind, subject));
}

/** Names one work for one subject, as the last part of a key. */
export function workPath(kind: string, subject: AnySubject): string {
  if ('operationId' in subject) return `${kind}/${subject.subscriptionId.toLowerCase()}/${subject.operationId}`;
  const { incarnation, collection, name = '' } = subject;
  return `${kind}/${incarnation}/${collection ?? ''}/${name.toLowerCase()}`;
}

/** What a transaction puts so that the work is done at that time, or as soon as the server runs again after it. */
export function duePut(kind: DueKind, at: number, subject: DueSubject): Put {
  return recordPut(dueKey(kind, at, subject), subject);
}

/** The same work at a later time, after an attempt that failed. */
export function duePutAgain({ kind, at, firstAt, subject, attempts }: Due): Put {
  return recordPut(dueKey(kind, at, subject), { ...subject, attempts, firstAt });
}

export function readDue({ key, value: stored }: Stored<DueRecord>): Due {
  const [, , kind = ''] = key.split('/');
  const at = dueTime(key);
  const { attempts = 0, firstAt = at, ...subject } = stored;
  return { kind, at, firstAt, subject, attempts };
}

/** Above the keys of what is due before that time. */
export function dueFrom(at: number): string {
  return duePrefix + timeText(at);
}

/** When the work of a due record's key is due. */
export function dueTime(key: string): number {
  return Number(key.slice(duePrefix.length, duePrefix.length + timeLength));
}

const timeLength = 15;

function timeText(at: number): string {
  return String(at).padStart(timeLength, '0');
}
