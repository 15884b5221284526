import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readCertificate } from '../../../src/crypto/certificates/certificate.ts';
import { issue, makeTestIssuer, selfSign } from '../../../src/crypto/certificates/issue.ts';
import { makeRequest } from '../../../src/crypto/certificates/request.ts';
import { notRun } from '../../not-run.ts';
import type { CertificateContents } from '../../../src/types/certificate.ts';
import { contents, during, ec, kinds, material, pem, selfSigned, textOf, validity, value } from './material.ts';
import type { Kind } from './material.ts';
import { file, hasOpenssl, openssl, run } from './openssl.ts';

/** OpenSSL's names of the signatures. */
const signatures: Readonly<Record<Kind, string>> = {
  'RSA 2048': 'sha256WithRSAEncryption',
  'RSA 3072': 'sha256WithRSAEncryption',
  'RSA 4096': 'sha256WithRSAEncryption',
  'P-256': 'ecdsa-with-SHA256',
  'P-384': 'ecdsa-with-SHA384',
  'P-521': 'ecdsa-with-SHA512',
  'P-256K': 'ecdsa-with-SHA256',
};

const strictly = ['verify', '-x509_strict', '-check_ss_sig', '-attime', during];

/** The parts of the output of `openssl x509 -text` or `req -text` with the certificate's uses. */
const extensionTexts = [
  /X509v3 Key Usage: critical\s+Digital Signature, Key Encipherment\n/,
  /X509v3 Extended Key Usage:\s+TLS Web Server Authentication, TLS Web Client Authentication\n/,
  /X509v3 Subject Alternative Name:\s+DNS:www\.example\.com, DNS:\*\.example\.org, email:someone@example\.com, /,
  /othername: UPN:someone@corp\.example\.com, IP Address:192\.0\.2\.7, IP Address:2001:DB8:0:0:0:0:0:7, /,
  /URI:https:\/\/example\.com\/path\n/,
];

if (hasOpenssl) {
  for (const kind of kinds) {
    describe(`with a key of ${kind}`, () => {
      it('a self-signed certificate verifies with openssl, and says what was asked for', async () => {
        const der = await selfSigned(material(kind));
        const path = file(pem(der));
        assert.match(openssl([...strictly, '-CAfile', path, path]).toString(), /: OK\n$/);
        const text = openssl(['x509', '-inform', 'DER', '-text', '-noout'], der).toString();
        const mentioned = [
          new RegExp(`Signature Algorithm: ${signatures[kind]}\n`),
          /Version: 3 \(0x2\)/,
          /Issuer: C=US, O=Contoso, CN=www\.example\.com\n/,
          /Subject: C=US, O=Contoso, CN=www\.example\.com\n/,
          /Not Before: Jan {2}1 00:00:00 2026 GMT\n\s+Not After : Jan {2}1 00:00:00 2027 GMT\n/,
          /X509v3 Basic Constraints: \n\s+CA:FALSE\n/,
          ...extensionTexts,
        ];
        for (const pattern of mentioned) assert.match(text, pattern);
      });

      it('a damaged signature does not verify, so that the test above can fail', async () => {
        const der = Buffer.from(await selfSigned(material(kind)));
        der.writeUInt8((der.at(-1) ?? 0) ^ 1, der.length - 1);
        const path = file(pem(der));
        assert.match(run([...strictly, '-CAfile', path, path]).text, /certificate signature failure/);
      });

      it('openssl accepts the request, and the certificate that an issuer makes for it', async () => {
        const request = value(await makeRequest(material(kind), contents));
        const { ok, text } = run(['req', '-inform', 'DER', '-verify', '-text', '-noout'], request);
        assert.ok(ok);
        assert.match(text, /Certificate request self-signature verify OK/);
        for (const pattern of [/Subject: C=US, O=Contoso, CN=www\.example\.com\n/, ...extensionTexts]) {
          assert.match(text, pattern);
        }
        const issuer = await makeTestIssuer('Postern Test CA', validity.notBefore * 1000);
        const der = value(await issue({ request, issuer, ...validity }));
        const chain = [...strictly, '-purpose', 'sslserver', '-CAfile', file(pem(...issuer.certificates))];
        assert.match(openssl([...chain, file(pem(der))]).toString(), /: OK\n$/);
        const printed = openssl(['x509', '-inform', 'DER', '-text', '-noout'], der).toString();
        for (const pattern of [/Issuer: CN=Postern Test CA\n/, ...extensionTexts]) assert.match(printed, pattern);
      });
    });
  }

  it('a request that openssl made is signed, and its challenge password is ignored', async () => {
    const configuration = file(
      '[req]\nprompt=no\ndistinguished_name=dn\nattributes=at\nreq_extensions=ex\n[dn]\nCN=a.example.com\nO=Contoso\n' +
        '[at]\nchallengePassword=hidden\n[ex]\nsubjectAltName=DNS:a.example.com,dirName:dn\nbasicConstraints=CA:TRUE\n',
    );
    const key = openssl(['genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048']);
    const request = openssl(['req', '-new', '-config', configuration, '-key', file(key), '-outform', 'DER', '-sha512']);
    const issuer = await makeTestIssuer('CA', validity.notBefore * 1000);
    const der = value(await issue({ request, issuer, ...validity }));
    const text = openssl(['x509', '-inform', 'DER', '-text', '-noout'], der).toString();
    assert.match(text, /DNS:a\.example\.com, DirName:\/?CN ?= ?a\.example\.com/);
    assert.doesNotMatch(text, /hidden|CA:TRUE/);
    const facts = value(readCertificate(der));
    assert.deepEqual([facts.subject, facts.issuer], ['O=Contoso, CN=a.example.com', 'CN=CA']);
  });

  it('a request signed with RSASSA-PSS or on Ed25519 is refused by name', async () => {
    const issuer = await makeTestIssuer('CA', validity.notBefore * 1000);
    const request = (...args: readonly string[]) =>
      openssl(['req', '-new', '-subj', '/CN=a', '-nodes', '-keyout', '/dev/null', '-outform', 'DER', ...args]);
    const pss = request('-newkey', 'rsa:2048', '-sigopt', 'rsa_padding_mode:pss');
    assert.equal(
      textOf(await issue({ request: pss, issuer, ...validity })),
      'The signature RSASSA-PSS (1.2.840.113549.1.1.10) is not supported; ' +
        'RSASSA-PKCS1-v1_5 and ECDSA with SHA-256, SHA-384 or SHA-512 are.',
    );
    assert.equal(
      textOf(await issue({ request: request('-newkey', 'ed25519'), issuer, ...validity })),
      'The key is ed25519. RSA keys of 2048, 3072 or 4096 bits and EC keys on P-256, P-384, P-521 or P-256K are supported.',
    );
  });
} else notRun('certificates and requests, checked by openssl', 'there is no openssl 3 on PATH');

