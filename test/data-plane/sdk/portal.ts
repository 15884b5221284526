/** Reads what the portal made, as the official clients see it. Run by `test/portal/objects.test.ts`. */
import assert from 'node:assert/strict';
import { CertificateClient } from '@azure/keyvault-certificates';
import { CryptographyClient, KeyClient } from '@azure/keyvault-keys';
import { SecretClient } from '@azure/keyvault-secrets';
import { agent, credential, perform, vaultUrl } from './connection.ts';

const keys = new KeyClient(vaultUrl, credential, { agent });

await perform({
  async 'what the portal made'() {
    const secret = await new SecretClient(vaultUrl, credential, { agent }).getSecret('db-password');
    assert.equal(secret.value, 'correct <b>horse</b> & "battery"\nsecond line');
    assert.equal(secret.properties.contentType, '<i>text</i>/plain');
    assert.deepEqual(secret.properties.tags, { '<b>owner</b>': '"><img src=x onerror=alert(1)>' });
    assert.equal(secret.properties.enabled, true);

    const key = await keys.getKey('signing');
    assert.deepEqual([key.keyType, key.key?.crv, key.keyOperations], ['EC', 'P-384', ['sign']]);

    const imported = await keys.getKey('imported');
    const cryptography = new CryptographyClient(imported, credential, { agent });
    const algorithm = 'RSA-OAEP-256';
    const { result: ciphertext } = await cryptography.encrypt({ algorithm, plaintext: Buffer.from('hello') });
    const { result } = await cryptography.decrypt({ algorithm, ciphertext });
    assert.equal(Buffer.from(result).toString(), 'hello');

    const { policy, cer } = await new CertificateClient(vaultUrl, credential, { agent }).getCertificate('www');
    assert.ok((cer?.length ?? 0) > 0);
    assert.equal(policy?.subject, 'CN=www.contoso.example');
    assert.deepEqual(policy?.subjectAlternativeNames?.dnsNames, ['www.contoso.example', 'shop.contoso.example']);
    assert.deepEqual([policy?.issuerName, policy?.validityInMonths, policy?.keySize], ['Self', 6, 3072]);
  },
});
