import assert from 'node:assert/strict';
import { createHash, verify, X509Certificate } from 'node:crypto';
import { after, before, suite, test } from 'node:test';
import { OpensslFolder } from './certificate-files.ts';
import { certificateWorld, dayMs, issueMs, selfSigned, versionOf } from './certificate-world.ts';
import type { CertificateWorld } from './certificate-world.ts';
import { auditText, errorBody, items, managedBody, members, transitionMs } from './vaults.ts';
import type { Json } from '../world/client.ts';

let world: CertificateWorld;

before(async () => {
  world = await certificateWorld('kv-certificates', { sku: { family: 'A', name: 'premium' } });
});

after(() => world[Symbol.asyncDispose]());

function x509Of(certificate: Json): X509Certificate {
  return new X509Certificate(Buffer.from(String(certificate['cer']), 'base64'));
}

suite('a self-signed certificate', () => {
  test('is in progress for a moment, and then exists with Azure’s defaults', async () => {
    const body = { policy: { x509_props: { subject: 'CN=first' }, issuer: { name: 'Self' } }, tags: { a: 'b' } };
    const now = Math.floor(world.server.now() / 1000);
    const begun = await world.send('POST', '/certificates/First/create', body);
    assert.equal(begun.status, 202);
    const id = `${world.origin}/certificates/First`;
    const { csr, request_id: requestId, ...pending } = members(begun.body);
    assert.match(String(requestId), /^[0-9a-f]{32}$/);
    assert.match(String(csr), /^MII/);
    assert.deepEqual(pending, {
      id: `${id}/pending`,
      issuer: { name: 'Self' },
      cancellation_requested: false,
      status: 'inProgress',
      status_details:
        'Pending certificate created. Certificate request is in progress. This may take some time based on the issuer ' +
        'provider. Please check again later.',
    });
    assert.equal(begun.headers.location, `${id}/pending?api-version=7.4&request_id=${String(requestId)}`);
    assert.equal(begun.headers['retry-after'], '1');

    await world.pass(issueMs - 1);
    assert.deepEqual(await world.ok('GET', '/certificates/first/pending'), begun.body);
    const intended = await world.ok('GET', '/certificates/first/');
    const year = 365 * 86_400;
    const policy = {
      id: `${id}/policy`,
      key_props: { exportable: true, kty: 'RSA', key_size: 2048, reuse_key: false },
      secret_props: { contentType: 'application/x-pkcs12' },
      x509_props: {
        subject: 'CN=first',
        ekus: ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'],
        key_usage: ['digitalSignature', 'keyEncipherment'],
        validity_months: 12,
        basic_constraints: { ca: false },
      },
      lifetime_actions: [{ trigger: { lifetime_percentage: 80 }, action: { action_type: 'AutoRenew' } }],
      issuer: { name: 'Self' },
      attributes: { enabled: true, created: now, updated: now },
    };
    assert.deepEqual(intended, {
      id: `${id}/${versionOf(intended)}`,
      attributes: {
        enabled: false,
        nbf: now - 600,
        exp: now + year,
        created: now,
        updated: now,
        recoveryLevel: 'Recoverable+Purgeable',
        recoverableDays: 90,
      },
      tags: { a: 'b' },
      policy,
      pending: { id: `${id}/pending` },
    });

    await world.pass(1);
    const { status_details: _, ...kept } = pending;
    const completed = await world.ok('GET', '/certificates/first/pending');
    assert.deepEqual(completed, { ...kept, csr, request_id: requestId, status: 'completed', target: id });
    const certificate = await world.ok('GET', '/certificates/first');
    const version = versionOf(certificate);
    assert.equal(version, versionOf(intended));
    const { cer, x5t, attributes, ...rest } = members(certificate);
    const sha1 = createHash('sha1')
      .update(Buffer.from(String(cer), 'base64'))
      .digest('base64url');
    assert.equal(x5t, sha1);
    assert.deepEqual(attributes, certificate['attributes']);
    assert.equal(certificate['attributes']?.['enabled'], true);
    assert.deepEqual(rest, {
      id: `${id}/${version}`,
      kid: `${world.origin}/keys/First/${version}`,
      sid: `${world.origin}/secrets/First/${version}`,
      tags: { a: 'b' },
      policy,
      pending: { id: `${id}/pending` },
    });
  });

  test('has the contents of its policy, and openssl verifies it', async () => {
    using openssl = new OpensslFolder();
    const certificate = await world.issued('contents', {
      issuer: { name: 'self' },
      key_props: { kty: 'EC', crv: 'P-384' },
      x509_props: {
        subject: 'CN=www.example.com, O=Contoso\\, Ltd., C=US',
        sans: {
          dns_names: ['www.example.com', '*.example.org'],
          emails: ['a@example.com'],
          upns: ['b@example.com'],
          ipAddresses: ['192.0.2.1', '2001:db8::1'],
          uris: ['https://example.com/x'],
        },
        ekus: ['1.3.6.1.5.5.7.3.3', '1.2.3.4'],
        key_usage: ['digitalSignature', 'keyAgreement'],
        validity_months: 7,
      },
    });
    openssl.certificate('c.pem', certificate['cer']);
    assert.equal(await openssl.run('verify', '-no_check_time', '-CAfile', 'c.pem', 'c.pem'), 'c.pem: OK\n');
    const text = await openssl.run('x509', '-in', 'c.pem', '-noout', '-text', '-nameopt', 'RFC2253');
    for (const line of [
      'Subject: CN=www.example.com,O=Contoso\\, Ltd.,C=US',
      'ASN1 OID: secp384r1',
      'Signature Algorithm: ecdsa-with-SHA384',
      'Digital Signature, Key Agreement',
      'Code Signing, 1.2.3.4',
      'CA:FALSE',
    ]) {
      assert.ok(text.includes(line), `${line}\n${text}`);
    }
    for (const name of [
      'DNS:*.example.org',
      'email:a@example.com',
      'IP Address:192.0.2.1',
      'URI:https://example.com/x',
    ]) {
      assert.ok(text.includes(name), name);
    }
    const x509 = x509Of(certificate);
    const made = world.server.now() - (world.server.now() % 1000);
    assert.equal(x509.validFromDate.getTime(), made - 600_000);
    const until = new Date(made);
    until.setUTCMonth(until.getUTCMonth() + 7);
    assert.equal(x509.validToDate.getTime(), until.getTime());
    assert.equal(certificate['attributes']?.['exp'], until.getTime() / 1000);
    assert.equal(certificate['policy']?.['issuer']?.['name'], 'Self');
  });

  test('is made again as another version, and the earlier ones stay readable', async () => {
    const first = await world.issued('versions', selfSigned('CN=1'));
    const begun = await world.ok('POST', '/certificates/versions/create', { policy: selfSigned('CN=2') }, 202);
    assert.equal(versionOf(await world.ok('GET', '/certificates/versions')), versionOf(first));
    await world.pass(issueMs);
    const second = await world.ok('GET', '/certificates/versions');
    assert.notEqual(versionOf(second), versionOf(first));
    assert.equal(x509Of(second).subject, 'CN=2');
    assert.notEqual(begun['csr'], undefined);
    const { pending: _, policy: __, ...was } = members(first);
    assert.deepEqual(await world.ok('GET', `/certificates/versions/${versionOf(first)}`), was);
    const listed = items(await world.ok('GET', '/certificates/versions/versions'));
    assert.deepEqual(
      listed.map(versionOf),
      [versionOf(first), versionOf(second)].toSorted((a, b) => (a < b ? -1 : 1)),
    );
    for (const version of [first, second]) {
      const key = await world.ok('GET', `/keys/versions/${versionOf(version)}`);
      const jwk = x509Of(version).publicKey.export({ format: 'jwk' });
      assert.deepEqual([key['key']?.['x'], key['key']?.['y']], [jwk.x, jwk.y]);
      assert.equal((await world.ok('GET', `/secrets/versions/${versionOf(version)}`))['kid'], version['kid']);
    }
    // Without a policy it is made like the version before.
    await world.ok('POST', '/certificates/versions/create', {}, 202);
    await world.pass(issueMs);
    assert.equal(x509Of(await world.ok('GET', '/certificates/versions')).subject, 'CN=2');
  });

  test('is in the lists when it is issued, and earlier with includePending', async () => {
    await world.ok('POST', '/certificates/listed/create', { policy: selfSigned('CN=l') }, 202);
    const id = `${world.origin}/certificates/listed`;
    const ids = async (path: string) => items(await world.ok('GET', path)).map((item) => String(item['id']));
    assert.ok(!(await ids('/certificates')).includes(id));
    assert.ok(!(await ids('/certificates?includePending=false')).includes(id));
    assert.ok((await ids('/certificates?includePending=true')).includes(id));
    assert.deepEqual(await ids('/certificates/listed/versions'), []);
    // Also page by page.
    const found: Json[] = [];
    let next = `${world.origin}/certificates?api-version=7.4&maxresults=1&includePending=true`;
    while (next !== 'null') {
      const page = await world.server.client.send(next, { token: await world.server.client.token('vault') });
      found.push(...items(page.body));
      next = String(page.body['nextLink']);
    }
    assert.ok(found.some((item) => item['id'] === id));
    await world.pass(issueMs);
    const certificate = await world.ok('GET', '/certificates/listed');
    const { recoveryLevel, recoverableDays, ...attributes } = members(certificate['attributes']);
    assert.deepEqual([recoveryLevel, recoverableDays], ['Recoverable+Purgeable', 90]);
    const item = { x5t: certificate['x5t'], attributes, subject: '' };
    const listed = items(await world.ok('GET', '/certificates')).find((one) => one['id'] === id);
    assert.deepEqual(listed, { id, ...item });
    const versions = await world.ok('GET', '/certificates/listed/versions');
    assert.deepEqual(items(versions), [{ id: certificate['id'], ...item }]);
    const deleted = await world.ok('DELETE', '/certificates/listed');
    await world.pass(transitionMs);
    const gone = items(await world.ok('GET', '/deletedcertificates')).find((one) => one['id'] === id);
    const { recoveryId, deletedDate, scheduledPurgeDate } = members(deleted);
    const { subject: _, ...shown } = item;
    assert.deepEqual(gone, { id, recoveryId, deletedDate, scheduledPurgeDate, ...shown });
  });
});

