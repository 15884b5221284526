/**
 * Why a backup is not used:
 * - `notABackup`: the file does not begin as one
 * - `newerFile`: the form of the file is newer than this release knows
 * - `cutOff`: it ends too early
 * - `damaged`: its contents are not what was written
 * - `otherKey`: it was made under another master key than the given one
 * - `tampered`: its manifest was not made with the master key
 * - `newerFormat`: a release wrote the records whose formats this one does not know
 * - `unreadableRecords`: records in it cannot be opened
 * - `brokenLog`: a line of the audit log in it is not a record
 */
export type BackupRefusalKind =
  | 'notABackup'
  | 'newerFile'
  | 'cutOff'
  | 'damaged'
  | 'otherKey'
  | 'tampered'
  | 'newerFormat'
  | 'unreadableRecords'
  | 'brokenLog';

/** A backup that must not be restored; the message says what was found and what to do. */
export class BackupRefused extends Error {
  override readonly name = 'BackupRefused';
  readonly kind: BackupRefusalKind;

  constructor(kind: BackupRefusalKind, message: string) {
    super(message);
    this.kind = kind;
  }
}

export function damaged(what: string): BackupRefused {
  return new BackupRefused('damaged', `The backup is damaged: ${what}. Use another copy of it.`);
}
