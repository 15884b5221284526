/**
 * Azure API Management: "Deploy certificates for Custom Domain from Key Vault using MSI".
 *
 * The host names of an API Management service, its gateway's and its developer portal's, have certificates of the vault,
 * which the service's control plane reads as secrets by its system-assigned identity, and refreshes every four hours. A
 * user-assigned identity is not trusted, nor are the policies that run with each request. Here HAProxy is the service's
 * front, with a site for each host name, and the class `ControlPlane` keeps its certificates. A refresh is a call.
 */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { systemAssigned, userAssigned } from './parts/callers.ts';
import { answerTo } from './parts/cells.ts';
import { CertificateAuthority, pemOf } from './parts/certificate-authority.ts';
import type { Issued } from './parts/certificate-authority.ts';
import { Haproxy, startApplication } from './parts/haproxy.ts';
import { play } from './parts/play.ts';
import type { Stage } from './parts/play.ts';
import type { Clients } from './parts/vault.ts';
import { visit } from './parts/visitor.ts';
import type { Seen } from './parts/visitor.ts';

const type = 'Microsoft.ApiManagement/service';
const hosts = { gateway: 'api.contoso.example', portal: 'developer.contoso.example' };
const names = { gateway: 'api-certificate', portal: 'portal-certificate' };
const grant = { secrets: ['get', 'list'], certificates: ['list'] };

async function work({ vault, owner, service, party, say }: Stage): Promise<void> {
  using authority = new CertificateAuthority();
  const put = async (kind: Kind): Promise<Issued> => {
    const issued = authority.issue(hosts[kind]);
    await owner.certificates.importCertificate(names[kind], authority.pfx(issued));
    return issued;
  };
  const [gateway, portal] = [await put('gateway'), await put('portal')];
  await using api = await startApplication('The API');
  await using developers = await startApplication('The developer portal');
  await using controlPlane = await ControlPlane.deploy(service, [
    { kind: 'gateway', secretName: names.gateway, application: api.port },
    { kind: 'portal', secretName: names.portal, application: developers.port },
  ]);
  const { root } = authority;
  const visitor = (kind: Kind, asks = hosts[kind]) => visit({ port: controlPlane.port, host: hosts[kind], root, asks });

  assert.deepEqual(await visitor('gateway'), pageOf('The API, by https', gateway));
  assert.deepEqual(await visitor('portal'), pageOf('The developer portal, by https', portal));
  say('Both host names are served on one port, each with its certificate; a visitor verifies both chains.');
  assert.equal((await visitor('gateway', hosts.portal)).status, 421);
  await assert.rejects(visit({ port: controlPlane.port, host: 'www.contoso.example', root }), /unrecognized name/);
  say(
    "A request for the portal on the gateway's connection gets a 421; a host name without a certificate fails the handshake.",
  );

  const renewed = await put('gateway');
  assert.deepEqual(await visitor('gateway'), pageOf('The API, by https', gateway));
  assert.deepEqual(await controlPlane.refresh(), { gateway: 'renewed', portal: 'unchanged' });
  assert.deepEqual(await visitor('gateway'), pageOf('The API, by https', renewed));
  assert.deepEqual(await visitor('portal'), pageOf('The developer portal, by https', portal));
  say("The gateway's certificate was renewed: the next refresh exchanges that one, and leaves the other.");

  await owner.secrets.setSecret('uploaded', authority.pfx(renewed).toString('base64'));
  const uploaded = ControlPlane.deploy(service, [{ kind: 'gateway', secretName: 'uploaded', application: api.port }]);
  await assert.rejects(uploaded, /is not the secret of a certificate/);
  say('The service refuses a certificate that was put into the vault as a plain secret: import it as a certificate.');

  const later = await put('gateway');
  await vault.revoke(party);
  assert.deepEqual(await controlPlane.refresh(), { gateway: 'AccessDenied', portal: 'AccessDenied' });
  assert.deepEqual(await visitor('gateway'), pageOf('The API, by https', renewed));
  say('The grant was taken away: the refresh fails with AccessDenied, and the front serves what it has.');

  await vault.grant(party, grant);
  assert.deepEqual(await controlPlane.refresh(), { gateway: 'renewed', portal: 'unchanged' });
  assert.deepEqual(await visitor('gateway'), pageOf('The API, by https', later));
  say('The grant was given back: the certificate that was renewed in between is served.');
}

type Kind = keyof typeof hosts;

/** A host name of the service, and the vault's secret for it, without a version. */
interface HostName {
  readonly kind: Kind;
  readonly secretName: string;
  readonly application: number;
}

/** Keeps the certificates of the service's host names up to date. */
class ControlPlane {
  readonly #service: Clients;
  readonly #hostNames: readonly HostName[];
  readonly #haproxy: Haproxy;
  readonly #versions: Map<string, string>;

  private constructor(
    service: Clients,
    hostNames: readonly HostName[],
    { haproxy, versions }: { haproxy: Haproxy; versions: Map<string, string> },
  ) {
    this.#service = service;
    this.#hostNames = hostNames;
    this.#haproxy = haproxy;
    this.#versions = versions;
  }

  /** Reads all certificates, and starts the front with them. */
  static async deploy(service: Clients, hostNames: readonly HostName[]): Promise<ControlPlane> {
    const ofCertificates = new Set<string>();
    for await (const { name, managed } of service.secrets.listPropertiesOfSecrets()) {
      if (managed === true) ofCertificates.add(name);
    }
    const versions = new Map<string, string>();
    const sites = [];
    for (const { kind, secretName, application } of hostNames) {
      if (!ofCertificates.has(secretName)) throw new Error(`${secretName} is not the secret of a certificate.`);
      const { pem, version } = await read(service, secretName);
      versions.set(secretName, version);
      sites.push({ host: hosts[kind], application, pem });
    }
    const haproxy = await Haproxy.start([{ name: 'front', sites }]);
    return new ControlPlane(service, hostNames, { haproxy, versions });
  }

  get port(): number {
    return this.#haproxy.portOf('front');
  }

  /** Exchanges the certificates that have a new version. Returns the outcome for each host name. */
  async refresh(): Promise<Partial<Record<Kind, string>>> {
    const outcomes: Partial<Record<Kind, string>> = {};
    for (const { kind, secretName } of this.#hostNames) {
      let outcome = 'unchanged';
      const { code } = await answerTo(async () => {
        const { pem, version } = await read(this.#service, secretName);
        if (version === this.#versions.get(secretName)) return;
        await this.#haproxy.replace(hosts[kind], pem);
        this.#versions.set(secretName, version);
        outcome = 'renewed';
      });
      outcomes[kind] = code ?? outcome;
    }
    return outcomes;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#haproxy[Symbol.asyncDispose]();
  }
}

async function read({ secrets }: Clients, name: string): Promise<{ readonly pem: string; readonly version: string }> {
  const { value = '', properties } = await secrets.getSecret(name);
  return { pem: pemOf(Buffer.from(value, 'base64')).join(''), version: properties.version ?? '' };
}

function pageOf(text: string, { certificate }: Issued): Seen {
  return { status: 200, text, serialNumber: new X509Certificate(certificate).serialNumber };
}

await play({
  service: 'Azure API Management',
  programs: { openssl: 'openssl', haproxy: 'haproxy' },
  caller: systemAssigned(type, 'contoso-api'),
  grant,
  work,
  call: ({ secrets }) => secrets.getSecret(names.gateway),
  outside: {
    title: 'lists the certificates',
    call: ({ certificates }) => certificates.listPropertiesOfCertificates().next(),
  },
  forged: { caller: userAssigned(type, 'contoso-api-2') },
});
