/**
 * Azure Virtual Machines deployment service: "Deploy certificates to VMs from customer-managed Key Vault."
 *
 * A virtual machine's model names a secret by its URL with the version. Compute's resource provider reads it, and brings
 * the certificate into the machine: sealed for the machine's own transport key, as Azure's fabric does, and unpacked by
 * the machine's agent. Here the class `Compute` is the resource provider, a folder and OpenSSL are the machine
 * with its agent, and a server of Node's is its web server. Azure reads such a secret as base64 of
 * `{"data": …, "dataType": "pfx", "password": …}`.
 */
import assert from 'node:assert/strict';
import { X509Certificate, createPrivateKey, createPublicKey } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { application, location, resourceId, resources, systemAssigned } from './parts/callers.ts';
import { answerTo } from './parts/cells.ts';
import { CertificateAuthority, pemOf } from './parts/certificate-authority.ts';
import { temporaryFolder } from './parts/folder.ts';
import { play } from './parts/play.ts';
import type { Stage } from './parts/play.ts';
import { run } from './parts/programs.ts';
import type { Clients } from './parts/vault.ts';
import { visit } from './parts/visitor.ts';

const secretName = 'web-certificate';
const host = 'www.contoso.example';
const machineType = 'Microsoft.Compute/virtualMachines';
const grant = { secrets: ['get', 'list'] };

async function work({ postern, vault, owner, service, party, say }: Stage): Promise<void> {
  using authority = new CertificateAuthority();
  using folder = temporaryFolder();
  const machine = new Machine(folder.path);
  const compute = new Compute(service);
  await vault.revoke(party);
  say('No access policy names the service: the switch enabledForDeployment takes the place of one.');

  const first = authority.issue(host);
  const { properties } = await owner.secrets.setSecret(secretName, asJson(authority.pfx(first, 'word'), 'word'));
  const { id = '', version = '' } = properties;
  asked.version = version;
  const { connection } = postern;
  const model = { osProfile: { secrets: [secretsOf(vault.id, id)] } };
  const machineId = resourceId(connection, machineType, 'web');
  await resources(connection).resources.beginCreateOrUpdateByIdAndWait(machineId, '2024-07-01', {
    location,
    properties: model,
  });
  await compute.deploy(model, machine);
  const [name = ''] = machine.installed();
  assert.equal(name, new X509Certificate(first.certificate).fingerprint.replaceAll(':', ''));
  say(`The machine's model names version ${version}; the agent has made ${name}.crt and .prv.`);

  const { certificate, key } = machine.pair(name);
  const publicHalf = createPublicKey(key).export({ type: 'spki', format: 'pem' });
  assert.equal(new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'pem' }), publicHalf);
  assert.equal(await served(machine, name, authority), new X509Certificate(first.certificate).serialNumber);
  say("Both halves have the same public key, and a client that knows only the root accepts the machine's web server.");

  const second = authority.issue(host);
  const renewed = await owner.secrets.setSecret(secretName, asJson(authority.pfx(second, 'other'), 'other'));
  await compute.deploy(model, machine);
  assert.deepEqual(machine.installed(), [name]);
  await compute.deploy({ osProfile: { secrets: [secretsOf(vault.id, renewed.properties.id ?? '')] } }, machine);
  assert.equal(machine.installed().length, 2);
  say('A new version of the secret arrives only when the model names it: deployed again, the machine has both.');

  await assert.rejects(
    compute.deploy({ osProfile: { secrets: [secretsOf(vault.id, id.replace(`/${version}`, ''))] } }, machine),
    /must have a version/,
  );
  const bare = await owner.secrets.getSecret('bare');
  const wrong = compute.deploy({ osProfile: { secrets: [secretsOf(vault.id, bare.properties.id ?? '')] } }, machine);
  await assert.rejects(wrong, /is not the JSON of a certificate/);
  say('A URL without a version, and a certificate that is not in the JSON form, are refused by the service itself.');

  await vault.grant(party, grant);
  await vault.set({ enabledForDeployment: false });
  const { status, code } = await answerTo(() => compute.deploy(model, machine));
  assert.deepEqual([status, code], [403, 'AccessDenied']);
  await vault.set({ enabledForDeployment: true });
  await compute.deploy(model, machine);
  say(`With the switch off even an access policy does not help: ${status} ${code}. With the switch on again it does.`);
}

/** A member of `osProfile.secrets` in a machine's model. */
interface VaultSecrets {
  readonly sourceVault: { readonly id: string };
  readonly vaultCertificates: readonly { readonly certificateUrl: string }[];
}

interface Model {
  readonly osProfile: { readonly secrets: readonly VaultSecrets[] };
}

/** The part of compute's resource provider that brings certificates. */
class Compute {
  readonly #service: Clients;

  constructor(service: Clients) {
    this.#service = service;
  }

