/** One server under the load of wrk (Debian package `wrk`), which shares the cores with it. */
import { execFileSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

export interface Served {
  readonly pid: number;
  readonly port: number;
}

export interface Round {
  readonly perSecond: number;
  readonly p99Ms: number;
  /** CPU of the server, user and system, all threads. */
  readonly cpuMicroseconds: number;
}

export async function firstLine<T>(child: ChildProcess): Promise<T> {
  if (child.stdout === null) throw new Error('the server has no output');
  for await (const line of createInterface(child.stdout)) return JSON.parse(line) as T;
  throw new Error('the server ended before it was ready');
}

function cpuTicks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
}

/** GETs the secret of `serve-postern.ts`, unless `extra` arguments of wrk say otherwise. */
export function measure(
  { pid, port }: Served,
  { seconds, extra }: { readonly seconds: number; readonly extra: readonly string[] },
): Round {
  const before = cpuTicks(pid);
  const url = `https://127.0.0.1:${port}/secrets/name?api-version=7.4`;
  const args = ['-t1', '-c32', `-d${seconds}s`, '--latency', ...extra, url];
  const output = execFileSync('wrk', args, { encoding: 'utf8' });
  const requests = Number(/(\d+) requests in/.exec(output)?.[1]);
  const [, p99 = '', unit = ''] = /99%\s+([\d.]+)(us|ms|s)/.exec(output) ?? [];
  if (/Non-2xx/.test(output)) throw new Error(output);
  const ticksMs = (cpuTicks(pid) - before) * 10;
  return {
    perSecond: requests / seconds,
    p99Ms: Number(p99) * ({ us: 0.001, ms: 1, s: 1000 }[unit] ?? Number.NaN),
    cpuMicroseconds: (ticksMs * 1000) / requests,
  };
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
