/**
 * Azure App Service: "Deploy Azure Web App Certificate through Key Vault."
 *
 * A `Microsoft.Web/certificates` resource names a certificate of the vault. App Service's resource provider reads the
 * certificate and its secret, with the grant for its application in the customer's tenant, and its front ends serve the
 * custom domain with it; once a day it looks for a new version. The web app's own identity has no part in this, and is
 * not trusted. Here the class `Certificate` is the resource provider, Node's TLS server is a front end, and a look is a call.
 */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createSecureContext } from 'node:tls';
import type { SecureContext } from 'node:tls';
import type { CertificatePolicy } from '@azure/keyvault-certificates';
import { application, systemAssigned } from './parts/callers.ts';
import { answerTo } from './parts/cells.ts';
import { CertificateAuthority } from './parts/certificate-authority.ts';
import { play } from './parts/play.ts';
import type { Stage } from './parts/play.ts';
import type { Clients } from './parts/vault.ts';
import { visit } from './parts/visitor.ts';

const host = 'www.contoso.example';
const name = 'www-certificate';
const grant = { secrets: ['get', 'list'], certificates: ['get'] };
const quickly = { intervalInMs: 50 };

async function work({ postern, vault, owner, service, party, say }: Stage): Promise<void> {
  using authority = new CertificateAuthority();
  await signedBy(authority, owner);
  say('The key was made in the vault; the authority signed a request for it, and the vault merged the certificate.');

  await using frontEnd = await FrontEnd.start();
  const certificate = new Certificate(service, frontEnd);
  await assert.rejects(visit({ port: frontEnd.port, host, root: authority.root }), { code: 'ECONNRESET' });
  assert.equal(await certificate.sync(), 'Succeeded');
  const visitor = () => visit({ port: frontEnd.port, host, root: authority.root });
  const { serialNumber } = await visitor();
  assert.equal(serialNumber, await serialIn(owner));
  say(`App Service serves ${host} with certificate ${certificate.thumbprint}; a visitor verifies its chain.`);

  await signedBy(authority, owner);
  assert.equal((await visitor()).serialNumber, serialNumber);
  assert.equal(await certificate.sync(), 'Succeeded');
  const renewed = await visitor();
  assert.notEqual(renewed.serialNumber, serialNumber);
  assert.equal(renewed.serialNumber, await serialIn(owner));
  say('It was renewed in the vault: the next look brings the new version, without a restart.');

  const app = await ownIdentity.enter(postern);
  await vault.grant(app, grant);
  const refused = await answerTo(() => vault.as(app).secrets.getSecret(name));
  assert.deepEqual([refused.status, refused.code], [403, 'ForbiddenByFirewall']);
  say(`The web app's own identity has the same grant, and gets ${refused.status} ${refused.code} for the same secret.`);

  await signedBy(authority, owner);
  await vault.revoke(party);
  assert.equal(await certificate.sync(), 'OperationNotPermittedOnKeyVault');
  assert.deepEqual(await visitor(), renewed);
  say('The grant was taken away: the resource says OperationNotPermittedOnKeyVault, and visitors do not notice.');

  await (await owner.certificates.beginDeleteCertificate(name, quickly)).pollUntilDone();
  await vault.grant(party, grant);
  assert.equal(await certificate.sync(), 'KeyVaultSecretDoesNotExist');
  assert.deepEqual(await visitor(), renewed);
  await (await owner.certificates.beginRecoverDeletedCertificate(name, quickly)).pollUntilDone();
  assert.equal(await certificate.sync(), 'Succeeded');
  assert.equal((await visitor()).serialNumber, await serialIn(owner));
  say(
    'With the grant back and the certificate deleted, it says KeyVaultSecretDoesNotExist. Recovered, the newest is served.',
  );
}

/** The identity of the web app that the domain is for. */
const ownIdentity = systemAssigned('Microsoft.Web/sites', 'contoso-www');

/** The resource's status after its last look (`KeyVaultSecretStatus`), by the vault's code. */
const statuses: Readonly<Record<string, string>> = {
  AccessDenied: 'OperationNotPermittedOnKeyVault',
  ForbiddenByFirewall: 'AzureServiceUnauthorizedToAccessKeyVault',
  CertificateNotFound: 'KeyVaultSecretDoesNotExist',
};

/** A `Microsoft.Web/certificates` resource and the resource provider that keeps it. */
class Certificate {
  readonly #service: Clients;
  readonly #frontEnd: FrontEnd;
  /** Of the certificate that is served. */
  thumbprint = '';

  constructor(service: Clients, frontEnd: FrontEnd) {
    this.#service = service;
    this.#frontEnd = frontEnd;
  }

  /**
   * Reads the certificate, and its secret only if the certificate is not the one that is served. Returns the resource's
   * status after that.
   */
  async sync(): Promise<string> {
    const { code } = await answerTo(async () => {
      const { cer } = await this.#service.certificates.getCertificate(name);
      const thumbprint = new X509Certificate(cer ?? '').fingerprint.replaceAll(':', '');
      if (thumbprint === this.thumbprint) return;
      const { value = '' } = await this.#service.secrets.getSecret(name);
      this.#frontEnd.serve(host, createSecureContext({ pfx: Buffer.from(value, 'base64'), passphrase: '' }));
      this.thumbprint = thumbprint;
    });
    return code === undefined ? 'Succeeded' : (statuses[code] ?? 'UnknownError');
  }
}

/** The front end: it has many hosts on one address, and tells them apart by the name in the handshake (SNI). */
class FrontEnd {
  readonly #hosts: Map<string, SecureContext>;
  readonly #server: Server;

  private constructor(hosts: Map<string, SecureContext>, server: Server) {
    this.#hosts = hosts;
    this.#server = server;
  }

  static async start(): Promise<FrontEnd> {
    const hosts = new Map<string, SecureContext>();
    const server = createServer(
      {
        SNICallback: (asked, found) => {
          const context = hosts.get(asked);
          if (context === undefined) found(new Error(`No certificate for ${asked}`));
          else found(null, context);
        },
      },
      (_, answer) => answer.end('Welcome'),
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new FrontEnd(hosts, server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** From the next connection on. */
  serve(asked: string, context: SecureContext): void {
    this.#hosts.set(asked, context);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await this.#server[Symbol.asyncDispose]();
  }
}

/** The customer makes or renews the certificate: the vault makes key and request, an authority elsewhere signs. */
async function signedBy(authority: CertificateAuthority, { certificates }: Clients): Promise<void> {
  const policy: CertificatePolicy = {
    issuerName: 'Unknown',
    subject: `CN=${host}`,
    subjectAlternativeNames: { dnsNames: [host] },
    contentType: 'application/x-pkcs12',
  };
  await certificates.beginCreateCertificate(name, policy, quickly);
  const { certificateOperation } = (await certificates.getCertificateOperation(name, quickly)).getOperationState();
  await certificates.mergeCertificate(name, [...authority.sign(certificateOperation?.csr ?? new Uint8Array())]);
}

async function serialIn({ certificates }: Clients): Promise<string> {
  const { cer } = await certificates.getCertificate(name);
  return new X509Certificate(cer ?? '').serialNumber;
}

await play({
  service: 'Azure App Service',
  programs: { openssl: 'openssl' },
  caller: application('Azure App Service'),
  grant,
  work,
  call: ({ secrets }) => secrets.getSecret(name),
  outside: { title: 'lists the secrets', call: ({ secrets }) => secrets.listPropertiesOfSecrets().next() },
  forged: { caller: ownIdentity },
});
