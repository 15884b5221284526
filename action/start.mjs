// The first step of the GitHub Action: installs the package, starts the server in memory on any free port, and gives the steps
// that follow what `postern env` says. It needs nothing but Node, as the runner has it.
import { spawn, spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, openSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** The longest that a start may take, in milliseconds: a runner may be busy. */
const patienceMs = 120_000;

const input = (name) => (process.env[`INPUT_${name.toUpperCase()}`] ?? '').trim();
/** A value with a line break could set other variables. */
const line = (name, value) => {
  if (/[\r\n]/.test(value)) throw new Error(`${name} has a line break`);
  return `${name}=${value}\n`;
};

try {
  await startServer();
} catch (error) {
  console.log(`::error::${error.message.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')}`);
  process.exitCode = 1;
}

async function startServer() {
  const folder = mkdtempSync(join(process.env.RUNNER_TEMP ?? tmpdir(), 'postern-'));
  const project = join(folder, 'project');
  mkdirSync(project);
  // As a word after --: what begins with a hyphen is a package all the same.
  const install = 'install --no-save --ignore-scripts --no-audit --no-fund --prefix'.split(' ');
  run('npm', [...install, project, '--', input('package') || 'postern']);
  const program = join(project, 'node_modules/postern/bin/main.mjs');
  const options = input('options')
    .split(/\r?\n/)
    .map((word) => word.trim())
    .filter((word) => word !== '');
  const [ready, log] = ['ready.json', 'server.log'].map((name) => join(folder, name));
  const server = spawn(process.execPath, [program, 'start', '--json', '--memory', '--port', '0', ...options], {
    detached: true,
    stdio: ['ignore', openSync(ready, 'w', 0o600), openSync(log, 'w', 0o600)],
  });
  // Before anything can fail: the last step stops it by this.
  appendFileSync(process.env.GITHUB_STATE, `${line('pid', String(server.pid))}${line('program', program)}`);
  const { home, vaultSuffix, dataDir } = JSON.parse(await firstLine(ready, server, log));
  server.unref();
  const as = input('as') || 'developer';
  const given = run(process.execPath, [program, 'env', '--github', '--as', as, '--data', dataDir]);
  for (const [, secret] of given.matchAll(/^IDENTITY_HEADER=(.+)$/gm)) console.log(`::add-mask::${secret}`);
  appendFileSync(process.env.GITHUB_ENV, `${given.trimEnd()}\n${line('POSTERN_DATA', dataDir)}`);
  const outputs = { home, 'vault-suffix': vaultSuffix, data: dataDir };
  for (const [name, value] of Object.entries(outputs)) appendFileSync(process.env.GITHUB_OUTPUT, line(name, value));
  console.log(`Postern is ready at ${home}, its vaults at https://<name>${vaultSuffix}`);
}

async function firstLine(file, server, log) {
  let code;
  server.once('exit', (...ended) => (code = ended.find((one) => one !== null)));
  server.once('error', (error) => (code = error.message));
  for (const began = Date.now(); Date.now() - began < patienceMs; await sleep(100)) {
    const text = readFileSync(file, 'utf8');
    if (text.includes('\n')) return text.slice(0, text.indexOf('\n'));
    if (code !== undefined) break;
  }
  throw new Error(`postern start ended with ${code ?? 'nothing in two minutes'}:\n${readFileSync(log, 'utf8')}`);
}

function run(program, argv) {
  const { status, stdout, stderr, error } = spawnSync(program, argv, { encoding: 'utf8' });
  if (status === 0) return stdout;
  throw error ?? new Error(`${program} ${argv.join(' ')} ended with ${status}:\n${stdout}${stderr}`);
}