const keys = [
  { kty: 'RSA', key_size: 2048 },
  { kty: 'RSA', key_size: 3072 },
  { kty: 'EC', crv: 'P-256' },
  { kty: 'EC', crv: 'P-384' },
  { kty: 'EC', crv: 'P-521' },
  { kty: 'EC', crv: 'P-256K' },
];

suite('its secret', () => {
  for (const key of keys) {
    const title = Object.values(key).join(' ');
    const name = title.replaceAll(' ', '-');

    test(`of ${title} is a PKCS #12 file that openssl opens`, async () => {
      using openssl = new OpensslFolder();
      const certificate = await world.issued(`p12-${name}`, { ...selfSigned(`CN=${name}`), key_props: key });
      const secret = await world.ok('GET', `/secrets/p12-${name}`);
      assert.equal(secret['contentType'], 'application/x-pkcs12');
      openssl.write('c.p12', Buffer.from(String(secret['value']), 'base64'));
      await openssl.run('pkcs12', '-in', 'c.p12', '-passin', 'pass:', '-nodes', '-out', 'all.pem');
      openssl.certificate('c.pem', certificate['cer']);
      const fromKey = await openssl.run('pkey', '-in', 'all.pem', '-pubout');
      assert.equal(await openssl.run('x509', '-in', 'c.pem', '-noout', '-pubkey'), fromKey);
      const fingerprint = await openssl.run('x509', '-in', 'all.pem', '-noout', '-fingerprint');
      assert.equal(await openssl.run('x509', '-in', 'c.pem', '-noout', '-fingerprint'), fingerprint);
      assert.equal(await openssl.run('verify', '-no_check_time', '-CAfile', 'c.pem', 'c.pem'), 'c.pem: OK\n');
    });

    test(`of ${title} is a PEM file with key and certificate if the policy says so`, async () => {
      using openssl = new OpensslFolder();
      const policy = {
        ...selfSigned(`CN=${name}`),
        key_props: key,
        secret_props: { contentType: 'application/x-pem-file' },
      };
      const certificate = await world.issued(`pem-${name}`, policy);
      const secret = await world.ok('GET', `/secrets/pem-${name}`);
      assert.equal(secret['contentType'], 'application/x-pem-file');
      assert.match(
        String(secret['value']),
        /^-----BEGIN PRIVATE KEY-----\n[^-]+-----END PRIVATE KEY-----\n-----BEGIN CERTIFICATE-----\n/,
      );
      openssl.write('all.pem', String(secret['value']));
      openssl.certificate('c.pem', certificate['cer']);
      const fromKey = await openssl.run('pkey', '-in', 'all.pem', '-pubout');
      assert.equal(await openssl.run('x509', '-in', 'c.pem', '-noout', '-pubkey'), fromKey);
    });
  }

  for (const [contentType, isKeyless] of [
    ['application/x-pkcs12', false],
    ['application/x-pem-file', true],
  ] as const) {
    test(`has only the certificate if the key is not exportable (${contentType})`, async () => {
      using openssl = new OpensslFolder();
      const name = `kept-${isKeyless ? 'pem' : 'p12'}`;
      const policy = {
        ...selfSigned('CN=kept'),
        key_props: { kty: 'EC', exportable: false },
        secret_props: { contentType },
      };
      const certificate = await world.issued(name, policy);
      const { value } = await world.ok('GET', `/secrets/${name}`).then(members);
      if (isKeyless) {
        openssl.write('all.pem', String(value));
      } else {
        openssl.write('c.p12', Buffer.from(String(value), 'base64'));
        await openssl.run('pkcs12', '-in', 'c.p12', '-passin', 'pass:', '-nodes', '-out', 'all.pem');
      }
      assert.doesNotMatch(openssl.read('all.pem').toString(), /PRIVATE KEY/);
      assert.ok(openssl.read('all.pem').toString().replaceAll('\n', '').includes(String(certificate['cer'])));
      const key = await world.ok('GET', `/keys/${name}`);
      assert.equal(key['attributes']?.['exportable'], false);
    });
  }

  test('does not have a key that is in an HSM', async () => {
    const policy = {
      ...selfSigned('CN=hsm'),
      key_props: { kty: 'EC-HSM' },
      secret_props: { contentType: 'application/x-pem-file' },
    };
    const certificate = await world.issued('hsm', policy);
    assert.deepEqual(certificate['policy']?.['key_props'], {
      exportable: false,
      kty: 'EC-HSM',
      key_size: 256,
      reuse_key: false,
      crv: 'P-256',
    });
    assert.equal((await world.ok('GET', '/keys/hsm'))['key']?.['kty'], 'EC-HSM');
    assert.doesNotMatch(String((await world.ok('GET', '/secrets/hsm'))['value']), /PRIVATE/);
    const wrong = { ...policy, key_props: { kty: 'EC-HSM', exportable: true } };
    const refused = await world.send('POST', '/certificates/hsm-2/create', { policy: wrong });
    assert.deepEqual(
      [refused.status, refused.body],
      [400, errorBody('BadParameter', 'key_props.exportable is true, but EC-HSM keys do not leave the HSM.')],
    );
  });

  test('shows its certificate, also in lists', async () => {
    const certificate = await world.issued('shown', selfSigned('CN=shown'), { tags: { t: '1' } });
    const { value: _, ...secret } = await world.ok('GET', '/secrets/shown').then(members);
    assert.deepEqual(secret, {
      id: certificate['sid'],
      contentType: 'application/x-pkcs12',
      attributes: certificate['attributes'],
      tags: { t: '1' },
      managed: true,
      kid: certificate['kid'],
    });
    const item = items(await world.ok('GET', '/secrets')).find((one) => String(one['id']).endsWith('/shown'));
    assert.equal(item?.['managed'], true);
    const key = items(await world.ok('GET', '/keys')).find((one) => String(one['kid']).endsWith('/shown'));
    assert.equal(key?.['managed'], true);
  });
});

