import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:https';
import { after, before, describe, it } from 'node:test';
import { connect } from 'node:tls';
import { issue } from '../../../src/crypto/certificates/issue.ts';
import { readPem, writePem } from '../../../src/crypto/certificates/pem.ts';
import { makeRequest } from '../../../src/crypto/certificates/request.ts';
import {
  makeCertificateAuthority,
  makeServerCertificate,
  namesUnder,
} from '../../../src/crypto/certificates/server-certificates.ts';
import type { CertifiedKey } from '../../../src/crypto/certificates/server-certificates.ts';
import type { AlternativeNames } from '../../../src/types/certificate.ts';
import { notRun } from '../../not-run.ts';
import { ec, value } from './material.ts';
import { file, hasOpenssl, openssl, run } from './openssl.ts';

const domain = 'postern.example';
const now = Date.now();
const seconds = Math.floor(now / 1000);

let authority: CertifiedKey;
let server: CertifiedKey;
before(async () => {
  authority = await makeCertificateAuthority(namesUnder(domain), now);
  server = await makeServerCertificate(authority, namesUnder(domain), now);
});

/** The output of `openssl`, without the numbers of the key and signature. */
function printed({ certificate }: CertifiedKey): string {
  const text = openssl(['x509', '-noout', '-text'], certificate).toString();
  return text
    .replaceAll(/^ +(?:[0-9a-f]{2}:)+(?:[0-9a-f]{2})?\n/gm, '')
    .replaceAll(/(?:[0-9A-F]{2}:){19}[0-9A-F]{2}/g, 'KEY');
}

function gmt(atSeconds: number): string {
  const [, day, month, year, time] = new Date(atSeconds * 1000).toUTCString().split(' ');
  return `${month} ${String(Number(day)).padStart(2)} ${time} ${year} GMT`;
}

const extensionsOfAuthority = `        X509v3 extensions:
            X509v3 Key Usage: critical
                Certificate Sign, CRL Sign
            X509v3 Basic Constraints: critical
                CA:TRUE, pathlen:0
            X509v3 Subject Key Identifier: 
                KEY
            X509v3 Name Constraints: critical
                Permitted:
                  DNS:postern.example
                Excluded:
                  IP:0.0.0.0/0.0.0.0
                  IP:0:0:0:0:0:0:0:0/0:0:0:0:0:0:0:0
    Signature Algorithm: ecdsa-with-SHA256
`;

const extensionsOfServer = `        X509v3 extensions:
            X509v3 Key Usage: critical
                Digital Signature
            X509v3 Extended Key Usage: 
                TLS Web Server Authentication
            X509v3 Subject Alternative Name: 
                DNS:postern.example, DNS:vault.postern.example, DNS:*.vault.postern.example
            X509v3 Basic Constraints: 
                CA:FALSE
            X509v3 Subject Key Identifier: 
                KEY
            X509v3 Authority Key Identifier: 
                KEY
    Signature Algorithm: ecdsa-with-SHA256
`;

/** A server certificate made with a stolen key of the authority. */
async function misused(sans: Partial<AlternativeNames>): Promise<CertifiedKey> {
  const { material, certificates } = value(readPem(authority.key + authority.certificate));
  assert.ok(material !== undefined);
  const contents = { subject: 'CN=somebody else', sans, ekus: [], keyUsage: [] };
  const request = value(await makeRequest(ec('prime256v1'), contents));
  const validity = { notBefore: seconds - 60, notAfter: seconds + 3600, serial: Buffer.alloc(16, 1) };
  const certificate = value(await issue({ request, issuer: { material, certificates }, ...validity }));
  return { key: '', certificate: writePem({ material: undefined, certificates: [certificate] }) };
}

function verify({ certificate }: CertifiedKey, by: CertifiedKey): string {
  const strictly = ['verify', '-x509_strict', '-purpose', 'sslserver'];
  return run([...strictly, '-CAfile', file(by.certificate), file(certificate)]).text;
}

