import { X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from './folder.ts';
import { run } from './programs.ts';

/** A certificate with its private key and its issuer, as PEM. */
export interface Issued {
  readonly key: string;
  readonly certificate: string;
  readonly issuer: string;
}

const request = '[req]\ndistinguished_name = subject\n[subject]\n';
const authority = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,cRLSign'];
const server = ['basicConstraints=critical,CA:FALSE', 'extendedKeyUsage=serverAuth'];
const ecKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];

/**
 * A certificate authority by OpenSSL: a root, which clients know, and an authority below it, which signs. So a server
 * proves who it is only if its chain has come with its certificate.
 */
export class CertificateAuthority implements Disposable {
  readonly #folder = temporaryFolder();

  constructor() {
    writeFileSync(this.#file('request.cnf'), request);
    this.#make('root', { subject: 'Contoso Root', extensions: authority, key: ecKey });
    this.#make('issuing', { subject: 'Contoso Issuing', extensions: authority, key: ecKey, by: 'root' });
  }

  /** The certificate that clients trust, as PEM. */
  get root(): string {
    return this.#read('root.pem');
  }

  /** A server's certificate for a host, with a key of its own. */
  issue(host: string): Issued {
    const extensions = [...server, `subjectAltName=DNS:${host}`];
    this.#make('leaf', { subject: host, extensions, key: ['-newkey', 'rsa:2048'], by: 'issuing' });
    return { key: this.#read('leaf.key'), certificate: this.#read('leaf.pem'), issuer: this.#read('issuing.pem') };
  }

  /** The certificate, its key and its issuer in one PKCS #12 file. */
  pfx({ key, certificate, issuer }: Issued, password = ''): Buffer {
    return run('openssl', ['pkcs12', '-export', '-passout', `pass:${password}`], key + certificate + issuer);
  }

  /** Signs a request that was made elsewhere, with the names that it asks for. The answer is DER, the issuer last. */
  sign(csr: Uint8Array): readonly Buffer[] {
    const by = ['-CA', this.#file('issuing.pem'), '-CAkey', this.#file('issuing.key'), '-copy_extensions', 'copy'];
    const certificate = run('openssl', ['x509', '-req', '-inform', 'DER', ...by, '-days', '30'], Buffer.from(csr));
    return [certificate, this.#read('issuing.pem')].map((pem) => new X509Certificate(pem).raw);
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }

  #make(
    name: string,
    { subject, extensions, key, by }: { subject: string; extensions: readonly string[]; key: string[]; by?: string },
  ): void {
    const signer = by === undefined ? [] : ['-CA', this.#file(`${by}.pem`), '-CAkey', this.#file(`${by}.key`)];
    const files = ['-config', this.#file('request.cnf'), '-keyout', this.#file(`${name}.key`)];
    const added = extensions.flatMap((extension) => ['-addext', extension]);
    const output = ['-x509', '-noenc', '-days', '30', '-subj', `/CN=${subject}`, '-out', this.#file(`${name}.pem`)];
    run('openssl', ['req', ...output, ...files, ...key, ...signer, ...added]);
  }

  #file(name: string): string {
    return join(this.#folder.path, name);
  }

  #read(name: string): string {
    return readFileSync(this.#file(name), 'utf8');
  }
}

/** The parts of a PKCS #12 file as PEM: the private key first, then the certificates, the key's own first. */
export function pemOf(pfx: Buffer, password = ''): readonly [key: string, ...certificates: string[]] {
  const text = run('openssl', ['pkcs12', '-noenc', '-passin', `pass:${password}`], pfx).toString();
  const blocks = text.match(/-----BEGIN [^]*?-----END [^\n]*-----\n/g) ?? [];
  const key = blocks.find((block) => block.includes('PRIVATE KEY'));
  if (key === undefined) throw new Error('The file has no private key.');
  return [key, ...blocks.filter((block) => block.includes('CERTIFICATE'))];
}