suite('its key', () => {
  test('signs, and the certificate verifies', async () => {
    const certificate = await world.issued('signs', { ...selfSigned('CN=signs'), key_props: { kty: 'RSA' } });
    const data = Buffer.from('signed');
    const value = createHash('sha256').update(data).digest('base64url');
    const signed = await world.ok('POST', '/keys/signs/sign', { alg: 'RS256', value });
    assert.equal(signed['kid'], certificate['kid']);
    const { publicKey } = x509Of(certificate);
    assert.ok(verify('sha256', data, publicKey, Buffer.from(String(signed['value']), 'base64url')));
    const jwk = members((await world.ok('GET', '/keys/signs'))['key']);
    const { n, e } = publicKey.export({ format: 'jwk' });
    assert.deepEqual([jwk['n'], jwk['e'], jwk['kty'], jwk['d']], [n, e, 'RSA', undefined]);
  });

  test('and its secret are changed and deleted only through the certificate', async () => {
    await world.issued('managed', selfSigned('CN=managed'));
    const refused = async (operation: string, method: string, path: string, body?: unknown) => {
      const answer = await world.send(method, path, body);
      const managed = managedBody(operation, path.includes('keys') ? 'Key' : 'secret');
      assert.deepEqual([answer.status, answer.body], [403, managed], `${method} ${path}`);
    };
    const unchanged = await world.ok('GET', '/certificates/managed');
    await refused('set', 'PUT', '/secrets/managed', { value: 'v' });
    await refused('update', 'PATCH', '/secrets/managed', { attributes: { enabled: false } });
    await refused('delete', 'DELETE', '/secrets/managed');
    await refused('backup', 'POST', '/secrets/managed/backup');
    await refused('create', 'POST', '/keys/managed/create', { kty: 'EC' });
    await refused('update', 'PATCH', '/keys/managed', { attributes: { enabled: false } });
    await refused('rotate', 'POST', '/keys/managed/rotate');
    await refused('delete', 'DELETE', '/keys/managed');
    assert.deepEqual(await world.ok('GET', '/certificates/managed'), unchanged);
    await world.ok('DELETE', '/certificates/managed');
    await world.pass(transitionMs);
    for (const collection of ['keys', 'secrets']) {
      await refused('recover', 'POST', `/deleted${collection}/managed/recover`);
      await refused('purge', 'DELETE', `/deleted${collection}/managed`);
    }
  });

  test('and its secret cannot be used while the certificate is disabled, which can still be read', async () => {
    const certificate = await world.issued('disabled', selfSigned('CN=disabled'));
    const path = `/certificates/disabled/${versionOf(certificate)}`;
    const changed = await world.ok('PATCH', path, { attributes: { enabled: false }, tags: { why: 'leaked' } });
    assert.equal(changed['attributes']?.['enabled'], false);
    const secret = await world.send('GET', '/secrets/disabled');
    assert.deepEqual(
      [secret.status, secret.body],
      [403, errorBody('Forbidden', 'Operation get is not allowed on a disabled secret.', 'SecretDisabled')],
    );
    const value = Buffer.alloc(32).toString('base64url');
    assert.equal((await world.send('POST', '/keys/disabled/sign', { alg: 'ES256', value })).status, 403);
    const seen = await world.ok('GET', '/certificates/disabled');
    assert.equal(seen['cer'], certificate['cer']);
    assert.deepEqual(seen['tags'], { why: 'leaked' });
    await world.ok('PATCH', path, { attributes: { enabled: true } });
    assert.deepEqual((await world.ok('GET', '/secrets/disabled'))['tags'], { why: 'leaked' });
    assert.equal((await world.send('POST', '/keys/disabled/sign', { alg: 'ES256', value })).status, 200);
  });
});