/** Without a status if there is no curl. */
function curl(args: readonly string[]): Promise<{ readonly status: number | undefined; readonly text: string }> {
  return new Promise((resolve) => {
    execFile('curl', ['--silent', '--max-time', '20', ...args], (error, text) => {
      resolve({ status: error === null ? 0 : typeof error.code === 'number' ? error.code : undefined, text });
    });
  });
}

if (hasOpenssl) {
  describe('as openssl reads them', () => {
    it('the authority is valid for ten years, signs certificates, and is limited to its domain', () => {
      const text = printed(authority);
      for (const part of [
        `Issuer: CN=Postern CA for ${domain}\n`,
        `Subject: CN=Postern CA for ${domain}\n`,
        `Not Before: ${gmt(seconds - 86_400)}\n            Not After : ${gmt(seconds + 3650 * 86_400)}\n`,
        'NIST CURVE: P-256\n',
        extensionsOfAuthority,
      ]) {
        assert.ok(text.includes(part), `${text} lacks ${part}`);
      }
    });

    it("the server's certificate is valid for 397 days, and is for the domain and every vault", () => {
      const text = printed(server);
      for (const part of [
        `Issuer: CN=Postern CA for ${domain}\n`,
        `Subject: CN=${domain}\n`,
        `Not Before: ${gmt(seconds - 86_400)}\n            Not After : ${gmt(seconds + 396 * 86_400)}\n`,
        extensionsOfServer,
      ]) {
        assert.ok(text.includes(part), `${text} lacks ${part}`);
      }
    });

    it('the chain verifies, also for the longest domain', async () => {
      assert.match(verify(server, authority), /: OK\n$/);
      const label = 'a'.repeat(63);
      const longest = [label, label, label, 'b'.repeat(30)].join('.');
      const other = await makeCertificateAuthority(namesUnder(longest), now);
      assert.match(verify(await makeServerCertificate(other, namesUnder(longest), now), other), /: OK\n$/);
      assert.match(verify(server, other), /unable to get local issuer certificate/);
    });

    const names: readonly [Partial<AlternativeNames>, RegExp][] = [
      [{ dnsNames: ['deep.under.postern.example'] }, /: OK\n$/],
      [{ dnsNames: ['notpostern.example'] }, /permitted subtree violation/],
      [{ ipAddresses: ['192.0.2.1'] }, /excluded subtree violation/],
      [{ ipAddresses: ['2001:db8::1'] }, /excluded subtree violation/],
    ];
    for (const [sans, verdict] of names) {
      it(`the name constraints apply to a certificate for ${JSON.stringify(sans)}`, async () => {
        assert.match(verify(await misused(sans), authority), verdict);
      });
    }
  });
} else notRun("the server's certificates as openssl reads them", 'openssl 3 is not installed');

describe('clients that trust the authority', () => {
  let port: number;
  const listening = createServer((_, response) => response.end('served'));
  before(async () => {
    listening.setSecureContext({ key: server.key, cert: server.certificate });
    listening.listen(0, '127.0.0.1');
    await once(listening, 'listening');
    const address = listening.address();
    assert.ok(typeof address === 'object' && address !== null);
    ({ port } = address);
  });
  after(() => listening.close());

  const hosts: readonly [string, boolean][] = [
    [domain, true],
    [`blue.vault.${domain}`, true],
    [`blue.${domain}`, false],
    [`a.blue.vault.${domain}`, false],
  ];
  for (const [host, good] of hosts) {
    it(`Node ${good ? 'accepts' : 'refuses'} it as ${host}`, async () => {
      const socket = connect({ host: '127.0.0.1', port, servername: host, ca: authority.certificate });
      const connected = once(socket, 'secureConnect').finally(() => socket.destroy());
      if (good) await connected;
      else await assert.rejects(connected, { code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
    });

    it(`curl ${good ? 'accepts' : 'refuses'} it as ${host}`, async () => {
      const to = ['--resolve', `${host}:${port}:127.0.0.1`, `https://${host}:${port}/`];
      const { status, text } = await curl(['--cacert', file(authority.certificate), ...to]);
      if (status === undefined)
        return notRun(`curl as ${host}`, 'curl is not installed (Debian: apt-get install curl)');
      assert.deepEqual([status, text], good ? [0, 'served'] : [60, '']);
    });
  }
});
