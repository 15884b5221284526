import { closeSync, constants, fstatSync, ftruncateSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import type { Logger } from 'pino';
import type { NameSet } from '../http/host.ts';
import { vaultPrefix } from '../resources/keys.ts';
import { isVaultName } from '../resources/vaults/vaults.ts';
import type { Settings } from '../settings/settings.ts';
import { localAddress } from '../settings/values.ts';
import type { Store } from '../store/store.ts';
import { FailureLog } from './failure-line.ts';

const systemHosts = '/etc/hosts';
const pageSize = 1000;
/** How long after a change of a vault its name is looked for: changes that come together need one look. */
const lookAgainMs = 2_000;

type Rows = Pick<Store, 'list' | 'read'>;

interface HostsParts {
  /** In the data folder; `postern run` mounts it over /etc/hosts for the program that it starts. */
  readonly path: string;
  readonly rows: Rows;
  readonly names: NameSet;
  /** The address that clients on this machine connect to. */
  readonly address: string;
  readonly logError: (error: unknown) => void;
}

interface ServerHosts {
  readonly hostsFile: string;
  readonly settings: Pick<Settings, 'listen'>;
  readonly rows: Rows;
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
  readonly #vaults = new Set<string>();
  /** Vaults of commits since the last look began: each may be gone. */
  readonly #touched = new Set<string>();
  /** The next look is for every vault: changes were missed, or a look failed. */
  #all = true;
  /** The length of the file in bytes; `undefined`: it lacks something, and is to be written as a whole. */
  #length: number | undefined;
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

  /** Call it with the keys of each commit, of this process before its request is answered. */
  committed(keys: readonly string[]): void {
    if (this.#closed) return;
    const touched = keys.filter((key) => key.startsWith(vaultPrefix)).flatMap(vaultOf);
    if (touched.length === 0) return;
    for (const vault of touched) this.#touched.add(vault);
    this.#add(touched);
    this.#lookLater();
  }

  /** Any vault may have changed. */
  changed(): void {
    this.#all = true;
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
      this.#all = true;
      if (!this.#closed) this.#parts.logError(error);
    }
    this.#again = undefined;
    if (this.#touched.size > 0 && !this.#closed) this.#lookLater();
  }

  async #look(): Promise<void> {
    const all = this.#all;
    const touched = [...this.#touched];
    this.#all = false;
    this.#touched.clear();
    const found = new Set(await (all ? this.#listed() : this.#thereOf(touched)));
    // The descriptor may be another file's by now.
    if (this.#closed) return;
    const gone = (all ? [...this.#vaults] : touched).filter((vault) => !found.has(vault) && !this.#touched.has(vault));
    for (const vault of gone) if (this.#vaults.delete(vault)) this.#length = undefined;
    this.#add([...found]);
  }

  async #listed(): Promise<readonly string[]> {
    const found: string[] = [];
    for (let after: string | undefined; ;) {
      const page = await this.#parts.rows.list({ prefix: vaultPrefix, after, limit: pageSize });
      found.push(...page.flatMap(({ key }) => vaultOf(key)));
      after = page.at(-1)?.key;
      if (after === undefined) return found;
    }
  }

  async #thereOf(vaults: readonly string[]): Promise<readonly string[]> {
    const found: string[] = [];
    for (let from = 0; from < vaults.length; from += pageSize) {
      const page = vaults.slice(from, from + pageSize);
      const records = await this.#parts.rows.read({ get: page.map((vault) => vaultPrefix + vault) });
      found.push(...page.filter((_, index) => records[index] !== undefined));
    }
    return found;
  }

  /** Writes those that are not there, after all others, so that no line moves without need. A full disk must not fail a request. */
  #add(vaults: readonly string[]): void {
    const added = vaults.filter((vault) => !this.#vaults.has(vault));
    for (const vault of added) this.#vaults.add(vault);
    try {
      if (this.#length === undefined) this.#writeAll();
      else if (added.length > 0) this.#append(added, this.#length);
    } catch (error) {
      this.#length = undefined;
      this.#parts.logError(error);
    }
  }

  #writeAll(): void {
    const { address, names } = this.#parts;
    const [home = ''] = names.homes;
    const first = `${this.#before}${address} ${withoutPort(home)}\n`;
    const length = this.#write(first + this.#linesOf([...this.#vaults]), 0);
    ftruncateSync(this.#descriptor, length);
    this.#length = length;
  }

  #append(vaults: readonly string[], at: number): void {
    this.#length = at + this.#write(this.#linesOf(vaults), at);
  }

  /** Returns the bytes that it wrote. */
  #write(text: string, at: number): number {
    const bytes = Buffer.from(text);
    for (let done = 0; done < bytes.length;) {
      done += writeSync(this.#descriptor, bytes, done, bytes.length - done, at + done);
    }
    return bytes.length;
  }

  #linesOf(vaults: readonly string[]): string {
    const { address, names } = this.#parts;
    const suffix = withoutPort(names.vaultSuffix);
    return vaults.map((vault) => `${address} ${vault}${suffix}\n`).join('');
  }
}

export function openHosts({ hostsFile, settings, rows, log }: ServerHosts, names: NameSet): Promise<HostsFile> {
  const failures = new FailureLog({ log, message: 'the hosts file cannot be written', now: () => performance.now() });
  return HostsFile.open({
    path: hostsFile,
    rows,
    names,
    address: localAddress(settings.listen),
    logError: (error) => failures.add(error),
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

/** The name of the vault; none where the key has anything else, because keys are not authenticated and could add a line to the file. */
function vaultOf(key: string): readonly string[] {
  const name = key.slice(vaultPrefix.length);
  return isVaultName(name) ? [name] : [];
}

function withoutPort(name: string): string {
  return name.replace(/:\d+$/, '');
}
