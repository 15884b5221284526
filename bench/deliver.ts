/**
 * What the audit log costs a GET of a secret, 32 connections: three servers take turns, one that writes no records, one
 * with the log alone, and one whose records are also delivered to a folder. The ratios are of each round.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { workerMemory } from '../src/supervisor/worker.ts';
import { firstLine, measure, median } from './wrk.ts';
import type { Round, ServedPostern } from './wrk.ts';

const rounds = 8;
const seconds = 3;
const variants = ['unrecorded', 'recorded', 'delivered'] as const;
type Variant = (typeof variants)[number];

const children = variants.map((variant) =>
  spawn(process.execPath, [...workerMemory, join(import.meta.dirname, 'serve-postern.ts'), variant], {
    stdio: ['pipe', 'pipe', 'inherit'],
  }),
);
const servers = await Promise.all(children.map((child) => firstLine<ServedPostern>(child)));
variants.forEach((_, index) => run(index));
const measured = Array.from({ length: rounds }, (_, round) => {
  const order = [0, 1, 2].map((index) => (index + round) % 3);
  const found = new Map(order.map((index) => [variants[index], run(index)] as const));
  return (variant: Variant, figure: keyof Round) => found.get(variant)?.[figure] ?? Number.NaN;
});
console.log('| server | requests/s | p99 ms | CPU us a request | rate / that of the row above |');
console.log('|---|---|---|---|---|');
for (const [index, variant] of variants.entries()) {
  const of = (figure: keyof Round, digits: number) =>
    median(measured.map((one) => one(variant, figure))).toFixed(digits);
  const above = variants[index - 1];
  const ratio =
    above === undefined ? '1' : ratios(measured.map((one) => one(variant, 'perSecond') / one(above, 'perSecond')));
  console.log(`| ${variant} | ${of('perSecond', 0)} | ${of('p99Ms', 1)} | ${of('cpuMicroseconds', 1)} | ${ratio} |`);
}
for (const child of children) child.stdin.end();

function run(index: number): Round {
  const server = servers[index];
  if (server === undefined) throw new Error(`there is no server ${index}`);
  const headers = ['-H', `Host: ${server.host}`, '-H', `Authorization: Bearer ${server.token}`];
  return measure(server, { seconds, extra: headers });
}

function ratios(values: readonly number[]): string {
  const range = [Math.min(...values), Math.max(...values)].map((value) => value.toFixed(2)).join(' to ');
  return `${median(values).toFixed(2)} (${range})`;
}
