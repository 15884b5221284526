import { constants } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { LogRecord } from './activity.ts';
import { recordIn } from './line.ts';
import type { RecordLine } from './line.ts';

export interface AuditExportParts {
  /** Holds a folder for each storage account. Relative to the working directory, which outlives a privilege drop. */
  readonly directory: string;
  /** The storage accounts that a resource's records go to. `resourceId` in upper case, as a record has it. */
  readonly accountsOf: (resourceId: string) => Promise<readonly string[]>;
  /** Told what an operator should know, in a sentence. */
  readonly notice: (message: string) => void;
}

const everyMs = 1000;

/** More than this are dropped, the oldest first: the log itself has every record. */
const waitingMax = 20_000;

/** How many resources are remembered that nobody asks for the records of. */
const unwantedMax = 10_000;

/** Records on their way to one storage account. */
interface Unsent {
  readonly account: string;
  readonly records: readonly LogRecord[];
}

const container = 'insights-logs-auditevent';

/**
 * Copies of audit records, as diagnostic settings send them to storage accounts, in the folders and files that Azure
 * names: `insights-logs-auditevent/resourceId=/SUBSCRIPTIONS/…/y=…/m=…/d=…/h=…/m=00/PT1H.json`, JSON lines by the hour of
 * the record. Written within a second or two, behind the answer, or when the disk has room again; what a killed process had
 * not written yet is missing here, and is in the audit log.
 */
export class AuditExport {
  readonly #parts: AuditExportParts;
  #waiting: LogRecord[] = [];
  /** What an account's folder could not take yet, oldest first. */
  #unsent: Unsent[] = [];
  #dropped = 0;
  #isFailing = false;
  #closing = false;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  /** Resources whose records nobody asks for, as far as is known: they are not kept, which would cost each its promotion. */
  readonly #unwanted = new Set<string>();
  /** Another one after each change of the settings. */
  #settingsSeen = {};

  constructor(parts: AuditExportParts) {
    this.#parts = parts;
  }

  /** Takes what was written to the log, and keeps what diagnostic settings of a vault can ask for. */
  take(record: LogRecord): void {
    if (this.#isWanted(record)) this.#keep(record);
  }

  /** The same of a record that is there as its line only. */
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

  /** Diagnostic settings were changed: from now on the records of any resource may be asked for. */
  settingsChanged(): void {
    this.#settingsSeen = {};
    this.#unwanted.clear();
  }

  /** Writes what was taken. What cannot be written, as on a full disk, is told once and tried again until it can. */
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

  /** Returns why it failed, if it did: then it is kept. */
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

  /** All of the lines or none: half of one would spoil the next. */
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

/** `time` is ISO 8601 in UTC, as the names of the blobs are. */
function blobName({ resourceId, time }: LogRecord): string {
  const [year = '', month = '', day = '', hour = ''] = time.split(/[-T:]/);
  return `resourceId=${resourceId}/y=${year}/m=${month}/d=${day}/h=${hour}/m=00/PT1H.json`;
}
