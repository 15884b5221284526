/** Run by `sdk-certificates.test.ts`: every method of the official client of certificates, with its challenge verification on. */
import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { CertificateClient } from '@azure/keyvault-certificates';
import type { CertificatePolicy, KeyVaultCertificate } from '@azure/keyvault-certificates';
import { CryptographyClient, KeyClient } from '@azure/keyvault-keys';
import { SecretClient } from '@azure/keyvault-secrets';
import { OpensslFolder, signedByOpenssl } from '../certificate-files.ts';
import { agent, collect, credential, perform, vaultUrl, whenFree, wrongly } from './connection.ts';

const client = new CertificateClient(vaultUrl, credential, { agent });
const secrets = new SecretClient(vaultUrl, credential, { agent });
const quick = { intervalInMs: 50 };
const policy = {
  issuerName: 'Self',
  subject: 'CN=www.example.com',
  subjectAlternativeNames: { dnsNames: ['www.example.com'], ipAddresses: ['192.0.2.1'] },
  keyType: 'EC',
  keyCurveName: 'P-384',
  contentType: 'application/x-pem-file',
  validityInMonths: 6,
  lifetimeActions: [{ action: 'AutoRenew', daysBeforeExpiry: 20 }],
} as const satisfies CertificatePolicy;

async function created(name: string, more: Partial<CertificatePolicy> = {}) {
  const poller = await client.beginCreateCertificate(name, { ...policy, ...more }, { ...quick, tags: { a: 'b' } });
  return poller.pollUntilDone();
}

function x509Of({ cer }: KeyVaultCertificate): X509Certificate {
  assert.ok(cer !== undefined);
  return new X509Certificate(cer);
}

async function deleteAndPurge(name: string): Promise<void> {
  await (await client.beginDeleteCertificate(name, quick)).pollUntilDone();
  await client.purgeDeletedCertificate(name);
}

