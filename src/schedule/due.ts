import { AuditUnavailable } from '../audit/log.ts';
import { recordKind } from '../store/keys.ts';
import type { Key } from '../store/keys.ts';
import { recordPut } from '../store/records.ts';
import type { Stored } from '../store/records.ts';
import { Unavailable } from '../store/store.ts';
import type { Put } from '../store/store.ts';
import type { Collection } from '../types/collection.ts';

/** Work that the server does by itself at a certain time. */
export type DueKind =
  /** A soft-deleted object at the end of its retention, or a purged one that still has versions. */
  | 'purgeObject'
  /** A soft-deleted vault at the end of its retention, or a purged one that still has contents. */
  | 'purgeVault'
  /** A lifetime action of a key's rotation policy. */
  | 'rotateKey'
  /** A lifetime action of a certificate's policy. */
  | 'renewCertificate'
  /** A pending certificate that the issuer has finished. */
  | 'completeCertificate'
  /** A long-running operation of the resource manager. */
  | 'operation';

/**
 * The subject of a work. The handler reads it again before it does anything: work that is not due any more is dropped.
 */
export interface DueSubject {
  readonly vault: string;
  readonly incarnation: string;
  /** Absent where the vault itself is meant. */
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
  /** How often the work was begun and not finished. */
  readonly attempts: number;
}

/** A due record, decoded. */
export interface Due extends Work {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** When it was due before it was put off for another attempt; the same as `at` if it was not. */
  readonly firstAt: number;
}

/**
 * Thrown by work that cannot be done now for a reason that will pass, such as a full disk: it is tried again until it
 * can.
 */
export class TryLater extends Error {
  override readonly name = 'TryLater';
}

const passing = [TryLater, AuditUnavailable, Unavailable];

/** Whether work failed for a reason that passes by itself or when an operator acts: it is tried again until it does. */
export function isPassing(cause: unknown): boolean {
  return passing.some((kind) => cause instanceof kind);
}

/** A due record as it is stored. */
export type DueRecord = AnySubject & { readonly attempts?: number; readonly firstAt?: number };

const due = recordKind<DueRecord>({
  pattern: 'due/{time}/',
  owner: 'schedule',
  holds: 'work that is due at that time, by kind and subject',
});
export const duePrefix = due.prefix();

/**
 * The key of one work for one subject at one time (milliseconds since 1970); asking for it again gives the same record.
 */
export function dueKey(kind: string, at: number, subject: AnySubject): Key<DueRecord> {
  return due.key(timeText(Math.max(0, Math.ceil(at))), workPath(kind, subject));
}

/** The last part of a key: one work for one subject. */
export function workPath(kind: string, subject: AnySubject): string {
  if ('operationId' in subject) return `${kind}/${subject.subscriptionId.toLowerCase()}/${subject.operationId}`;
  const { incarnation, collection, name = '' } = subject;
  return `${kind}/${incarnation}/${collection ?? ''}/${name.toLowerCase()}`;
}

/** A put for a transaction: the work is done at that time, or when the server next runs after it. */
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

/** A key between those of work due before that time and those of work due at it or later. */
export function dueFrom(at: number): string {
  return duePrefix + timeText(at);
}

/** When the work of a due record is due, in milliseconds since 1970. */
export function dueTime(key: string): number {
  return Number(key.slice(duePrefix.length, duePrefix.length + timeLength));
}

const timeLength = 15;

function timeText(at: number): string {
  return String(at).padStart(timeLength, '0');
}
