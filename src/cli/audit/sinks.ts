import { closeSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileHeadOf } from '../../delivery/file-head.ts';
import { membersOf } from '../json.ts';
import { readPlainFile } from '../plain-file.ts';
import { inFolder, LineReader, openLog } from './log-lines.ts';
import type { OpenLogFile } from './log-lines.ts';

/** A sink of the audit log, by what the server wrote down about it. */
export interface SinkReport {
  readonly sink: string;
  readonly target: string;
  readonly records: number;
  readonly deliveredAt?: string;
  /** Whether it has a place in the log. */
  readonly begun: boolean;
  /** The part of the log that it has not read yet; absent where the place in the log is not there any more. */
  readonly behind?: { readonly bytes: number; readonly records: number };
  readonly gaps: number;
  readonly failure?: { readonly message: string; readonly since: string };
}

/** The sinks of the log in `folder`, by name; none if there never were any. */
export function readSinks(folder: string): readonly SinkReport[] {
  const states = statesIn(folder);
  if (states.length === 0) return [];
  const files = openLog(folder);
  try {
    return states.flatMap((state) => {
      const report = reportOf(state, files);
      return report === undefined ? [] : [report];
    });
  } finally {
    for (const { descriptor } of files) closeSync(descriptor);
  }
}

/** The states by name. The server's user may put a link in place of either folder, which is not followed. */
function statesIn(log: string): readonly unknown[] {
  try {
    return inFolder(log, (wayToLog) =>
      inFolder(join(wayToLog, 'sinks'), (way) => {
        const names = readdirSync(way).filter((name) => name.endsWith('.json'));
        return names.toSorted().map((name) => parsed(join(way, name)));
      }),
    );
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

/** The server replaces a state as a whole; one that is not JSON was spoiled by another program. */
function parsed(path: string): unknown {
  try {
    return JSON.parse(readPlainFile(path));
  } catch {
    return undefined;
  }
}

function reportOf(state: unknown, files: readonly OpenLogFile[]): SinkReport | undefined {
  const members = membersOf(state);
  const sink = shown(members.get('sink'));
  if (sink === '') return undefined;
  const deliveredAt = shown(members.get('deliveredAt'));
  const failure = membersOf(members.get('failure'));
  const position = membersOf(members.get('position'));
  const behind = behindOf(position, files);
  return {
    sink,
    target: shown(members.get('target')),
    records: count(members.get('records')),
    ...(deliveredAt !== '' && { deliveredAt }),
    begun: position.size > 0,
    ...(behind !== undefined && { behind }),
    gaps: count(members.get('gaps')),
    ...(failure.size > 0 && {
      failure: { message: shown(failure.get('message')), since: shown(failure.get('since')) },
    }),
  };
}

function behindOf(position: ReadonlyMap<string, unknown>, files: readonly OpenLogFile[]) {
  const head = membersOf(position.get('file')).get('head');
  const own = files.findIndex(({ descriptor }) => {
    const found = fileHeadOf(descriptor);
    return found !== undefined && found.digest === head;
  });
  if (own === -1) return undefined;
  const behind = { bytes: 0, records: 0 };
  for (const [index, { descriptor, bytes }] of files.slice(own).entries()) {
    const from = index === 0 ? Math.min(bytes, count(position.get('offset'))) : 0;
    behind.bytes += bytes - from;
    const reader = new LineReader(descriptor, from);
    for (let lines = reader.next(); lines !== undefined; lines = reader.next()) behind.records += lines.length;
  }
  return behind;
}

/** A server of another user may have written it: no control character reaches the terminal. */
function shown(value: unknown): string {
  return typeof value === 'string' ? value.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '?') : '';
}

function count(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : 0;
}
