/**
 * A secret over TLS 1.3, keep-alive, 32 connections. GET: Postern and two bare `node:https` servers of the same Node
 * that answer the same bytes take turns, round by round. The second of them holds its answers until the end of the turn
 * of the event loop and answers after one write, as a server must that records its answers. PUT: a new version each,
 * durable before it is answered. The load comes from wrk (Debian package `wrk`), which shares the cores with the
 * servers.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { firstLine, measure, median, putScript } from './wrk.ts';
import type { Round, Served, ServedPostern } from './wrk.ts';

const rounds = Number(process.argv[2] ?? 5);
const seconds = Number(process.argv[3] ?? 5);
const here = import.meta.dirname;

function serve(...program: readonly string[]): ChildProcess {
  const [file = '', ...args] = program;
  return spawn(process.execPath, [`${here}/${file}`, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
}

function row(name: string, measured: readonly Round[]): string {
  const of = (key: keyof Round, digits: number) => median(measured.map((round) => round[key])).toFixed(digits);
  return `| ${name} | ${of('perSecond', 0)} | ${of('p99Ms', 2)} | ${of('cpuMicroseconds', 1)} |`;
}

const posternProcess = serve('serve-postern.ts');
const postern = await firstLine<ServedPostern>(posternProcess);
const bareProcesses = [serve('serve-bare.ts'), serve('serve-bare.ts', 'held')] as const;
for (const child of bareProcesses) child.stdin?.write(`${JSON.stringify(postern)}\n`);
const [bare, held] = await Promise.all([firstLine<Served>(bareProcesses[0]), firstLine<Served>(bareProcesses[1])]);
const headers = ['-H', `Host: ${postern.host}`, '-H', `Authorization: Bearer ${postern.token}`];
const putHeaders = [...headers, '-s', putScript()];
const measured: Readonly<Record<'bare' | 'held' | 'get' | 'put', Round>>[] = [];
for (let round = 0; round <= rounds; round += 1) {
  const of = {
    bare: measure(bare, { seconds, extra: headers }),
    held: measure(held, { seconds, extra: headers }),
    get: measure(postern, { seconds, extra: headers }),
    put: measure(postern, { seconds, extra: putHeaders }),
  };
  // The first round warms everything up.
  if (round > 0) measured.push(of);
}
for (const child of [posternProcess, ...bareProcesses]) child.stdin?.end();
const ratio = (reference: 'bare' | 'held', key: 'perSecond' | 'cpuMicroseconds') => {
  const [above, below] = key === 'perSecond' ? (['get', reference] as const) : ([reference, 'get'] as const);
  return median(measured.map((of) => of[above][key] / of[below][key])).toFixed(2);
};
console.log(
  `| 32 connections, median of ${rounds} rounds of ${seconds} s | requests/s | p99 ms | server CPU us/request |`,
);
console.log('|---|---|---|---|');
const names = {
  bare: 'bare node:https, same bytes',
  held: 'the same, answers held to the end of the turn',
  get: 'Postern, GET of a secret',
  put: 'Postern, PUT of a secret',
} as const;
for (const [key, name] of Object.entries(names) as [keyof typeof names, string][]) {
  console.log(
    row(
      name,
      measured.map((of) => of[key]),
    ),
  );
}
console.log(`\nGET beside the bare server, pair by pair: ${ratio('bare', 'perSecond')} of its requests/s;`);
console.log(`its CPU a request / Postern's: ${ratio('bare', 'cpuMicroseconds')}.`);
console.log(
  `Beside the one that holds its answers: ${ratio('held', 'perSecond')}, ${ratio('held', 'cpuMicroseconds')}.`,
);