suite('the name of a certificate', () => {
  test('is not the name of another key or secret, live or deleted', async () => {
    const taken = async (name: string, noun: string) => {
      const answer = await world.send('POST', `/certificates/${name}/create`, { policy: selfSigned('CN=n') });
      const message =
        `A ${noun} named ${name} exists or is soft-deleted, and a certificate needs its name for a key and a secret of its ` +
        'own. Use another name, or delete and purge the other object first.';
      assert.deepEqual([answer.status, answer.body], [409, errorBody('Conflict', message)]);
    };
    await world.ok('PUT', '/secrets/taken', { value: 'v' });
    await taken('taken', 'secret');
    await world.ok('DELETE', '/secrets/taken');
    await world.pass(transitionMs);
    await taken('taken', 'secret');
    await world.ok('DELETE', '/deletedsecrets/taken', undefined, 204);
    const early = await world.send('POST', '/certificates/taken/create', { policy: selfSigned('CN=n') });
    const message = 'Secret taken is currently being deleted and cannot be re-created; retry later.';
    assert.deepEqual([early.status, early.body], [409, errorBody('Conflict', message, 'ObjectIsBeingDeleted')]);
    await world.pass(transitionMs);
    await world.ok('POST', '/keys/taken/create', { kty: 'EC' });
    await taken('taken', 'key');
    await world.ok('DELETE', '/keys/taken');
    await world.pass(transitionMs);
    await world.ok('DELETE', '/deletedkeys/taken', undefined, 204);
    await world.pass(transitionMs);
    await world.issued('taken', selfSigned('CN=free'));
  });

  test('is taken as soon as the operation begins', async () => {
    await world.ok('POST', '/certificates/early/create', { policy: selfSigned('CN=early') }, 202);
    assert.equal((await world.send('PUT', '/secrets/early', { value: 'v' })).status, 403);
    assert.equal((await world.send('POST', '/keys/early/create', { kty: 'EC' })).status, 403);
  });
});