describe('an authority', () => {
  it('has critical basic constraints, whatever its key is used for', async () => {
    const key = ec('prime256v1');
    const extensionOf = async (changed: Partial<CertificateContents>) => {
      const der = Buffer.from(await selfSigned(key, changed));
      // From the identifier 2.5.29.19 on.
      return der.subarray(der.indexOf('0603551d13', 'hex') + 5).toString('hex');
    };
    // An empty sequence (DER leaves out defaults), and no flag before it.
    assert.match(await extensionOf({}), /^04023000/);
    assert.match(await extensionOf({ keyUsage: ['keyCertSign'] }), /^04023000/);
    assert.match(await extensionOf({ basicConstraints: { ca: true } }), /^0101ff040530030101ff/);
    assert.match(await extensionOf({ basicConstraints: { ca: true, pathLength: 2 } }), /^0101ff040830060101ff020102/);
  });

  it('may have any name that fits', async () => {
    const issuer = await makeTestIssuer(' #1, "CA" + Söhne\\ ', validity.notBefore * 1000);
    const facts = value(readCertificate(issuer.certificates[0] ?? Buffer.alloc(0)));
    assert.equal(facts.subject, String.raw`CN=\ #1\, \"CA\" \+ Söhne\\\ `);
    assert.deepEqual(facts.basicConstraints, { ca: true });
  });

  it('does not sign a request with a signature by another key, or a damaged one', async () => {
    const issuer = await makeTestIssuer('CA', validity.notBefore * 1000);
    const request = Buffer.from(value(await makeRequest(ec('prime256v1'), contents)));
    const at = request.indexOf('Contoso');
    request.write('Kontoso', at);
    assert.equal(
      textOf(await issue({ request, issuer, ...validity })),
      'The signature of the certificate request does not belong to its public key.',
    );
    assert.equal(
      textOf(await issue({ request: request.subarray(0, -1), issuer, ...validity })),
      'This is not a certificate request that can be read: the request is cut short.',
    );
  });

  it("does not sign with a key that is not its certificate's", async () => {
    const issuer = { ...(await makeTestIssuer('CA', validity.notBefore * 1000)), material: ec('prime256v1') };
    const request = value(await makeRequest(ec('prime256v1'), contents));
    assert.equal(
      textOf(await issue({ request, issuer, ...validity })),
      'The private key belongs to none of the certificates.',
    );
  });
});

