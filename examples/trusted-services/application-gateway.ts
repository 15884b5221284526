/**
 * Azure Application Gateway v2 SKU: "TLS termination with Key Vault certificates".
 *
 * A gateway terminates TLS with a certificate that it reads from the vault as a secret, without a version, by a
 * user-assigned identity ("leveraging User Managed Identities"). It polls the vault for a new version, and disables a
 * listener whose certificate the customer has put out of its reach, until a poll succeeds again. Here HAProxy is the
 * gateway's proxy, and the class `Gateway` is its instance. A poll is a call; Azure's gateways poll every four hours.
 */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { userAssigned } from './parts/callers.ts';
import { answerTo } from './parts/cells.ts';
import { CertificateAuthority, pemOf } from './parts/certificate-authority.ts';
import { Haproxy, startApplication } from './parts/haproxy.ts';
import type { Site } from './parts/haproxy.ts';
import { play } from './parts/play.ts';
import type { Stage } from './parts/play.ts';
import type { Clients } from './parts/vault.ts';
import { visit } from './parts/visitor.ts';
import type { Seen } from './parts/visitor.ts';

const host = 'shop.contoso.example';
const otherHost = 'news.contoso.example';
const certificateName = 'shop-certificate';
const grant = { secrets: ['get'], certificates: ['get'] };
const quickly = { intervalInMs: 50 };

async function work({ vault, owner, service, party, say }: Stage): Promise<void> {
  using authority = new CertificateAuthority();
  const first = authority.issue(host);
  await owner.certificates.importCertificate(certificateName, authority.pfx(first));
  await using shop = await startApplication('The shop');
  const { key, certificate, issuer } = authority.issue(otherHost);
  await using news = await startApplication('The news');
  await using gateway = await Gateway.start(
    service,
    { host, application: shop.port },
    { host: otherHost, application: news.port, pem: key + certificate + issuer },
  );
  const visitor = () => visit({ port: gateway.portOf('shop'), host, root: authority.root });

  const seen = await visitor();
  assert.deepEqual(seen, { status: 200, text: 'The shop, by https', serialNumber: serialOf(first.certificate) });
  say(`HAProxy serves ${host}: a visitor who trusts only the root verifies the chain, which came out of the vault.`);

  const second = authority.issue(host);
  await owner.certificates.importCertificate(certificateName, authority.pfx(second));
  assert.equal((await visitor()).serialNumber, seen.serialNumber);
  const visitors = Array.from({ length: 4 }, () => until(serialOf(second.certificate), visitor));
  const [state, ...visits] = await Promise.all([gateway.poll(), ...visitors]);
  assert.equal(state, 'Enabled');
  say('A new version waited for the poll. Four visitors saw it arrive, and none of their connections was refused:');
  say(`they visited ${visits.join(', ')} times until they had it.`);

  for (const { title, error, happen, mend } of mishaps({ vault, owner, party })) {
    await happen();
    assert.equal(await gateway.poll(), error);
    await assert.rejects(visitor(), { code: 'ECONNREFUSED' });
    const other = await visit({ port: gateway.portOf('news'), host: otherHost, root: authority.root });
    assert.equal(other.text, 'The news, by https');
    await mend();
    assert.equal(await gateway.poll(), 'Enabled');
    assert.equal((await visitor()).serialNumber, serialOf(second.certificate));
    say(`${title}: the listener was disabled with ${error}, and the other one went on. Mended, it serves again.`);
  }
}

interface Mishap {
  readonly title: string;
  /** The gateway's name for it ("Common key vault errors in Azure Application Gateway"). */
  readonly error: string;
  readonly happen: () => Promise<unknown>;
  readonly mend: () => Promise<unknown>;
}

