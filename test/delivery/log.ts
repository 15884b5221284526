import { appendFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LogFolder } from '../../src/delivery/log-folder.ts';

/** A folder with a log that a test writes. */
export interface TestLog extends Disposable {
  readonly directory: string;
  /** Appends records of the vault `vaults/NAME` to the current file; returns their lines. */
  readonly write: (vault: string, count: number) => readonly string[];
  /** Puts the current file aside, as the log does. */
  readonly rotate: () => void;
  /** As the log is after a look at it by a process that has just started, with nothing written any more. */
  readonly look: () => LogFolder;
}

export const vaultId = (name: string) => `/VAULTS/${name.toUpperCase()}`;

/** All records are of this hour, a second apart. */
export const hour = { startMs: Date.UTC(2026, 0, 31, 12), path: 'y=2026/m=01/d=31/h=12/m=00/PT1H.json' };

export function blobOf(vault: string): string {
  return `resourceId=${vaultId(vault)}/${hour.path}`;
}

export function testLog(): TestLog {
  const directory = mkdtempSync(join(tmpdir(), 'postern-delivery-'));
  const folder = join(directory, 'audit');
  mkdirSync(folder);
  const file = (number: number) => join(folder, number === 0 ? 'audit.jsonl' : `audit.${number}.jsonl`);
  let written = 0;
  let files = 0;
  return {
    directory: folder,
    write(vault, count) {
      const lines = Array.from({ length: count }, () => recordLine(vault, (written += 1)));
      appendFileSync(file(0), lines.map((line) => `${line}\n`).join(''));
      return lines;
    },
    rotate() {
      for (let number = files; number >= 0; number -= 1) {
        if (existsSync(file(number))) renameSync(file(number), file(number + 1));
      }
      files += 1;
    },
    look() {
      const look = new LogFolder(folder);
      look.refresh({ final: true });
      return look;
    },
    [Symbol.dispose]: () => rmSync(directory, { recursive: true }),
  };
}

function recordLine(vault: string, number: number): string {
  const time = `${new Date(hour.startMs + number * 10).toISOString().slice(0, -1)}0000Z`;
  return JSON.stringify({
    time,
    resourceId: vaultId(vault),
    category: 'AuditEvent',
    operationName: 'SecretGet',
    correlationId: String(number),
    properties: {},
  });
}
