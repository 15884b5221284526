import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join, sep } from 'node:path';
import { CommandFailed } from '../failed.ts';
import { systemRootFiles } from './environment.ts';
import { javaKeyStore } from './java-key-store.ts';

/**
 * Files of roots with our own authority added: with that alone a program would trust nothing else. They are named by
 * their contents, so that a second call finds them written.
 */
export class Roots {
  readonly #own: string;
  readonly #system: string;
  readonly #folder: string;

  private constructor(own: string, system: string, folder: string) {
    this.#own = own;
    this.#system = system;
    this.#folder = folder;
  }

  /** @param folder where to keep the files */
  static async open(ownFile: string, folder: string): Promise<Roots> {
    return new Roots(readFileSync(ownFile, 'utf8'), await systemRoots(), folder);
  }

  /** The roots of `base`, or the system's, and our own: PEM. */
  readonly with = (base: string | undefined): string => {
    const pem = this.#merged(base);
    return this.#kept(pem, '.pem', () => pem);
  };

  /** The authorities that Node is to trust beside its own roots. */
  readonly extra = (base: string | undefined): string => {
    const pem = isNone(base) ? this.#own : joined(readBase(base), this.#own);
    return this.#kept(pem, '.pem', () => pem);
  };

  /** The system's roots and our own in the form that Java reads. */
  java(): string {
    const pem = this.#merged(undefined);
    return this.#kept(pem, '.jks', () => javaKeyStore(pem));
  }

  #merged(base: string | undefined): string {
    return joined(isNone(base) ? this.#system : readBase(base), this.#own);
  }

  #kept(source: string, extension: string, make: () => string | Uint8Array): string {
    return keptFile(this.#folder, { source, extension, make });
  }
}

/** The roots that the programs of this system trust: PEM. */
export async function systemRoots(): Promise<string> {
  const file = systemRootFiles.find((name) => existsSync(name));
  if (file !== undefined) return readFileSync(file, 'utf8');
  // Node's own, as of its release. Loading TLS takes half as long as all the rest.
  return (await import('node:tls')).rootCertificates.join('\n');
}

interface Kept {
  readonly source: string;
  readonly extension: string;
  /** The contents, if they are not `source` itself. */
  readonly make?: () => string | Uint8Array;
}

/** A file in the folder, named by `source`; it is written only when it is missing. */
export function keptFile(folder: string, { source, extension, make = () => source }: Kept): string {
  const name = createHash('sha256').update(source).digest('hex').slice(0, 32);
  const file = join(folder, `${name}${extension}`);
  if (!existsSync(file)) replaceFile(file, make());
  return file;
}

/** Writes a file that readers see whole. */
export function replaceFile(file: string, contents: string | Uint8Array): void {
  const unfinished = `${file}.${process.pid}`;
  // Readable to all where it is mounted; the folder is not.
  writeFileSync(unfinished, contents, { mode: 0o644 });
  renameSync(unfinished, file);
}

/**
 * A folder of the user's own cache. A user without a home has one in the data folder, which is then the user's own, too;
 * root does not write there, for the worker may.
 * @throws {CommandFailed} when there is none in which only this user writes
 */
export function cacheFolder(name: string, dataFolder: string): string {
  const faults: string[] = [];
  for (const place of cachePlaces(dataFolder)) {
    try {
      return made(place(), name);
    } catch (error) {
      faults.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new CommandFailed(`There is no folder for the files of a program: ${faults.join('; ')}.`);
}

function cachePlaces(dataFolder: string): readonly (() => readonly [string, ...string[]])[] {
  const atHome = () => [userInfo().homedir, '.cache', 'postern'] as const;
  return process.getuid?.() === 0 ? [atHome] : [atHome, () => [dataFolder, 'cache']];
}

/** A program trusts what is kept there by its name, so that no other user may write in it or above it. */
function made([top, ...below]: readonly [string, ...string[]], name: string): string {
  const folder = join(top, ...below, name);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const above = [...below, ...name.split(sep)].map((_, index, names) => join(top, ...names.slice(0, index + 1)));
  const open = [top, ...above].find((each) => {
    const { uid, mode } = statSync(each);
    return uid !== (process.geteuid?.() ?? uid) || (mode & 0o002) !== 0;
  });
  if (open !== undefined) throw new Error(`another user may write in ${open}`);
  return folder;
}

/** Programs take an empty variable for one that is not set. */
function isNone(base: string | undefined): base is undefined | '' {
  return base === undefined || base === '';
}

/** Not left out where it cannot be read: the program would then trust others than it is told to. */
function readBase(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new CommandFailed(
      `The roots that the environment names cannot be read: ${cause}`,
      'Correct or unset the variable.',
    );
  }
}

function joined(base: string, own: string): string {
  return `${base.trimEnd()}\n${own}`;
}