suite('a deleted certificate', () => {
  const seen = (name: string, deleted: '' | 'deleted') =>
    Promise.all(
      ['certificates', 'keys', 'secrets'].map(
        async (kind) => (await world.send('GET', `/${deleted}${kind}/${name}`)).status,
      ),
    );

  test('is deleted and recovered with its key and its secret', async () => {
    const certificate = await world.issued('gone', selfSigned('CN=gone'));
    await world.issued('gone', selfSigned('CN=gone'));
    const deleted = await world.ok('DELETE', '/certificates/gone');
    assert.equal(deleted['recoveryId'], `${world.origin}/deletedcertificates/gone`);
    assert.deepEqual(await seen('gone', ''), [404, 404, 404]);
    assert.deepEqual(await seen('gone', 'deleted'), [404, 404, 404]);
    const early = await world.send('POST', '/deletedcertificates/gone/recover');
    assert.deepEqual(
      [early.status, early.body],
      [409, errorBody('Conflict', 'Certificate is currently being deleted.', 'ObjectIsBeingDeleted')],
    );
    await world.pass(transitionMs);
    assert.deepEqual(await seen('gone', 'deleted'), [200, 200, 200]);
    assert.deepEqual(await world.ok('GET', '/deletedcertificates/gone'), deleted);
    const listed = items(await world.ok('GET', '/deletedcertificates')).map((item) => item['recoveryId']);
    assert.ok(listed.includes(deleted['recoveryId']));
    const again = await world.send('POST', '/certificates/gone/create', { policy: selfSigned('CN=again') });
    assert.equal(again.body['error']?.['innererror']?.['code'], 'ObjectIsDeletedButRecoverable');

    await world.ok('POST', '/deletedcertificates/gone/recover');
    assert.deepEqual(await seen('gone', ''), [404, 404, 404]);
    await world.pass(transitionMs);
    assert.deepEqual(await seen('gone', ''), [200, 200, 200]);
    await world.ok('GET', `/certificates/gone/${versionOf(certificate)}`);
    await world.ok('GET', `/secrets/gone/${versionOf(certificate)}`);
    await world.ok('GET', `/keys/gone/${versionOf(certificate)}`);
  });

  test('is purged with them', async () => {
    await world.issued('purged', selfSigned('CN=purged'));
    await world.ok('DELETE', '/certificates/purged');
    await world.pass(transitionMs);
    await world.ok('DELETE', '/deletedcertificates/purged', undefined, 204);
    assert.deepEqual(await seen('purged', 'deleted'), [404, 404, 404]);
    assert.deepEqual(await seen('purged', ''), [404, 404, 404]);
    await world.pass(transitionMs);
    await world.ok('PUT', '/secrets/purged', { value: 'an ordinary one' });
  });

  test('is purged with them automatically when its retention is over', async () => {
    await world.issued('retained', selfSigned('CN=retained'));
    await world.ok('DELETE', '/certificates/retained');
    await world.pass(90 * dayMs - 1000);
    assert.deepEqual(await seen('retained', 'deleted'), [200, 200, 200]);
    await world.pass(2000);
    assert.deepEqual(await seen('retained', 'deleted'), [404, 404, 404]);
    const purges = (await world.records()).filter(({ properties }) => properties.id?.endsWith('/retained'));
    assert.deepEqual(
      purges.map(({ operationName }) => operationName).filter((name) => name.endsWith('Purge')),
      ['CertificatePurge'],
    );
    await world.ok('PUT', '/secrets/retained', { value: 'an ordinary one' });
  });

  test('that was never issued has no key and no secret', async () => {
    await world.ok('POST', '/certificates/never/create', { policy: selfSigned('CN=never') }, 202);
    await world.ok('DELETE', '/certificates/never');
    await world.pass(transitionMs);
    assert.deepEqual(await seen('never', 'deleted'), [200, 404, 404]);
    assert.deepEqual(
      items(await world.ok('GET', '/deletedcertificates')).filter((item) => /never/.test(String(item['id']))),
      [],
    );
    assert.equal(
      items(await world.ok('GET', '/deletedcertificates?includePending=true')).filter((item) =>
        /never/.test(String(item['id'])),
      ).length,
      1,
    );
    await world.ok('POST', '/deletedcertificates/never/recover');
    await world.pass(transitionMs);
    const never = await world.ok('GET', '/certificates/never');
    assert.deepEqual([never['cer'], never['attributes']?.['enabled']], [undefined, false]);
  });
});

