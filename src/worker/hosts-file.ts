import { closeSync, constants, fstatSync, ftruncateSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import type { Logger } from 'pino';
import type { NameSet } from '../http/host.ts';
import { vaultPrefix } from '../resources/keys.ts';
import { isVaultName } from '../resources/vaults/vaults.ts';
import type { Settings } from '../settings/settings.ts';
import { localAddress } from '../settings/values.ts';
import type { Store } from '../store/store.ts';

const systemHosts = '/etc/hosts';
const pageSize = 1000;
/** How long after a change of a vault the names that are gone are looked for: a purge ends after its request. */
const lookAgainMs = 2_000;

interface HostsParts {
  /** In the data folder; `postern run` mounts it over /etc/hosts for the program that it starts. */
  readonly path: string;
  readonly rows: Pick<Store, 'list'>;
  readonly names: NameSet;
  /** The address that clients on this machine connect to. */
  readonly address: string;
  readonly logError: (error: unknown) => void;
}

interface ServerHosts {
  readonly hostsFile: string;
  readonly settings: Pick<Settings, 'listen'>;
  readonly rows: Pick<Store, 'list'>;
  readonly log: Logger;
}

/**
 * A hosts file: the system's lines, then one for the server and one for each vault, because a hosts file has no
 * wildcards. It is written in place, into the same inode, so that a program over whose /etc/hosts it is mounted finds
 * a new vault at its next lookup; a name that is added comes at the end, so that a reader in the middle of a write
 * finds all that were there before.
 */
export class HostsFile {
  readonly #parts: HostsParts;
  readonly #descriptor: number;
  readonly #before: string;
  #vaults = new Set<string>();
  /** Vaults of commits since the last look began, which its list may lack. */
  readonly #recent = new Set<string>();
  #again: NodeJS.Timeout | undefined;
  #closed = false;

  private constructor(parts: HostsParts) {
    this.#parts = parts;
    this.#descriptor = openInPlace(parts.path);
    this.#before = `${systemLines()}\n# The names of Postern, which writes this file.\n`;
  }

  static async open(parts: HostsParts): Promise<HostsFile> {
    const file = new HostsFile(parts);
    await file.#look();
    return file;
  }

  /** Call it with the keys of each commit, before its request is answered. */
  committed(keys: readonly string[]): void {
    const touched = keys.filter((key) => key.startsWith(vaultPrefix)).map(vaultOf);
    if (touched.length === 0 || this.#closed) return;
    for (const vault of touched) this.#recent.add(vault);
    if (touched.some((vault) => !this.#vaults.has(vault))) {
      for (const vault of touched) this.#vaults.add(vault);
      this.#writeOrLog();
    }
    this.#lookLater();
  }

  /** Any vault may have changed. */
  changed(): void {
    if (!this.#closed) this.#lookLater();
  }

  async close(): Promise<void> {
    clearTimeout(this.#again);
    if (!this.#closed) closeSync(this.#descriptor);
    this.#closed = true;
  }

  #lookLater(): void {
    this.#again ??= setTimeout(() => void this.#lookAgain(), lookAgainMs).unref();
  }

  async #lookAgain(): Promise<void> {
    try {
      await this.#look();
    } catch (error) {
      if (!this.#closed) this.#parts.logError(error);
    }
    this.#again = undefined;
    if (this.#recent.size > 0 && !this.#closed) this.#lookLater();
  }

  async #look(): Promise<void> {
    this.#recent.clear();
    const found = new Set<string>();
    for (let after: string | undefined; ;) {
      const page = await this.#parts.rows.list({ prefix: vaultPrefix, after, limit: pageSize });
      // These keys are not authenticated: one that is not a name could add a line to the file.
      for (const vault of page.map(({ key }) => vaultOf(key))) if (isVaultName(vault)) found.add(vault);
      after = page.at(-1)?.key;
      if (after === undefined) break;
    }
    // The descriptor may be another file's by now.
    if (this.#closed) return;
    const left = [...this.#vaults].filter((vault) => found.has(vault) || this.#recent.has(vault));
    // In this order, so that no line moves without need.
    this.#vaults = new Set([...left, ...found]);
    this.#write();
  }

  /** A full disk must not fail the request that made a vault. */
  #writeOrLog(): void {
    try {
      this.#write();
    } catch (error) {
      this.#parts.logError(error);
    }
  }

  #write(): void {
    if (this.#closed) return;
    const { address, names } = this.#parts;
    const [home = '', suffix] = [...names.homes, names.vaultSuffix].map((name) => name.replace(/:\d+$/, ''));
    const lines = [home, ...[...this.#vaults].map((vault) => `${vault}${suffix}`)].map(
      (name) => `${address} ${name}\n`,
    );
    const text = Buffer.from(this.#before + lines.join(''));
    writeSync(this.#descriptor, text, 0, text.length, 0);
    ftruncateSync(this.#descriptor, text.length);
  }
}

export function openHosts({ hostsFile, settings, rows, log }: ServerHosts, names: NameSet): Promise<HostsFile> {
  return HostsFile.open({
    path: hostsFile,
    rows,
    names,
    address: localAddress(settings.listen),
    logError: (error) => log.error({ err: error }, 'the hosts file cannot be written'),
  });
}

/** The file that an earlier start left, if it is a plain one of ours: programs may have it mounted. */
function openInPlace(path: string): number {
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
  try {
    const descriptor = openSync(path, flags, 0o644);
    if (fstatSync(descriptor).isFile() && fstatSync(descriptor).nlink === 1) return descriptor;
    closeSync(descriptor);
  } catch {
    // A link, a folder, or a file that this process may not write: it is replaced.
  }
  rmSync(path, { force: true, recursive: true });
  return openSync(path, flags | constants.O_EXCL, 0o644);
}

function systemLines(): string {
  try {
    return readFileSync(systemHosts, 'utf8').trimEnd();
  } catch {
    return '127.0.0.1 localhost';
  }
}

function vaultOf(key: string): string {
  return key.slice(vaultPrefix.length);
}