  async deploy({ osProfile }: Model, machine: Machine): Promise<void> {
    for (const { certificateUrl } of osProfile.secrets.flatMap(({ vaultCertificates }) => vaultCertificates)) {
      const pfx = await this.#read(certificateUrl);
      machine.install(sealedFor(machine.transportCertificate, pfx));
    }
  }

  /** The PKCS #12 file of a secret, without its password. */
  async #read(url: string): Promise<Buffer> {
    const [, , name = '', version] = new URL(url).pathname.split('/');
    if (version === undefined) throw new Error(`${url} must have a version.`);
    const { value = '' } = await this.#service.secrets.getSecret(name, { version });
    const { data, password } = fromJson(value, url);
    const parts = pemOf(Buffer.from(data, 'base64'), password).join('');
    return run('openssl', ['pkcs12', '-export', '-passout', 'pass:'], parts);
  }
}

/** A Linux machine: its agent's folder, and the transport key that only the machine has. */
class Machine {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    const files = ['-keyout', this.#file('TransportPrivate.pem'), '-out', this.#file('TransportCert.pem')];
    run('openssl', ['req', '-x509', '-noenc', '-newkey', 'rsa:2048', '-subj', '/CN=LinuxTransport', ...files]);
  }

  get transportCertificate(): string {
    return this.#file('TransportCert.pem');
  }

  /** Unpacks the sealed file: each certificate under its thumbprint, and the key beside its own certificate. */
  install(sealed: Buffer): void {
    const own = ['-inkey', this.#file('TransportPrivate.pem'), '-recip', this.transportCertificate];
    const [key, ...certificates] = pemOf(run('openssl', ['cms', '-decrypt', '-inform', 'DER', ...own], sealed));
    for (const certificate of certificates) {
      const read = new X509Certificate(certificate);
      if (!read.checkPrivateKey(createPrivateKey(key))) continue;
      const name = read.fingerprint.replaceAll(':', '');
      writeFileSync(this.#file(`${name}.crt`), certificates.join(''));
      writeFileSync(this.#file(`${name}.prv`), key, { mode: 0o600 });
    }
  }

  /** The thumbprints of the certificates that the machine has a key for. */
  installed(): readonly string[] {
    const names = readdirSync(this.#folder).filter((file) => file.endsWith('.prv'));
    return names.map((file) => file.replace('.prv', ''));
  }

  pair(name: string): { readonly certificate: string; readonly key: string } {
    const [certificate, key] = [`${name}.crt`, `${name}.prv`].map((file) => readFileSync(this.#file(file), 'utf8'));
    return { certificate: certificate ?? '', key: key ?? '' };
  }

  #file(name: string): string {
    return join(this.#folder, name);
  }
}

function secretsOf(id: string, certificateUrl: string): VaultSecrets {
  return { sourceVault: { id }, vaultCertificates: [{ certificateUrl }] };
}

/** The value of the customer's secret, in the form that compute reads. */
function asJson(pfx: Buffer, password: string): string {
  const content = { data: pfx.toString('base64'), dataType: 'pfx', password };
  return Buffer.from(JSON.stringify(content)).toString('base64');
}

function fromJson(value: string, url: string): { readonly data: string; readonly password: string } {
  try {
    const { data, dataType, password } = JSON.parse(Buffer.from(value, 'base64').toString()) as Record<string, string>;
    if (dataType === 'pfx' && data !== undefined && password !== undefined) return { data, password };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new Error(`${url} is not the JSON of a certificate: give data, dataType "pfx" and password.`);
}

/** Only the machine that has the certificate's key can open it. */
function sealedFor(certificateFile: string, content: Buffer): Buffer {
  return run('openssl', ['cms', '-encrypt', '-binary', '-aes256', '-outform', 'DER', certificateFile], content);
}

/** Starts the machine's web server for one visit. Returns the serial number that the visitor saw. */
async function served(machine: Machine, name: string, { root }: CertificateAuthority): Promise<string> {
  const { certificate, key } = machine.pair(name);
  await using server = createServer({ cert: certificate, key }, (_, answer) => answer.end('Welcome'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { text, serialNumber } = await visit({ port: (server.address() as AddressInfo).port, host, root });
  assert.equal(text, 'Welcome');
  return serialNumber;
}

/** The version that the requests of the cells read. The work sets it. */
const asked = { version: '' };

await play({
  service: 'Azure Virtual Machines deployment service',
  programs: { openssl: 'openssl' },
  caller: application('Azure Virtual Machines deployment service'),
  grant,
  vaultSwitch: 'enabledForDeployment',
  furnish: async ({ secrets }) => {
    await secrets.setSecret('bare', 'a certificate in another form');
  },
  work,
  call: ({ secrets }) => secrets.getSecret(secretName, { version: asked.version }),
  outside: { title: 'lists the secrets', call: ({ secrets }) => secrets.listPropertiesOfSecrets().next() },
  forged: { caller: systemAssigned(machineType, 'web') },
});
