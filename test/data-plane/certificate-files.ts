import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { EcKeyMaterial } from '../../src/types/key.ts';

/** A key on P-256, in the form that the crypto room uses. */
export function ecKey(): EcKeyMaterial {
  const {
    x = '',
    y = '',
    d = '',
  } = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
    format: 'jwk',
  });
  return { kty: 'EC', crv: 'P-256', x, y, d };
}

/** A folder in which the real openssl works on certificates. */
export class OpensslFolder implements Disposable {
  readonly #path = mkdtempSync(join(tmpdir(), 'postern-openssl-'));

  write(name: string, contents: string | Uint8Array): void {
    writeFileSync(join(this.#path, name), contents);
  }

  read(name: string): Buffer {
    return readFileSync(join(this.#path, name));
  }

  /** The output of the command, which must succeed. */
  async run(...command: readonly string[]): Promise<string> {
    const { stdout } = await promisify(execFile)('openssl', command, { cwd: this.#path, timeout: 30_000 });
    return stdout;
  }

  /** Writes a certificate as PEM under this name. `cer` is DER as base64, as the service gives it. */
  certificate(name: string, cer: unknown): void {
    assert.equal(typeof cer, 'string');
    const lines = String(cer).match(/.{1,64}/g) ?? [];
    this.write(name, `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`);
  }

  [Symbol.dispose](): void {
    rmSync(this.#path, { recursive: true, force: true });
  }
}

/** The chain that `openssl` signs for a pending request with an authority of its own: DER as base64. */
export async function signedByOpenssl(
  openssl: OpensslFolder,
  csr: unknown,
): Promise<{ readonly leaf: string; readonly ca: string }> {
  const authority = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'ca.key'];
  await openssl.run('req', '-x509', ...authority, '-subj', '/CN=Some authority', '-days', '30', '-out', 'ca.pem');
  openssl.write('request.der', Buffer.from(String(csr), 'base64'));
  await openssl.run('req', '-inform', 'DER', '-in', 'request.der', '-out', 'request.pem', '-verify');
  const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-copy_extensions', 'copyall', '-days', '20'];
  await openssl.run('x509', '-req', '-in', 'request.pem', ...by, '-out', 'leaf.pem');
  await openssl.run('x509', '-in', 'leaf.pem', '-outform', 'DER', '-out', 'leaf.der');
  await openssl.run('x509', '-in', 'ca.pem', '-outform', 'DER', '-out', 'ca.der');
  return { leaf: openssl.read('leaf.der').toString('base64'), ca: openssl.read('ca.der').toString('base64') };
}