const scenarios: Readonly<Record<string, () => Promise<void>>> = {
  async creates() {
    const poller = await client.beginCreateCertificate('one', policy, { ...quick, tags: { a: 'b' } });
    assert.equal(poller.getOperationState().isCompleted, undefined);
    const resumed = await client.beginCreateCertificate('one', policy, { ...quick, resumeFrom: poller.toString() });
    const certificate = await resumed.pollUntilDone();
    const { name, properties, keyId, secretId } = certificate;
    assert.deepEqual([name, properties.enabled, properties.tags], ['one', true, { a: 'b' }]);
    assert.equal(keyId, `${vaultUrl}/keys/one/${properties.version}`);
    assert.equal(secretId, `${vaultUrl}/secrets/one/${properties.version}`);
    const x509 = x509Of(certificate);
    assert.equal(x509.subjectAltName, 'DNS:www.example.com, IP Address:192.0.2.1');
    assert.equal(Number(properties.expiresOn), x509.validToDate.getTime());
    assert.equal(Number(properties.notBefore), x509.validFromDate.getTime());
    assert.equal(properties.x509ThumbprintString?.toUpperCase(), x509.fingerprint.replaceAll(':', ''));
    const { enhancedKeyUsage, keyUsage, exportable, reuseKey, keySize, enabled, ...rest } = certificate.policy ?? {};
    assert.deepEqual(enhancedKeyUsage, ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
    assert.deepEqual(
      [keyUsage, exportable, reuseKey, keySize, enabled],
      [['digitalSignature'], true, false, 384, true],
    );
    const lifetimeActions = [{ ...policy.lifetimeActions[0], lifetimePercentage: undefined }];
    assert.deepEqual(definedOnly(rest), { ...policy, lifetimeActions });

    const { value, properties: ofSecret } = await secrets.getSecret('one');
    assert.match(String(value), /^-----BEGIN PRIVATE KEY-----/);
    assert.deepEqual([ofSecret.managed, ofSecret.certificateKeyId], [true, keyId]);
    const key = await new KeyClient(vaultUrl, credential, { agent }).getKey('one');
    assert.deepEqual([key.properties.managed, key.keyType, key.id], [true, 'EC', keyId]);
    const digest = createHash('sha384').update('text').digest();
    const cryptography = new CryptographyClient(key, credential, { agent });
    const { result } = await cryptography.sign('ES384', digest);
    assert.equal((await cryptography.verify('ES384', digest, result)).result, true);
  },

  async changes() {
    const first = await created('versions');
    const second = await created('versions', { keyCurveName: 'P-256' });
    const { version = '' } = first.properties;
    assert.deepEqual((await client.getCertificateVersion('versions', version)).cer, first.cer);
    assert.deepEqual((await client.getCertificate('versions')).cer, second.cer);
    const changed = await client.updateCertificateProperties('versions', version, { enabled: false, tags: { c: 'd' } });
    assert.deepEqual([changed.properties.enabled, changed.properties.tags], [false, { c: 'd' }]);
    await wrongly(secrets.getSecret('versions', { version }), 403, /not allowed on a disabled secret/);
    const versions = await collect(client.listPropertiesOfCertificateVersions('versions'));
    assert.deepEqual(
      new Map(versions.map((one) => [one.version, one.enabled])),
      new Map([
        [version, false],
        [second.properties.version, true],
      ]),
    );
    assert.deepEqual(await collect(client.listPropertiesOfCertificateVersions('missing')), []);

    await client.updateCertificatePolicy('versions', { issuerName: 'Self', subject: 'CN=other', validityInMonths: 9 });
    const now = await client.getCertificatePolicy('versions');
    assert.deepEqual([now.subject, now.validityInMonths, now.keyCurveName], ['CN=other', 9, 'P-256']);
    assert.deepEqual(now.subjectAlternativeNames, policy.subjectAlternativeNames);

    await client.beginCreateCertificate('waiting', { issuerName: 'Unknown', subject: 'CN=w', keyType: 'EC' });
    const listed = async (includePending: boolean) =>
      (await collect(client.listPropertiesOfCertificates({ includePending }))).map(({ name }) => name);
    assert.ok(!(await listed(false)).includes('waiting'));
    assert.ok((await listed(true)).includes('waiting'));
    await deleteAndPurge('waiting');
  },

  async operations() {
    const poller = await client.beginCreateCertificate('operation', policy, quick);
    const operation = await client.getCertificateOperation('operation', quick);
    const { certificateOperation: begun } = operation.getOperationState();
    assert.equal(begun?.status, 'inProgress');
    assert.ok((begun.csr?.length ?? 0) > 100);
    const resumed = await client.getCertificateOperation('operation', { ...quick, resumeFrom: operation.toString() });
    const certificate = await resumed.pollUntilDone();
    assert.equal(resumed.getOperationState().certificateOperation?.target, `${vaultUrl}/certificates/operation`);
    assert.ok(certificate.cer !== undefined);
    await poller.pollUntilDone();
    await wrongly(operation.cancelOperation(), 403, /^Pending status must be in progress to allow update\.$/);

    await client.beginCreateCertificate('stopped', policy, quick);
    const stopped = await client.getCertificateOperation('stopped', quick);
    await stopped.cancelOperation();
    assert.equal(stopped.getOperationState().certificateOperation?.cancellationRequested, true);
    const deleted = await client.deleteCertificateOperation('stopped');
    assert.deepEqual([deleted.name, deleted.cancellationRequested, deleted.status], ['stopped', true, 'inProgress']);
    await wrongly(client.getCertificateOperation('stopped'), 404, /^Pending certificate not found: stopped$/);
    assert.equal((await client.getCertificate('stopped')).properties.enabled, false);
    const creating = await client.beginCreateCertificate('creating', policy, quick);
    await creating.cancelOperation();
    assert.equal(creating.getOperationState().isCancelled, true);
    // Until it is over, nothing else can begin.
    await wrongly(
      client.beginCreateCertificate('creating', policy),
      409,
      /while a pending key vault certificate's status is/,
    );
    for (;;) {
      const state = (await client.getCertificateOperation('creating', quick)).getOperationState();
      if (state.certificateOperation?.status === 'cancelled') break;
      assert.equal(state.certificateOperation?.status, 'inProgress');
    }
  },

  async merges() {
    using openssl = new OpensslFolder();
    const { issuerName: _, lifetimeActions: __, ...elsewhere } = policy;
    await client.beginCreateCertificate('merged', { ...elsewhere, issuerName: 'Unknown' }, quick);
    const { certificateOperation } = (await client.getCertificateOperation('merged', quick)).getOperationState();
    assert.equal(
      certificateOperation?.statusDetails,
      'Pending certificate created. Please Perform Merge to complete the request.',
    );
    const csr = Buffer.from(certificateOperation.csr ?? []).toString('base64');
    const { leaf, ca } = await signedByOpenssl(openssl, csr);
    const merged = await client.mergeCertificate(
      'merged',
      [leaf, ca].map((one) => Buffer.from(one, 'base64')),
    );
    assert.equal(x509Of(merged).issuer, 'CN=Some authority');
    assert.ok(x509Of(merged).verify(new X509Certificate(Buffer.from(ca, 'base64')).publicKey));
    const { value } = await secrets.getSecret('merged');
    assert.equal(String(value).split('BEGIN CERTIFICATE').length, 3);
  },

  async imports() {
    await created('source', { contentType: 'application/x-pkcs12' });
    const pfx = Buffer.from(String((await secrets.getSecret('source')).value), 'base64');
    const fromPfx = await client.importCertificate('from-pfx', pfx, { tags: { a: 'b' }, enabled: true });
    const { cer } = await client.getCertificate('source');
    assert.deepEqual(fromPfx.cer, cer);
    assert.equal(fromPfx.policy?.keyCurveName, 'P-384');
    await created('pem-source');
    const pem = Buffer.from(String((await secrets.getSecret('pem-source')).value));
    // More than a page has.
    await Promise.all(Array.from({ length: 26 }, (_, n) => client.importCertificate(`page-${n}`, pfx)));
    const listed = (await collect(client.listPropertiesOfCertificates())).map(({ name }) => name);
    assert.equal(listed.filter((name) => name?.startsWith('page-')).length, 26);
    const options = { policy: { issuerName: 'Self', contentType: 'application/x-pem-file' } as const };
    const fromPem = await client.importCertificate('from-pem', pem, options);
    assert.deepEqual(fromPem.cer, (await client.getCertificate('pem-source')).cer);
    assert.equal(fromPem.policy?.contentType, 'application/x-pem-file');
    const wrong = client.importCertificate('not-imported', pfx, { password: 'wrong' });
    await wrongly(wrong, 400, /^The specified PKCS#12 X\.509 certificate content can not be read\./);
  },

  async deletes() {
    const certificate = await created('doomed');
    const started = await client.beginDeleteCertificate('doomed', quick);
    const resumed = await client.beginDeleteCertificate('doomed', { ...quick, resumeFrom: started.toString() });
    const deleted = await resumed.pollUntilDone();
    assert.equal(deleted.recoveryId, `${vaultUrl}/deletedcertificates/doomed`);
    assert.ok(deleted.scheduledPurgeDate !== undefined && deleted.deletedOn !== undefined);
    assert.deepEqual((await client.getDeletedCertificate('doomed')).cer, certificate.cer);
    const listed = await collect(client.listDeletedCertificates());
    assert.deepEqual(
      listed.map(({ name }) => name),
      ['doomed'],
    );
    const recovery = await client.beginRecoverDeletedCertificate('doomed', quick);
    const again = await client.beginRecoverDeletedCertificate('doomed', { ...quick, resumeFrom: recovery.toString() });
    assert.deepEqual((await again.pollUntilDone()).cer, certificate.cer);
    assert.match(String((await secrets.getSecret('doomed')).value), /^-----BEGIN PRIVATE KEY-----/);
    const blob = await client.backupCertificate('doomed');
    assert.ok(blob !== undefined);
    await deleteAndPurge('doomed');
    await assert.rejects(client.getDeletedCertificate('doomed'), { code: 'CertificateNotFound', statusCode: 404 });
    await assert.rejects(client.getCertificate('doomed'), { code: 'CertificateNotFound', statusCode: 404 });
    await assert.rejects(secrets.getSecret('doomed'), { code: 'SecretNotFound', statusCode: 404 });
    const restored = await whenFree(() => client.restoreCertificateBackup(blob));
    assert.deepEqual([restored.cer, restored.policy], [certificate.cer, certificate.policy]);
    assert.match(String((await secrets.getSecret('doomed')).value), /^-----BEGIN PRIVATE KEY-----/);
  },

  async issuers() {
    const administratorContacts = [{ email: 'a@example.com', firstName: 'A', lastName: 'B', phone: '1' }];
    const options = {
      accountId: 'account',
      password: 'pass',
      organizationId: 'org',
      administratorContacts,
      enabled: true,
    };
    const issuer = await client.createIssuer('ours', 'Test', options);
    assert.deepEqual([issuer.provider, issuer.accountId], ['Test', 'account']);
    assert.equal(issuer.id, `${vaultUrl}/certificates/issuers/ours`);
    assert.deepEqual([issuer.organizationId, issuer.administratorContacts], ['org', administratorContacts]);
    assert.ok(issuer.createdOn !== undefined && issuer.updatedOn !== undefined);
    assert.equal(issuer.password, undefined);
    assert.deepEqual(await client.getIssuer('ours'), issuer);
    assert.equal((await client.updateIssuer('ours', { accountId: 'other' })).accountId, 'other');
    const listed = await collect(client.listPropertiesOfIssuers());
    assert.deepEqual(listed, [{ id: `${vaultUrl}/certificates/issuers/ours`, provider: 'Test' }]);
    const certificate = await created('by-issuer', { issuerName: 'ours', certificateType: 'OV-SSL' });
    assert.equal(x509Of(certificate).issuer, 'CN=Postern Test Authority');
    assert.deepEqual([certificate.policy?.issuerName, certificate.policy?.certificateType], ['ours', 'OV-SSL']);
    assert.equal((await client.deleteIssuer('ours')).accountId, 'other');
    await assert.rejects(client.getIssuer('ours'), { code: 'CertificateIssuerNotFound', message: 'Issuer not found' });

    const contacts = [{ email: 'a@example.com', name: 'A', phone: '1' }];
    assert.deepEqual(await client.setContacts(contacts), contacts);
    assert.deepEqual(await client.getContacts(), contacts);
    // The client expects them in the answer under another name than the service uses.
    assert.deepEqual(await client.deleteContacts(), []);
    await assert.rejects(client.getContacts(), { code: 'ContactsNotFound', message: 'Contacts not found' });
  },

  async firewall() {
    await wrongly(
      client.getCertificate('any'),
      403,
      /^Client address is not authorized and caller is not a trusted service\./,
    );
  },
};

/** The members that the client found in the answer: it returns missing ones as `undefined`. */
function definedOnly(found: object): object {
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
}

await perform(scenarios);
