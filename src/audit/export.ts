import { constants } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { LogRecord } from './activity.ts';
import { recordIn } from './line.ts';
import type { RecordLine } from './line.ts';

export interface AuditExportParts {
  /**
   * Has a folder for each storage account. Relative to the working directory, which stays reachable after a privilege
   * drop.
   */
  readonly directory: string;
  /** The storage accounts that a resource's records go to. `resourceId` is in upper case, as in a record. */
  readonly accountsOf: (resourceId: string) => Promise<readonly string[]>;
  /** Called with a sentence for the operator. */
  readonly notice: (message: string) => void;
}

const everyMs = 1000;

/** If there are more, the oldest are dropped: the log itself has every record. */
const waitingMax = 20_000;

/** How many resources are remembered that have no diagnostic setting. */
const unwantedMax = 10_000;

/** Records on their way to one storage account. */
interface Unsent {
  readonly account: string;
  readonly records: readonly LogRecord[];
}

const container = 'insights-logs-auditevent';

/**
 * Copies audit records, as diagnostic settings send them to storage accounts, to the folders and files that Azure
 * names: `insights-logs-auditevent/resourceId=/SUBSCRIPTIONS/…/y=…/m=…/d=…/h=…/m=00/PT1H.json`, JSON lines by the hour
 * of the record. They are written within a second or two after the answer, or when the disk has room again; what a
 * killed process had not written is missing here, but is in the audit log.
 */
export class AuditExport {
  readonly #parts: AuditExportParts;
  #waiting: LogRecord[] = [];
  /** Records that could not be written to an account's folder yet, oldest first. */
  #unsent: Unsent[] = [];
  #dropped = 0;
  #isFailing = false;
  #closing = false;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  /**
   * Resources known to have no diagnostic setting. Their records are not kept, because V8 would have to promote each.
   */
  readonly #unwanted = new Set<string>();
  /** A new object after each change of the settings. */
  #settingsSeen = {};

  constructor(parts: AuditExportParts) {
    this.#parts = parts;
  }

  /** Takes a record that was written to the log, and keeps it if a diagnostic setting of a vault may need it. */
  take(record: LogRecord): void {
    if (this.#isWanted(record)) this.#keep(record);
  }

  /** The same for a record of which only the line exists. */
  takeLine(line: RecordLine): void {
    if (this.#isWanted(line)) this.#keep(recordIn(line));
  }

  #isWanted({ category, resourceId }: Pick<RecordLine, 'category' | 'resourceId'>): boolean {
    return category === 'AuditEvent' && !this.#unwanted.has(resourceId);
  }

  #keep(record: LogRecord): void {
    if (this.#waiting.length >= waitingMax) this.#dropped += 1;
    else this.#waiting.push(record);
    this.#schedule();
  }

  /** Call it when diagnostic settings were changed: from now on the records of any resource may be needed. */
  settingsChanged(): void {
    this.#settingsSeen = {};
    this.#unwanted.clear();
  }

  /**
   * Writes what was taken. A failure to write, as on a full disk, is reported once, and tried again until it succeeds.
   */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const before = this.#running ?? Promise.resolve();
    this.#running = before.then(() => this.#write());
    return this.#running;
  }

  /** Tries a last time: what cannot be written is then missing here. */
  close(): Promise<void> {
    this.#closing = true;
    return this.flush();
  }

  #schedule(): void {
    if (!this.#closing) this.#timer ??= setTimeout(() => void this.flush(), everyMs).unref();
  }

  async #write(): Promise<void> {
    if (this.#dropped > 0) {
      this.#parts.notice(`${this.#dropped} audit records were not sent to storage accounts: they came too fast.`);
      this.#dropped = 0;
    }
    const unsent = this.#unsent;
    const taken = this.#waiting;
    this.#unsent = [];
    this.#waiting = [];
    let failure: string | undefined;
    for (const { account, records } of unsent) failure = (await this.#send(account, records)) ?? failure;
    for (const [resourceId, records] of Map.groupBy(taken, (record) => record.resourceId)) {
      try {
        const accounts = await this.#accountsOf(resourceId);
        for (const account of accounts) failure = (await this.#send(account, records)) ?? failure;
      } catch (error) {
        this.#waiting.unshift(...records);
        failure = reasonOf(error);
      }
    }
    this.#tell(failure);
  }

  async #accountsOf(resourceId: string): Promise<readonly string[]> {
    const settings = this.#settingsSeen;
    const accounts = await this.#parts.accountsOf(resourceId);
    if (accounts.length === 0 && settings === this.#settingsSeen) {
      if (this.#unwanted.size >= unwantedMax) this.#unwanted.clear();
      this.#unwanted.add(resourceId);
    }
    return accounts;
  }

  /** Returns the reason if it failed: then the records are kept. */
  async #send(account: string, records: readonly LogRecord[]): Promise<string | undefined> {
    let failure: string | undefined;
    for (const [path, lines] of Map.groupBy(records, blobName)) {
      try {
        await this.#append(account, path, lines);
      } catch (error) {
        const kept = this.#unsent.reduce((sum, one) => sum + one.records.length, 0);
        const left = lines.slice(Math.max(0, kept + lines.length - waitingMax));
        this.#dropped += lines.length - left.length;
        if (left.length > 0) this.#unsent.push({ account, records: left });
        failure = reasonOf(error);
      }
    }
    return failure;
  }

  #tell(failure: string | undefined): void {
    if (failure !== undefined) {
      if (!this.#isFailing) this.#parts.notice(`Audit records cannot be copied to a storage account yet: ${failure}`);
      this.#schedule();
    }
    this.#isFailing = failure !== undefined;
  }

  /** Writes all of the lines or none: half a line would spoil the next. */
  async #append(account: string, path: string, records: readonly LogRecord[]): Promise<void> {
    const file = join(this.#parts.directory, account, container, path);
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = constants;
    const handle = await open(file, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600);
    try {
      const { size } = await handle.stat();
      try {
        await handle.appendFile(records.map((record) => `${JSON.stringify(record)}\n`).join(''));
      } catch (error) {
        await handle.truncate(size);
        throw error;
      }
    } finally {
      await handle.close();
    }
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** `time` is ISO 8601 in UTC, as in the names of the blobs. */
function blobName({ resourceId, time }: LogRecord): string {
  const [year = '', month = '', day = '', hour = ''] = time.split(/[-T:]/);
  return `resourceId=${resourceId}/y=${year}/m=${month}/d=${day}/h=${hour}/m=00/PT1H.json`;
}
