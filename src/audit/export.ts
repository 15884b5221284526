import { constants } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { LogRecord } from './activity.ts';

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

const container = 'insights-logs-auditevent';

/**
 * Copies of audit records, as diagnostic settings send them to storage accounts, in the folders and files that Azure
 * names: `insights-logs-auditevent/resourceId=/SUBSCRIPTIONS/…/y=…/m=…/d=…/h=…/m=00/PT1H.json`, JSON lines by the hour of
 * the record. Written within a second or two, behind the answer; what a killed process had not written yet is missing
 * here, and stands in the audit log.
 */
export class AuditExport {
  readonly #parts: AuditExportParts;
  #waiting: LogRecord[] = [];
  #dropped = 0;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;

  constructor(parts: AuditExportParts) {
    this.#parts = parts;
  }

  /** Takes what was written to the log, and keeps what diagnostic settings of a vault can ask for. */
  take(record: LogRecord): void {
    if (record.category !== 'AuditEvent') return;
    if (this.#waiting.length >= waitingMax) this.#dropped += 1;
    else this.#waiting.push(record);
    this.#timer ??= setTimeout(() => void this.flush(), everyMs).unref();
  }

  /** Writes what was taken. A failure is told, and what could not be written is then missing here. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const before = this.#running ?? Promise.resolve();
    this.#running = before.then(() => this.#write());
    return this.#running;
  }

  async #write(): Promise<void> {
    if (this.#dropped > 0) {
      this.#parts.notice(`${this.#dropped} audit records were not sent to storage accounts: they came too fast.`);
      this.#dropped = 0;
    }
    const taken = this.#waiting;
    this.#waiting = [];
    const byResource = Map.groupBy(taken, ({ resourceId }) => resourceId);
    for (const [resourceId, records] of byResource) {
      try {
        const accounts = await this.#parts.accountsOf(resourceId);
        for (const account of accounts) await this.#append(account, records);
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        this.#parts.notice(
          `${records.length} audit records of ${resourceId} were not sent to a storage account: ${why}`,
        );
      }
    }
  }

  async #append(account: string, records: readonly LogRecord[]): Promise<void> {
    for (const [path, lines] of Map.groupBy(records, blobName)) {
      const file = join(this.#parts.directory, account, container, path);
      await mkdir(dirname(file), { recursive: true, mode: 0o700 });
      const { O_APPEND, O_CREAT, O_NOFOLLOW, O_WRONLY } = constants;
      const handle = await open(file, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0o600);
      try {
        await handle.appendFile(lines.map((record) => `${JSON.stringify(record)}\n`).join(''));
      } finally {
        await handle.close();
      }
    }
  }
}

/** `time` is ISO 8601 in UTC, as the names of the blobs are. */
function blobName({ resourceId, time }: LogRecord): string {
  const [year = '', month = '', day = '', hour = ''] = time.split(/[-T:]/);
  return `resourceId=${resourceId}/y=${year}/m=${month}/d=${day}/h=${hour}/m=00/PT1H.json`;
}
