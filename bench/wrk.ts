/** Measures one server under load from wrk (Debian package `wrk`), which shares the cores with it. */
import { execFileSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface Served {
  readonly pid: number;
  readonly port: number;
}

/** The line that `serve-postern.ts` prints. */
export interface ServedPostern extends Served {
  readonly host: string;
  readonly token: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly key: string;
  readonly certificate: string;
}

export interface Round {
  readonly perSecond: number;
  readonly p99Ms: number;
  /** Processor time of the server, user and system, all threads. */
  readonly cpuMicroseconds: number;
}

export interface Load {
  readonly seconds: number;
  readonly connections?: number;
  readonly path?: string;
  /** Further arguments of wrk. */
  readonly extra: readonly string[];
}

export async function firstLine<T>(child: ChildProcess): Promise<T> {
  if (child.stdout === null) throw new Error('the server has no output');
  for await (const line of createInterface(child.stdout)) return JSON.parse(line) as T;
  throw new Error('the server ended before it was ready');
}

/** Processor time of all living threads, as counted by the scheduler. */
export function cpuNanoseconds(pid: number): number {
  const tasks = `/proc/${pid}/task`;
  const times = readdirSync(tasks).map((task) => {
    try {
      return Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[0]);
    } catch {
      // The thread ended meanwhile.
      return 0;
    }
  });
  return times.reduce((sum, time) => sum + time, 0);
}

/** 32 connections that get the secret of `serve-postern.ts`, unless `load` says otherwise. */
export function measure({ pid, port }: Served, load: Load): Round {
  const { seconds, connections = 32, path = '/secrets/name', extra } = load;
  const before = cpuNanoseconds(pid);
  const url = `https://127.0.0.1:${port}${path}?api-version=7.4`;
  const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', ...extra, url];
  const { requests, p99Ms } = readWrk(execFileSync('wrk', args, { encoding: 'utf8' }));
  return { perSecond: requests / seconds, p99Ms, cpuMicroseconds: (cpuNanoseconds(pid) - before) / 1000 / requests };
}

export interface WrkResult {
  readonly requests: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/**
 * Reads the output of `wrk --latency`.
 * @throws when an answer was not 2xx
 */
export function readWrk(output: string): WrkResult {
  if (/Non-2xx/.test(output)) throw new Error(output);
  const requests = Number(/(\d+) requests in/.exec(output)?.[1]);
  const latencyMs = (share: string) => {
    const [, value = '', unit = ''] = new RegExp(String.raw`${share}%\s+([\d.]+)(us|ms|s)`).exec(output) ?? [];
    return Number(value) * ({ us: 0.001, ms: 1, s: 1000 }[unit] ?? Number.NaN);
  };
  return { requests, p50Ms: latencyMs('50'), p99Ms: latencyMs('99') };
}

export const secretBody = '{"value":"a value of some forty characters, as usual"}';

/** The path of a Lua script, by which wrk sends another method: it puts a thousand secrets in turn. */
export function putScript(): string {
  const file = join(mkdtempSync(join(tmpdir(), 'postern-bench-')), 'put.lua');
  const lines = [
    'local count = 0',
    'request = function()',
    '  count = (count + 1) % 1000',
    '  local path = "/secrets/name" .. count .. "?api-version=7.4"',
    `  return wrk.format("PUT", path, nil, '${secretBody}')`,
    'end',
  ];
  writeFileSync(file, lines.join('\n'));
  return file;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which this share of the values is; NaN when there are none. */
export function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? Number.NaN;
}
