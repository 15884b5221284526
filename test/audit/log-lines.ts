import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AuditRecord } from '../../src/audit/event.ts';
import { serverVariable } from '../world/database.ts';

/** Every record in the folder, in the order of writing; throws at a line that is not a record. */
export function linesOf(directory: string): readonly AuditRecord[] {
  return logFilesIn(directory).flatMap((name) => {
    const text = readFileSync(join(directory, name), 'utf8');
    if (text !== '' && !text.endsWith('\n')) throw new Error(`${name} ends inside a line`);
    return text.split('\n').slice(0, -1).map(recordOf);
  });
}

/** The last record that is wanted, read from the end: to parse a long log for each question takes long. */
export function lastRecordIn(directory: string, isWanted: (record: AuditRecord) => boolean): AuditRecord | undefined {
  for (const name of logFilesIn(directory).toReversed()) {
    const lines = readFileSync(join(directory, name), 'utf8').split('\n').slice(0, -1);
    for (const line of lines.toReversed()) {
      const record = recordOf(line);
      if (isWanted(record)) return record;
    }
  }
  return undefined;
}

/**
 * The record on a line; throws if the line is not a record. On PostgreSQL without the name of the node, which is all that its
 * records have beside those of the embedded store (`test/postgres/registered-nodes.test.ts` has it).
 */
export function recordOf(line: string): AuditRecord {
  const value: unknown = JSON.parse(line);
  if (!isRecord(value)) throw new Error(`this is not a record: ${line}`);
  if (process.env[serverVariable] === undefined) return value;
  const { node: _, ...properties } = value.properties;
  return { ...value, properties };
}

function isRecord(value: unknown): value is AuditRecord {
  return typeof value === 'object' && value !== null && 'properties' in value && 'correlationId' in value;
}

/** The names of the log's files, the oldest first. */
export function logFilesIn(directory: string): readonly string[] {
  const number = (name: string) => Number(/^audit\.(\d+)\.jsonl$/.exec(name)?.[1] ?? 0);
  return readdirSync(directory)
    .filter((name) => /^audit(\.\d+)?\.jsonl$/.test(name))
    .toSorted((a, b) => number(b) - number(a));
}
