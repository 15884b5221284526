import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { javaKeyStore } from './java-key-store.ts';

/** Where distributions keep the roots that their programs trust: Debian and Alpine, Fedora, openSUSE, macOS. */
const systemFiles = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

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
    const file = systemFiles.find((name) => existsSync(name));
    // Node's own, as of its release, where the system has none. Loading TLS takes half as long as all the rest.
    const system =
      file === undefined ? (await import('node:tls')).rootCertificates.join('\n') : readFileSync(file, 'utf8');
    return new Roots(readFileSync(ownFile, 'utf8'), system, folder);
  }

  /** The roots of `base`, or the system's, and our own: PEM. */
  readonly with = (base: string | undefined): string => {
    const pem = this.#merged(base);
    return this.#kept(pem, '.pem', () => pem);
  };

  /** The authorities that Node is to trust beside its own roots. */
  readonly extra = (base: string | undefined): string => {
    const pem = base === undefined ? this.#own : joined(readFileSync(base, 'utf8'), this.#own);
    return this.#kept(pem, '.pem', () => pem);
  };

  /** The system's roots and our own in the form that Java reads. */
  java(): string {
    const pem = this.#merged(undefined);
    return this.#kept(pem, '.jks', () => javaKeyStore(pem));
  }

  #merged(base: string | undefined): string {
    return joined(base === undefined ? this.#system : readFileSync(base, 'utf8'), this.#own);
  }

  #kept(source: string, extension: string, make: () => string | Uint8Array): string {
    const name = createHash('sha256').update(source).digest('hex').slice(0, 32);
    const file = join(this.#folder, `${name}${extension}`);
    if (existsSync(file)) return file;
    const unfinished = `${file}.${process.pid}`;
    writeFileSync(unfinished, make(), { mode: 0o600 });
    renameSync(unfinished, file);
    return file;
  }
}

/**
 * A folder of the user's own cache. A user without a home has one in the data folder, which is then the user's own, too;
 * root does not write there, for the worker may.
 */
export function cacheFolder(name: string, dataFolder: string): string {
  try {
    return made(join(userInfo().homedir, '.cache', 'postern', name));
  } catch (error) {
    if (process.getuid?.() === 0) throw error;
    return made(join(dataFolder, 'cache', name));
  }
}

function made(folder: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

function joined(base: string, own: string): string {
  return `${base.trimEnd()}\n${own}`;
}
