import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from '../control-plane/resources.ts';
import type { Json } from '../world/client.ts';
import type { TestServer } from '../world/server.ts';
import { warmAz } from './warm.ts';

export interface AzResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Its output as JSON; `undefined` for nothing. */
  readonly output: Json;
}

export interface RunningAz {
  readonly child: ChildProcess;
  readonly ended: Promise<AzResult>;
}

/** The Azure CLI, with a configuration folder of its own, pointed at one server. */
export interface Az extends Disposable {
  readonly run: (...args: readonly string[]) => Promise<AzResult>;
  readonly start: (...args: readonly string[]) => RunningAz;
}

const cloud = 'Postern';
/** A command takes a second or two. */
const timeoutMs = 60_000;

/** Whether this machine has Debian's package, or another. */
export function azIsInstalled(): boolean {
  return spawnSync('az', ['version'], { stdio: 'ignore', timeout: timeoutMs }).status === 0;
}

export async function azAt({ folder }: TestServer, environment: Readonly<Record<string, string>> = {}): Promise<Az> {
  const home = mkdtempSync(join(tmpdir(), 'postern-az-'));
  const ca = join(folder.path, 'ca.pem');
  const warm = await warmAz({ pythonPath: environment['PYTHONPATH'] });
  const env = {
    PATH: process.env['PATH'],
    HOME: home,
    AZURE_CONFIG_DIR: home,
    AZURE_CLOUD_NAME: cloud,
    // Else it asks Microsoft whether our host is an authority.
    AZURE_CORE_INSTANCE_DISCOVERY: 'false',
    AZURE_CORE_COLLECT_TELEMETRY: 'false',
    AZURE_CORE_LOGIN_EXPERIENCE_V2: 'off',
    PYTHONWARNINGS: 'ignore',
    REQUESTS_CA_BUNDLE: ca,
    SSL_CERT_FILE: ca,
    ...warm.environment,
    ...environment,
  };

  function start(...args: readonly string[]): RunningAz {
    const registers = args[0] === 'cloud';
    const known = registers ? { ...env, AZURE_CLOUD_NAME: undefined } : env;
    const child = spawn('az', [...args, '--output', 'json'], { env: known, timeout: timeoutMs });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk;
    });
    const ended = new Promise<AzResult>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (status) => {
        const output = json(status === 0 && stdout.trim() !== '' ? JSON.parse(stdout) : undefined);
        resolve({ status, stdout, stderr, output });
      });
    });
    return { child, ended };
  }

  return {
    start,
    run: (...args) => start(...args).ended,
    [Symbol.dispose]() {
      warm[Symbol.dispose]();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** Tells it where everything is, by the address of the resource manager alone. */
export async function registerCloud(az: Az, resourceManager: string): Promise<AzResult> {
  return az.run('cloud', 'register', '--name', cloud, '--endpoint-resource-manager', resourceManager);
}

/** az as the administrator. */
export async function signedIn(world: TestServer, environment: Readonly<Record<string, string>> = {}): Promise<Az> {
  const { identity, home } = world.client;
  const az = await azAt(world, environment);
  const signIn = ['login', '--service-principal', '--tenant', identity.tenantId, '-u', identity.clientId];
  assert.equal((await registerCloud(az, home)).status, 0);
  assert.equal((await az.run(...signIn, '-p', identity.clientSecret)).status, 0);
  return az;
}

/** Runs a command that must succeed, and returns its output; `command` is split at its spaces. */
export async function typed(az: Az, command: string): Promise<Json> {
  const { status, stderr, output } = await az.run(...command.split(' '));
  assert.equal(status, 0, `az ${command}\n${stderr}`);
  return output;
}

/** The same of one that must fail: what it says. */
export async function refused(az: Az, command: string): Promise<string> {
  const { status, stderr } = await az.run(...command.split(' '));
  assert.notEqual(status, 0, `az ${command} succeeded`);
  return stderr;
}
