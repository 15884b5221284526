import { LogFiles } from './log-files.ts';
import { withNode } from './node-line.ts';
import type { AuditNode } from './node-line.ts';
import type { LogFilesSettings } from './log-files.ts';

export interface AuditLogSettings extends LogFilesSettings {
  /** Whether `append` also waits until its record would survive a power failure. */
  readonly fsync: boolean;
  /** Of several that share a store: each record has its name. */
  readonly node?: AuditNode | undefined;
  /** Called with whole lines when they are in the log; `reads` are those of `writeNow`. */
  readonly written?: ((kind: 'reads' | 'others', lines: Uint8Array, count: number) => void) | undefined;
}

/** JSON lines, in the order of the calls. */
export interface AuditLog {
  /**
   * Adds a line (JSON, without the line break). Resolves when the operating system has it, and with the setting `fsync`
   * when the disk has it.
   * @throws {AuditUnavailable}
   */
  append(line: string): Promise<void>;

  /**
   * Adds lines, all or none. Resolves when the operating system has them, whatever the setting.
   * @throws {AuditUnavailable}
   */
  write(lines: readonly string[]): Promise<void>;

  /**
   * Adds lines, all or none: the operating system has them when it returns. With the setting `fsync` it returns a
   * promise that resolves when the disk has them.
   * @throws {AuditUnavailable}
   */
  writeNow(lines: readonly string[]): Promise<void> | undefined;

  /**
   * Resolves when everything written before the call would survive a power failure. Calls that are made while the disk
   * is busy share the next sync.
   * @throws {AuditUnavailable}
   */
  sync(): Promise<void>;

  /**
   * Returns if the last write succeeded, or a trial succeeds now: there will probably be room for lines.
   * @throws {AuditUnavailable}
   */
  assertWritable(): void;

  /** The record ids in all files that are kept, the last one first. */
  recordIds(): Iterable<string>;

  /** Writes what was accepted, and closes; later calls are refused. */
  close(): Promise<void>;
}

/** The audit log cannot be written, so nothing may be disclosed or changed. */
export class AuditUnavailable extends Error {
  override readonly name = 'AuditUnavailable';
}

/** The lines that were accepted in this turn of the event loop, which are written together. */
interface Turn {
  readonly lines: string[];
  readonly written: PromiseWithResolvers<void>;
  accepted: Promise<void> | undefined;
  /** A caller waits until they are on the disk. */
  untilSynced: boolean;
}

/** How long a file can be missing before that is noticed. */
const lookEveryMs = 500;

/** Opens the log, and creates its folder and file if need be. The rest of an unfinished line is cut off. */
export function openAuditLog(settings: AuditLogSettings): AuditLog {
  return new FolderLog(settings);
}

/** The log as files in a folder, of which this process must be the only writer. */
class FolderLog implements AuditLog {
  readonly #settings: AuditLogSettings;
  readonly #files: LogFiles;
  readonly #looking: NodeJS.Timeout;
  #turn: Turn | undefined;
  #failure: AuditUnavailable | undefined;
  #closed = false;
  #lastSync: Promise<void> = Promise.resolve();
  #nextSync: Promise<void> | undefined;

  constructor(settings: AuditLogSettings) {
    this.#settings = settings;
    this.#files = new LogFiles(settings, () => {
      // `sync` reports its failure.
      this.sync().catch(() => undefined);
    });
    this.#looking = setInterval(() => this.#lookInPassing(), lookEveryMs).unref();
  }

  append(line: string): Promise<void> {
    if (this.#closed) return Promise.reject(closed());
    const turn = this.#currentTurn();
    turn.lines.push(line);
    if (!this.#settings.fsync) return turn.written.promise;
    turn.untilSynced = true;
    turn.accepted ??= turn.written.promise.then(() => this.sync());
    return turn.accepted;
  }

  write(lines: readonly string[]): Promise<void> {
    if (this.#closed) return Promise.reject(closed());
    if (lines.length === 0) return Promise.resolve();
    const turn = this.#currentTurn();
    turn.lines.push(...lines);
    turn.untilSynced = true;
    return turn.written.promise;
  }

  writeNow(lines: readonly string[]): Promise<void> | undefined {
    if (this.#closed) throw closed();
    // Lines that were accepted before go first.
    this.#flush();
    const { fsync } = this.#settings;
    if (lines.length > 0) this.#write('reads', lines, fsync);
    return fsync ? this.sync() : undefined;
  }

  sync(): Promise<void> {
    if (this.#nextSync === undefined) {
      this.#nextSync = this.#lastSync.then(() => this.#sync());
      // Set at once: a sync that finds the file moved requests another one, which must wait for its end.
      this.#lastSync = this.#nextSync.catch(() => undefined);
    }
    return this.#nextSync;
  }

  async #sync(): Promise<void> {
    this.#nextSync = undefined;
    try {
      await this.#files.sync();
    } catch (error) {
      throw this.#unavailable(error);
    }
  }

  assertWritable(): void {
    if (this.#closed) throw closed();
    if (this.#failure === undefined) return;
    try {
      this.#files.tryRoom();
    } catch (error) {
      throw this.#unavailable(error);
    }
    this.#healed();
  }

  recordIds(): Iterable<string> {
    return this.#files.recordIds();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    clearInterval(this.#looking);
    this.#flush();
    this.#closed = true;
    try {
      await this.sync();
    } finally {
      this.#files.close();
    }
  }

  #currentTurn(): Turn {
    if (this.#turn === undefined) {
      this.#turn = { lines: [], written: Promise.withResolvers<void>(), accepted: undefined, untilSynced: false };
      // After the callbacks of this turn's sockets, so that their records share a write.
      setImmediate(() => this.#flush());
    }
    return this.#turn;
  }

  #flush(): void {
    const turn = this.#turn;
    if (turn === undefined) return;
    this.#turn = undefined;
    try {
      this.#write('others', turn.lines, turn.untilSynced);
    } catch (error) {
      turn.written.reject(error);
      return;
    }
    turn.written.resolve();
  }

  /** @throws {AuditUnavailable} */
  #write(kind: 'reads' | 'others', lines: readonly string[], untilSynced: boolean): void {
    const { node } = this.#settings;
    const named = node === undefined ? lines : lines.map((line) => withNode(line, node));
    const bytes = Buffer.from([...named, ''].join('\n'));
    try {
      if (this.#failure !== undefined) this.#files.look();
      this.#files.write(bytes, untilSynced);
    } catch (error) {
      throw this.#unavailable(error);
    }
    this.#settings.written?.(kind, bytes, lines.length);
    this.#healed();
  }

  #lookInPassing(): void {
    if (this.#files.doubted) {
      // `sync` reports its failure.
      this.sync().catch(() => undefined);
      return;
    }
    try {
      this.#files.look();
    } catch (error) {
      this.#unavailable(error);
    }
  }

  #unavailable(error: unknown): AuditUnavailable {
    const unavailable = this.#describe(error);
    if (this.#failure === undefined) this.#settings.notice(unavailable.message);
    this.#failure = unavailable;
    return unavailable;
  }

  #healed(): void {
    if (this.#failure !== undefined) this.#settings.notice('The audit log can be written again.');
    this.#failure = undefined;
  }

  #describe(cause: unknown): AuditUnavailable {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const { directory } = this.#settings;
    return new AuditUnavailable(
      `The audit log in ${directory} cannot be written (${reason}): requests are refused until it can. ` +
        'Free space on that disk, or give the folder back to the user that Postern runs as.',
      { cause },
    );
  }
}

function closed(): AuditUnavailable {
  return new AuditUnavailable('The audit log is closed: Postern is stopping.');
}