it('a request is byte for byte the one that Azure was recorded to make of this policy', async () => {
  // azure-sdk-for-js, CRUDCertificateName-cancreatereadanddeleteacertificateissuer-, 2021-04-28.
  const recorded =
    'MIICoTCCAYkCAQAwETEPMA0GA1UEAxMGTXlDZXJ0MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAwb3LhJ/D0zuoE/nZdSNAX2+CRq0xZ0xj' +
    'tydaIalQ3ieu0TxNXDAk9mHkBbR6aegbM/eBRSOU4YVFf8+5NAB5FEZ/EOeTQRg6+RLKgM6JuoxD6P7mHPYCQwe+DECHGQ7xN3F4SAB6CYsNNFLEZhz4' +
    'H0SGOcU/ImdNHn+IY7Fh/4C/wMEymykmozKFm/5Bd6gmVhJDcCodTHIQCk9Wde/LZDUKkfL56ZD9x92TpZy0ZkBzk8TrBTWHAqCmGXXrUntYtgXeXr2V' +
    'aEuVdKKyWxQDx7w3UUXa8ZiCHX2R7cZRAFdUzgOLcWb7ti3DF28OAVUtSbPtQigzuczmb6hmdyhQtQIDAQABoEswSQYJKoZIhvcNAQkOMTwwOjAOBgNV' +
    'HQ8BAf8EBAMCBaAwHQYDVR0lBBYwFAYIKwYBBQUHAwEGCCsGAQUFBwMCMAkGA1UdEwQCMAAw';
  const key = material('RSA 2048');
  assert.ok(key.kty === 'RSA');
  const { ekus, keyUsage } = contents;
  const ours = Buffer.from(value(await makeRequest(key, { subject: 'cn=MyCert', ekus, keyUsage })));
  const theirs = Buffer.from(recorded, 'base64');
  const modulus = Buffer.from(key.n, 'base64url');
  // The same except for the modulus, up to the signature.
  modulus.copy(theirs, theirs.indexOf('0282010100', 'hex') + 5);
  assert.equal(ours.subarray(0, theirs.length).toString('hex'), theirs.toString('hex'));
});

describe('what cannot be certified', () => {
  const key = ec('prime256v1');
  const uncertifiable: readonly (readonly [object, string])[] = [
    [{ subject: '', sans: {} }, 'The subject is empty, and there is no subject alternative name either.'],
    [
      { sans: { dnsNames: ['bücher.example'] } },
      'The subject alternative name "bücher.example" is not a DNS name of ASCII letters, digits and hyphens, such as www.example.com or *.example.com.',
    ],
    [
      { sans: { dnsNames: ['a.*.example.com'] } },
      'The subject alternative name "a.*.example.com" is not a DNS name of ASCII letters, digits and hyphens, such as www.example.com or *.example.com.',
    ],
    [
      { sans: { emails: ['nobody'] } },
      'The subject alternative name "nobody" is not an e-mail address in ASCII, such as someone@example.com.',
    ],
    [
      { sans: { upns: ['nobody'] } },
      'The subject alternative name "nobody" is not a user principal name, such as someone@example.com.',
    ],
    [
      { sans: { ipAddresses: ['192.0.2.256'] } },
      'The subject alternative name "192.0.2.256" is not an IPv4 or IPv6 address, such as 192.0.2.1 or 2001:db8::1.',
    ],
    [
      { sans: { ipAddresses: ['fe80::1%eth0'] } },
      'The subject alternative name "fe80::1%eth0" is not an IPv4 or IPv6 address, such as 192.0.2.1 or 2001:db8::1.',
    ],
    [
      { sans: { uris: ['/path'] } },
      'The subject alternative name "/path" is not an absolute URI in ASCII, such as https://example.com/path.',
    ],
    [
      { ekus: ['serverAuth'] },
      'The extended key usage "serverAuth" is not an object identifier, such as 1.3.6.1.5.5.7.3.1.',
    ],
    [{ ekus: ['1.40.1'] }, 'The extended key usage "1.40.1" is not an object identifier, such as 1.3.6.1.5.5.7.3.1.'],
    [
      { notAfter: validity.notBefore - 1 },
      `The validity from ${validity.notBefore} to ${validity.notBefore - 1} seconds since 1970 is not valid: it ends before it begins, or is outside the years 1950 to 9999.`,
    ],
    [
      { notAfter: 253_402_300_800 },
      `The validity from ${validity.notBefore} to 253402300800 seconds since 1970 is not valid: it ends before it begins, or is outside the years 1950 to 9999.`,
    ],
  ];
  for (const [changed, text] of uncertifiable) {
    it(`is refused: ${text}`, async () => {
      assert.equal(textOf(await selfSign(key, { ...contents, ...validity, ...changed })), text);
    });
  }
});

describe('what can be certified', () => {
  const key = ec('prime256v1');

  it('may have a critical alternative name and no subject', async () => {
    const der = await selfSigned(key, { subject: '' });
    const facts = value(readCertificate(der));
    assert.deepEqual([facts.subject, facts.sans.dnsNames], ['', contents.sans?.dnsNames]);
    // The identifier 2.5.29.17, with or without the flag after it.
    assert.ok(Buffer.from(der).includes('0603551d110101ff04', 'hex'));
    assert.ok(Buffer.from(await selfSigned(key)).includes('0603551d1104', 'hex'));
  });

  it('lasts until the last second of the year 9999, which is how "no end" is written (RFC 5280 section 4.1.2.5)', async () => {
    const der = value(await selfSign(key, { ...contents, ...validity, notAfter: 253_402_300_799 }));
    assert.equal(value(readCertificate(der)).notAfter, 253_402_300_799);
  });
});