test('a certificate cannot be enabled before it is issued, nor given other times', async () => {
  await world.ok('POST', '/certificates/early-2/create', { policy: selfSigned('CN=e') }, 202);
  const wrong = await world.send('PATCH', '/certificates/early-2', { attributes: { enabled: true } });
  assert.deepEqual(
    [wrong.status, wrong.body],
    [400, errorBody('BadParameter', 'attributes.enabled is true, but the certificate is not issued yet.')],
  );
  await world.pass(issueMs);
  const { exp, nbf } = members((await world.ok('GET', '/certificates/early-2'))['attributes']);
  // The client may send back what it received.
  await world.ok('PATCH', '/certificates/early-2', { attributes: { exp, nbf, enabled: true } });
});

test('no key and no secret value is ever in the audit log', async () => {
  await world.issued('silent', { ...selfSigned('CN=silent'), secret_props: { contentType: 'application/x-pem-file' } });
  const { value } = await world.ok('GET', '/secrets/silent').then(members);
  const [, line = ''] = String(value).split('\n');
  assert.equal(line.length, 64);
  assert.ok(!auditText(world.server.folder.path).includes(line));
  const record = (await world.records()).findLast(({ operationName }) => operationName === 'CertificateEnroll');
  assert.equal(record?.properties['ended'], 'issued');
  assert.equal(record?.properties.id, `${world.origin}/certificates/silent`);
});
