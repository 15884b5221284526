/**
 * Why a store is not opened:
 * - `inUse`: another process, or another store of this one, has the file open
 * - `notOurs`: the file is not a SQLite database, or not one of Postern's
 * - `otherFormat`: written by a version of Postern whose format this one does not know
 * - `cutOff`: the file is shorter than its own header says
 * - `notSealed`: there are records, but nothing that says how they are sealed
 * - `wrongMasterKey`: sealed under a master key that was not given
 * - `damagedSeal`: a record of the seal itself does not open under the right master key
 * - `olderCopy`: older than the commit mark kept beside the master key
 * - `noMark`: it has counted commits, and that mark is missing
 * - `damagedMark`: that mark cannot be read, or was not made under the master key
 * - `noDatabase`: the commit mark or a write-ahead log is there, and the database itself is missing
 * - `newerFormat`: written by a release whose records this one does not know
 * - `unreadableRecords`: a release before wrote it, and this one cannot read all of its records
 * - `unfinishedRestore`: a backup is being restored into the folder, or was not restored to its end
 * - `unfinishedCopy`: another store is being copied into it, or was not copied to its end
 * - `noStore`: there is no store to copy
 * - `holdsRecords`: a copy into it would mix two stores
 * - `changedMeanwhile`: a store was written to while it was copied
 * - `copyDiffers`: a copy does not have what was copied
 * - `noMasterKey`: there is a store, and the key file that its first start made is missing
 * - `nodeKnown`: another server of the store has that name
 * - `nodesDiffer`: the servers of the store have other settings, or an older release
 * - `unreachable`: the database server does not answer, or its certificate is not the right one
 * - `noRights`: the database refuses the role, its password, or what the store must do there
 * - `standby`: the database server cannot be written to
 * - `wrongServer`: the database server is too old, or set up so that it may lose what it acknowledged
 * - `wrongUrl`: the database's URL cannot be understood, or asks for what is not done
 */
export type RefusalKind =
  | 'inUse'
  | 'notOurs'
  | 'otherFormat'
  | 'cutOff'
  | 'notSealed'
  | 'wrongMasterKey'
  | 'damagedSeal'
  | 'olderCopy'
  | 'noMark'
  | 'damagedMark'
  | 'noDatabase'
  | 'newerFormat'
  | 'unreadableRecords'
  | 'unfinishedRestore'
  | 'unfinishedCopy'
  | 'noStore'
  | 'holdsRecords'
  | 'changedMeanwhile'
  | 'copyDiffers'
  | 'noMasterKey'
  | 'nodeKnown'
  | 'nodesDiffer'
  | 'unreachable'
  | 'noRights'
  | 'standby'
  | 'wrongServer'
  | 'wrongUrl';

/** A store that must not be opened as it is; the message says what was found and what to do. */
export class StoreRefused extends Error {
  override readonly name = 'StoreRefused';
  readonly kind: RefusalKind;

  constructor(kind: RefusalKind, message: string) {
    super(message);
    this.kind = kind;
  }
}
