/**
 * A secret over TLS 1.3, keep-alive, 32 connections. GET: Postern beside a bare `node:https` server of the same Node that
 * answers the same bytes, in turn, round by round. PUT: a new version each, durable before it is answered. The load comes
 * from wrk (Debian package `wrk`), which shares the cores with the servers.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { firstLine, measure, median } from './wrk.ts';
import type { Round, Served } from './wrk.ts';

const rounds = Number(process.argv[2] ?? 5);
const seconds = Number(process.argv[3] ?? 5);
const here = import.meta.dirname;

function serve(file: string): ChildProcess {
  return spawn(process.execPath, [`${here}/${file}`], { stdio: ['pipe', 'pipe', 'inherit'] });
}

/** wrk's own way to say another method: a script in Lua. */
const putScript = join(mkdtempSync(join(tmpdir(), 'postern-bench-')), 'put.lua');
writeFileSync(
  putScript,
  [
    'local count = 0',
    'request = function()',
    '  count = (count + 1) % 1000',
    '  local path = "/secrets/name" .. count .. "?api-version=7.4"',
    '  return wrk.format("PUT", path, nil, \'{"value":"a value of some forty characters, as usual"}\')',
    'end',
  ].join('\n'),
);

function row(name: string, measured: readonly Round[]): string {
  const of = (key: keyof Round, digits: number) => median(measured.map((round) => round[key])).toFixed(digits);
  return `| ${name} | ${of('perSecond', 0)} | ${of('p99Ms', 2)} | ${of('cpuMicroseconds', 1)} |`;
}

const posternProcess = serve('serve-postern.ts');
const postern = await firstLine<Served & { readonly host: string; readonly token: string }>(posternProcess);
const bareProcess = serve('serve-bare.ts');
bareProcess.stdin?.write(`${JSON.stringify(postern)}\n`);
const bare = await firstLine<Served>(bareProcess);
const headers = ['-H', `Host: ${postern.host}`, '-H', `Authorization: Bearer ${postern.token}`];
const measured: { readonly bare: Round[]; readonly get: Round[]; readonly put: Round[] } = {
  bare: [],
  get: [],
  put: [],
};
for (let round = 0; round <= rounds; round += 1) {
  const of = {
    bare: measure(bare, { seconds, extra: headers }),
    get: measure(postern, { seconds, extra: headers }),
    put: measure(postern, { seconds, extra: [...headers, '-s', putScript] }),
  };
  // The first warms all up.
  if (round === 0) continue;
  measured.bare.push(of.bare);
  measured.get.push(of.get);
  measured.put.push(of.put);
}
posternProcess.stdin?.end();
bareProcess.stdin?.end();
const ratios = measured.get.map(({ perSecond }, index) => perSecond / (measured.bare[index]?.perSecond ?? Number.NaN));
console.log(
  `| 32 connections, median of ${rounds} rounds of ${seconds} s | requests/s | p99 ms | server CPU us/request |`,
);
console.log('|---|---|---|---|');
console.log(row('bare node:https, same bytes', measured.bare));
console.log(row('Postern, GET of a secret', measured.get));
console.log(row('Postern, PUT of a secret', measured.put));
console.log(`\nGET, Postern / bare, pair by pair: ${median(ratios).toFixed(2)}`);
