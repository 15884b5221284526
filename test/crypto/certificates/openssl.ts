import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

/** Whether there is an `openssl` of version 3; older ones do not have `-legacy`. */
export const hasOpenssl = run(['version']).text.startsWith('OpenSSL 3');

/** Whether it knows PBMAC1, as versions from 3.4 do. */
export const hasPbmac1 = hasOpenssl && run(['pkcs12', '-help']).text.includes('-pbmac1_pbkdf2');

export interface Run {
  readonly ok: boolean;
  readonly bytes: Buffer;
  /** Both outputs. */
  readonly text: string;
}

/** Runs `openssl`, however it ends. */
export function run(args: readonly string[], input: Uint8Array | string = ''): Run {
  const { status, stdout, stderr } = spawnSync('openssl', args, { input, timeout: 30_000 });
  const bytes = status === null ? Buffer.alloc(0) : stdout;
  return { ok: status === 0, bytes, text: status === null ? '' : `${stdout.toString()}${stderr.toString()}` };
}

/** The output of `openssl`, which must succeed. */
export function openssl(args: readonly string[], input: Uint8Array | string = ''): Buffer {
  const done = run(args, input);
  if (!done.ok) throw new Error(`openssl ${args.join(' ')}: ${done.text}`);
  return done.bytes;
}

let folder: string | undefined;
let files = 0;

/** A file with these contents, until the tests of this process end. */
export function file(contents: Uint8Array | string): string {
  folder ??= mkdtempSync(join(tmpdir(), 'postern-openssl-'));
  files += 1;
  const path = join(folder, String(files));
  writeFileSync(path, contents);
  return path;
}

after(() => {
  if (folder !== undefined) rmSync(folder, { recursive: true });
});
