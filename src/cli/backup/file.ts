import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { ByteSource } from '../../backup/byte-source.ts';
import { readBackup } from '../../backup/read-backup.ts';
import type { BackupHeader } from '../../backup/manifest.ts';
import { BackupRefused } from '../../backup/refused.ts';
import { CommandFailed } from '../failed.ts';

/** A backup in a file that was opened once, so that each reading is of the same one. */
export class BackupFile implements Disposable {
  readonly name: string;
  readonly #descriptor: number;

  constructor(name: string) {
    this.name = name;
    this.#descriptor = open(name);
  }

  /** The whole of it, from the beginning. */
  source(): ByteSource {
    return sourceOf(this.#descriptor);
  }

  get size(): number {
    return fstatSync(this.#descriptor).size;
  }

  /** @throws {BackupRefused} `notABackup`, `newerFile` or `cutOff` */
  header(): BackupHeader {
    const first = readBackup(this.source()).next();
    if (first.done === true || first.value.kind !== 'header') throw new Error('a backup begins with its header');
    return first.value.header;
  }

  [Symbol.dispose](): void {
    closeSync(this.#descriptor);
  }
}

/** An open file, from its beginning. */
export function sourceOf(descriptor: number): ByteSource {
  let position = 0;
  return new ByteSource((into) => {
    const read = readSync(descriptor, into, 0, into.length, position);
    position += read;
    return read;
  });
}

function open(name: string): number {
  try {
    // A FIFO without a writer would hold the command for ever (open(2)).
    const descriptor = openSync(name, constants.O_RDONLY | constants.O_NONBLOCK);
    if (fstatSync(descriptor).isFile()) return descriptor;
    closeSync(descriptor);
    throw new Error('it is not a file');
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new CommandFailed(`The backup ${name} cannot be read: ${cause}`);
  }
}

/** Runs the work; a refusal of the backup is the command's failure. */
export async function orFailed<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof BackupRefused) throw new CommandFailed(`${file}: ${error.message}`);
    throw error;
  }
}
