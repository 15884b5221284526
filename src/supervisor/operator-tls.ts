import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type tlsModule from 'node:tls';
import { isDeepStrictEqual } from 'node:util';
import type { Settings } from '../settings/settings.ts';
import { judgePair, type GivenFile, type GivenPair, type PairContext } from '../settings/tls-pair.ts';
import type { TlsPair } from '../types/supervision.ts';
import { canRedirect } from './redirectable-path.ts';
import type { User } from './worker-user.ts';

/** The interval at which the files are read, in milliseconds: a certificate is replaced weeks before the earlier one ends. */
export const lookEveryMs = 1_000;

/** A chain and a key have some kilobytes. */
const bytesMax = 256 * 1024;

export type OpenedTls =
  | { readonly ok: true; readonly tls: OperatorTls; readonly notices: readonly string[] }
  | {
      readonly ok: false;
      /** A line for each that cannot be used. */
      readonly message: string;
    };

type TlsSettings = Pick<Settings, 'tls' | 'domain'>;
type Entry = TlsSettings['tls'][number];

/** `node:tls`, which takes longer to load than the rest of this program: it is loaded where a certificate may be configured. */
export type Tls = Pick<typeof tlsModule, 'createSecureContext' | 'getCACertificates'>;

interface TlsParts {
  readonly tls: Tls;
  readonly settings: TlsSettings;
  readonly worker: User | undefined;
  readonly nowMs: () => number;
}

/** A configured pair: what is in force, and what its files had when they were last read. */
interface Held {
  readonly entry: Entry;
  inForce: TlsPair;
  /** The files of `inForce`. */
  used: GivenPair;
  /** Other contents that could not be used, or why they could not be read. */
  refused: { readonly contents: GivenPair | string; isSaid: boolean } | undefined;
}

/** The result of a look at the files. */
export interface Look {
  readonly isChanged: boolean;
  /** For the operator. */
  readonly notices: readonly string[];
}

/**
 * The operator's certificates. Files are replaced in many ways (a link that leads elsewhere, a rename, writing in place), and
 * on file systems without notices; so they are read again and again, and compared. A pair that cannot be used leaves the
 * one before in force: a certificate and its key are written one after the other.
 */
export class OperatorTls {
  readonly #parts: TlsParts;
  readonly #held: readonly Held[];

  private constructor(parts: TlsParts, held: readonly Held[]) {
    this.#parts = parts;
    this.#held = held;
  }

  /** Reads and judges all of them: one that cannot be used refuses the whole configuration. */
  static open(parts: TlsParts): OpenedTls {
    const held: Held[] = [];
    const notices: string[] = [];
    const faults: string[] = [];
    for (const [index, entry] of parts.settings.tls.entries()) {
      const read = readEntry(entry, parts.worker);
      const judged = read.ok ? judgePair(read.given, contextOf(parts)) : read;
      if (!judged.ok) faults.push(`tls[${index}]: ${judged.message}`);
      if (!judged.ok || !read.ok) continue;
      notices.push(...judged.notices);
      held.push({ entry, inForce: judged.pair, used: read.given, refused: undefined });
    }
    if (faults.length > 0) return { ok: false, message: faults.join('\n') };
    return { ok: true, tls: new OperatorTls(parts, held), notices };
  }

  get pairs(): readonly TlsPair[] {
    return this.#held.map(({ inForce }) => inForce);
  }

  /** Reads the files again. What cannot be used is said at the second look that finds it: at the first it may be half written. */
  look(): Look {
    const looks = this.#held.map((held) => this.#lookAt(held));
    return { isChanged: looks.some(({ isChanged }) => isChanged), notices: looks.flatMap(({ notices }) => notices) };
  }

  #lookAt(held: Held): Look {
    const read = readEntry(held.entry, this.#parts.worker);
    if (read.ok && isDeepStrictEqual(read.given, held.used)) {
      held.refused = undefined;
      return { isChanged: false, notices: [] };
    }
    const contents = read.ok ? read.given : read.message;
    if (held.refused?.isSaid === true && isDeepStrictEqual(held.refused.contents, contents))
      return { isChanged: false, notices: [] };
    const judged = read.ok ? judgePair(read.given, contextOf(this.#parts)) : read;
    if (judged.ok && read.ok) {
      held.inForce = judged.pair;
      held.used = read.given;
      held.refused = undefined;
      return {
        isChanged: true,
        notices: [`${held.inForce.path} was replaced: new connections get it.`, ...judged.notices],
      };
    }
    const isSeenBefore = held.refused !== undefined && isDeepStrictEqual(held.refused.contents, contents);
    held.refused = { contents, isSaid: isSeenBefore };
    if (!isSeenBefore || judged.ok) return { isChanged: false, notices: [] };
    return { isChanged: false, notices: [`${judged.message} The certificate from before stays in use.`] };
  }
}

type ReadEntry = { readonly ok: true; readonly given: GivenPair } | { readonly ok: false; readonly message: string };

function readEntry({ certificate, key, authority }: Entry, worker: User | undefined): ReadEntry {
  try {
    const read = (path: string): GivenFile => ({ path, contents: readOperatorFile(path, worker) });
    const given = {
      certificate: read(certificate),
      key: read(key),
      authority: authority === undefined ? undefined : read(authority),
    };
    return { ok: true, given };
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * Reads a small regular file: a pipe would hold this process for ever.
 * @throws {Error} with the path and the reason
 */
function readOperatorFile(path: string, worker: User | undefined): string {
  if (worker !== undefined && canRedirect(worker, path)) {
    throw new Error(
      `The worker (uid ${worker.uid}) controls the path ${path}, so root does not read it: move the file where the worker cannot change a folder.`,
    );
  }
  const descriptor = openToRead(path);
  try {
    const { size } = fstatSync(descriptor);
    if (!fstatSync(descriptor).isFile()) throw new Error(`${path} is not a regular file.`);
    if (size > bytesMax) throw new Error(`${path} has ${size} bytes; a certificate or key has at most ${bytesMax}.`);
    const bytes = Buffer.alloc(bytesMax + 1);
    return bytes.toString('latin1', 0, readSync(descriptor, bytes, 0, bytes.length, 0));
  } finally {
    closeSync(descriptor);
  }
}

function openToRead(path: string): number {
  try {
    // Without waiting for the other end of a pipe (open(2)).
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw new Error(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}.`, {
      cause: error,
    });
  }
}

function contextOf({ tls, settings: { domain }, nowMs }: TlsParts): PairContext {
  return {
    domain,
    nowMs: nowMs(),
    roots: () => [...tls.getCACertificates('default'), ...tls.getCACertificates('system')],
    tryTls: ({ certificate, key }) => void tls.createSecureContext({ cert: certificate, key }),
  };
}
