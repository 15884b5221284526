import { BackupRefused, damaged } from './refused.ts';

/** Longer than any line: a record's strings are cut (`audit/record.ts`). */
const lineMax = 1 << 24;
const newline = 0x0a;

/** Reads the audit log in a backup, file by file, the oldest first. */
export class LogCheck {
  #file = '';
  #number = Number.POSITIVE_INFINITY;
  #line = 0;
  #rest: Buffer = Buffer.alloc(0);
  files = 0;
  records = 0;

  /** @throws {BackupRefused} `brokenLog` when the file before it ends within a line, `damaged` when it is not the next one */
  begin(name: string): void {
    this.#endFile();
    const number = Number(/\d+/.exec(name)?.[0] ?? 0);
    if (number >= this.#number) throw damaged(`${name} of the audit log comes after a later file`);
    this.#file = name;
    this.#number = number;
    this.#line = 0;
    this.files += 1;
  }

  /** @throws {BackupRefused} `brokenLog` */
  read(bytes: Buffer): void {
    let start = 0;
    for (let end = bytes.indexOf(newline); end !== -1; end = bytes.indexOf(newline, start)) {
      const line = bytes.subarray(start, end);
      this.#record(this.#rest.length === 0 ? line : Buffer.concat([this.#rest, line]));
      this.#rest = Buffer.alloc(0);
      start = end + 1;
    }
    this.#rest = Buffer.concat([this.#rest, bytes.subarray(start)]);
    if (this.#rest.length > lineMax) throw this.#broken('a line has no end');
  }

  /**
   * Whether the last file ends within a line, which a full disk leaves and the next start cuts off.
   * @throws {BackupRefused} as `begin`
   */
  end(): { readonly isTorn: boolean } {
    const isTorn = this.#number === 0 && this.#rest.length > 0;
    if (!isTorn) this.#endFile();
    return { isTorn };
  }

  #endFile(): void {
    if (this.#rest.length > 0) throw this.#broken('it ends within a line');
  }

  #record(line: Buffer): void {
    this.#line += 1;
    this.records += 1;
    if (!isRecord(line.toString('utf8'))) throw this.#broken(`line ${this.#line} is not a record`);
  }

  #broken(what: string): BackupRefused {
    const found = `The audit log in the backup is broken: ${this.#file}: ${what}`;
    return new BackupRefused('brokenLog', `${found}. Use another copy, or restore with --without-log.`);
  }
}

function isRecord(line: string): boolean {
  try {
    const parsed: unknown = JSON.parse(line);
    if (typeof parsed !== 'object' || parsed === null || !('time' in parsed) || !('operationName' in parsed))
      return false;
    return typeof parsed.time === 'string' && typeof parsed.operationName === 'string';
  } catch {
    return false;
  }
}