/** The ways in which the customer can put the certificate out of the gateway's reach. */
function mishaps({ vault, owner, party }: Pick<Stage, 'vault' | 'owner' | 'party'>): readonly Mishap[] {
  const { certificates } = owner;
  const setEnabled = async (enabled: boolean) => {
    const { properties } = await certificates.getCertificate(certificateName);
    await certificates.updateCertificateProperties(certificateName, properties.version ?? '', { enabled });
  };
  return [
    {
      title: 'The grant was taken away',
      error: 'UserAssignedIdentityDoesNotHaveGetPermissionOnKeyVault',
      happen: () => vault.revoke(party),
      mend: () => vault.grant(party, grant),
    },
    {
      title: 'The certificate was disabled',
      error: 'SecretDisabled',
      happen: () => setEnabled(false),
      mend: () => setEnabled(true),
    },
    {
      title: 'The certificate was deleted',
      error: 'SecretDeletedFromKeyVault',
      happen: async () => (await certificates.beginDeleteCertificate(certificateName, quickly)).pollUntilDone(),
      mend: async () => (await certificates.beginRecoverDeletedCertificate(certificateName, quickly)).pollUntilDone(),
    },
    {
      title: 'The bypass was switched off',
      error: 'KeyVaultHasRestrictedAccess',
      happen: () => vault.set({ bypass: 'None' }),
      mend: () => vault.set({ bypass: 'AzureServices' }),
    },
  ];
}

/** The gateway's errors, by what the vault answers. Any other answer is transient, and has no effect on the listener. */
const errors: Readonly<Record<string, string>> = {
  AccessDenied: 'UserAssignedIdentityDoesNotHaveGetPermissionOnKeyVault',
  SecretDisabled: 'SecretDisabled',
  SecretNotFound: 'SecretDeletedFromKeyVault',
  ForbiddenByFirewall: 'KeyVaultHasRestrictedAccess',
};

/** An instance of a gateway, with a listener that has its certificate from the vault, and one that has its own. */
class Gateway {
  readonly #service: Clients;
  readonly #haproxy: Haproxy;
  #version: string | undefined;
  #state = 'Enabled';

  private constructor(service: Clients, haproxy: Haproxy, version: string | undefined) {
    this.#service = service;
    this.#haproxy = haproxy;
    this.#version = version;
  }

  static async start(service: Clients, shop: Omit<Site, 'pem'>, news: Site): Promise<Gateway> {
    const { value = '', properties } = await service.secrets.getSecret(certificateName);
    const haproxy = await Haproxy.start([
      { name: 'shop', sites: [{ ...shop, pem: pemIn(value) }] },
      { name: 'news', sites: [news] },
    ]);
    return new Gateway(service, haproxy, properties.version);
  }

  portOf(listener: 'shop' | 'news'): number {
    return this.#haproxy.portOf(listener);
  }

  /** Looks for a new version. Returns `Enabled`, or why the listener is disabled. */
  async poll(): Promise<string> {
    const { code } = await answerTo(async () => {
      const { value = '', properties } = await this.#service.secrets.getSecret(certificateName);
      if (properties.version !== this.#version) await this.#haproxy.replace(host, pemIn(value));
      this.#version = properties.version;
    });
    const state = code === undefined ? 'Enabled' : (errors[code] ?? this.#state);
    if (state !== this.#state) {
      if (state === 'Enabled') await this.#haproxy.enable('shop');
      else await this.#haproxy.disable('shop');
    }
    this.#state = state;
    return state;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#haproxy[Symbol.asyncDispose]();
  }
}

/** A certificate's secret is a PKCS #12 file without a password. */
function pemIn(value: string): string {
  return pemOf(Buffer.from(value, 'base64')).join('');
}

function serialOf(certificate: string): string {
  return new X509Certificate(certificate).serialNumber;
}

/** Visits again and again until the certificate is served. Each visit must succeed. Returns how many there were. */
async function until(serialNumber: string, visitor: () => Promise<Seen>): Promise<number> {
  for (let visits = 1; visits < 10_000; visits += 1) {
    if ((await visitor()).serialNumber === serialNumber) return visits;
  }
  throw new Error(`The certificate ${serialNumber} is not served.`);
}

await play({
  service: 'Azure Application Gateway v2 SKU',
  programs: { openssl: 'openssl', haproxy: 'haproxy' },
  caller: userAssigned('Microsoft.Network/applicationGateways', 'shop'),
  grant,
  work,
  call: ({ secrets }) => secrets.getSecret(certificateName),
  outside: {
    title: 'reads the certificate instead of its secret',
    call: ({ certificates }) => certificates.getCertificate(certificateName),
  },
  forged: {
    caller: {
      ...userAssigned('Microsoft.Compute/virtualMachines', 'shop'),
      title: "the gateway's own identity, used by a virtual machine",
    },
  },
});
