import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, before, suite, test } from 'node:test';
import { selfSign } from '../../src/crypto/certificates/issue.ts';
import { ecKey, OpensslFolder, signedByOpenssl } from './certificate-files.ts';
import { certificateWorld, dayMs, issueMs, selfSigned, versionOf } from './certificate-world.ts';
import type { CertificateWorld } from './certificate-world.ts';
import { auditText, errorBody, items, members, transitionMs } from './vaults.ts';
import type { Json } from '../world/client.ts';

let world: CertificateWorld;

before(async () => {
  world = await certificateWorld('kv-pending');
});

after(() => world[Symbol.asyncDispose]());

async function refuses(
  method: string,
  path: string,
  body: unknown,
  expected: readonly [status: number, body: unknown],
) {
  const answer = await world.send(method, path, body);
  assert.deepEqual([answer.status, answer.body], expected, `${method} ${path}`);
}

const notFound = (name: string) =>
  [404, errorBody('PendingCertificateNotFound', `Pending certificate not found: ${name}`)] as const;

function begin(name: string, policy: object = selfSigned(`CN=${name}`), more: object = {}): Promise<Json> {
  return world.ok('POST', `/certificates/${name}/create`, { policy, ...more }, 202);
}

suite('an operation', () => {
  test('is cancelled on request, when it would have been issued', async () => {
    const begun = await begin('cancelled');
    const asked = await world.ok('PATCH', '/certificates/cancelled/pending', { cancellation_requested: true });
    assert.deepEqual(asked, { ...members(begun), cancellation_requested: true });
    await world.pass(issueMs);
    const { status_details: _, ...kept } = members(asked);
    assert.deepEqual(await world.ok('GET', '/certificates/cancelled/pending'), { ...kept, status: 'cancelled' });
    const certificate = await world.ok('GET', '/certificates/cancelled');
    assert.deepEqual([certificate['cer'], certificate['attributes']?.['enabled']], [undefined, false]);
    assert.equal((await world.send('GET', '/secrets/cancelled')).status, 403);
    const record = (await world.records()).findLast(({ operationName }) => operationName === 'CertificateEnroll');
    assert.equal(record?.properties['ended'], 'cancelled');
  });

  test('continues if the cancellation is withdrawn in time', async () => {
    await begin('back');
    for (const cancellation_requested of [true, false]) {
      await world.ok('PATCH', '/certificates/back/pending', { cancellation_requested });
    }
    await world.pass(issueMs);
    assert.equal((await world.ok('GET', '/certificates/back/pending'))['status'], 'completed');
  });

  test('that is over cannot be changed any more', async () => {
    await world.issued('over', selfSigned('CN=over'));
    await refuses('PATCH', '/certificates/over/pending', { cancellation_requested: true }, [
      403,
      errorBody('Forbidden', 'Pending status must be in progress to allow update.'),
    ]);
  });

  test('that is deleted makes no certificate, and leaves its pending version', async () => {
    const begun = await begin('deleted');
    assert.deepEqual(await world.ok('DELETE', '/certificates/deleted/pending'), begun);
    await refuses('GET', '/certificates/deleted/pending', undefined, notFound('deleted'));
    await refuses('DELETE', '/certificates/deleted/pending', undefined, notFound('deleted'));
    await refuses('PATCH', '/certificates/deleted/pending', { cancellation_requested: true }, notFound('deleted'));
    await world.pass(issueMs);
    const certificate = await world.ok('GET', '/certificates/deleted');
    assert.deepEqual([certificate['cer'], certificate['pending']], [undefined, undefined]);
    // The due work of the deleted operation does not end the next one early.
    await begin('deleted');
    await world.server.server.scheduler.runDue();
    assert.equal((await world.ok('GET', '/certificates/deleted/pending'))['status'], 'inProgress');
    await world.pass(issueMs);
    assert.notEqual((await world.ok('GET', '/certificates/deleted'))['cer'], undefined);
    assert.equal(items(await world.ok('GET', '/certificates/deleted/versions')).length, 1);
  });

  test('is deleted and recovered with its certificate, and is cancelled if it was in progress', async () => {
    const begun = await begin('with');
    const pending = { id: `${world.origin}/certificates/with/pending` };
    const hidden = async () => {
      await refuses('GET', '/certificates/with/pending', undefined, notFound('with'));
      await refuses('PATCH', '/certificates/with/pending', { cancellation_requested: true }, notFound('with'));
      await refuses('DELETE', '/certificates/with/pending', undefined, notFound('with'));
    };
    assert.deepEqual(members((await world.ok('DELETE', '/certificates/with'))['pending']), pending);
    await hidden();
    await world.pass(Math.max(issueMs, transitionMs));
    await hidden();
    const deleted = await world.ok('GET', '/deletedcertificates/with');
    assert.deepEqual([deleted['cer'], members(deleted['pending'])], [undefined, pending]);
    const recovered = await world.ok('POST', '/deletedcertificates/with/recover');
    assert.deepEqual(members(recovered['pending']), pending);
    await hidden();
    await world.pass(Math.max(issueMs, transitionMs));
    const { status_details: _, ...kept } = members(begun);
    const cancelled = { ...kept, cancellation_requested: true, status: 'cancelled' };
    assert.deepEqual(await world.ok('GET', '/certificates/with/pending'), cancelled);
    assert.equal((await world.ok('GET', '/certificates/with'))['cer'], undefined);

    await world.issued('with', selfSigned('CN=with'));
    const completed = await world.ok('GET', '/certificates/with/pending');
    await world.ok('DELETE', '/certificates/with');
    await world.pass(transitionMs);
    await world.ok('POST', '/deletedcertificates/with/recover');
    await world.pass(transitionMs);
    assert.deepEqual(await world.ok('GET', '/certificates/with/pending'), completed);
  });

  for (const [name, purge] of [
    ['purged', () => world.ok('DELETE', '/deletedcertificates/purged', undefined, 204)],
    ['retained', () => world.pass(91 * dayMs)],
  ] as const) {
    test(`is gone with its certificate when that is ${name === 'purged' ? name : 'purged by itself'}`, async () => {
      using openssl = new OpensslFolder();
      const policy = selfSigned('CN=a', { issuer: { name: 'Unknown' } });
      const { leaf } = await signedByOpenssl(openssl, (await begin(name, policy))['csr']);
      const { value } = members(await world.ok('POST', `/certificates/${name}/backup`));
      await world.ok('DELETE', `/certificates/${name}`);
      await world.pass(transitionMs);
      const merge = ['POST', `/certificates/${name}/pending/merge`, { x5c: [leaf] }, notFound(name)] as const;
      await refuses(...merge);
      await purge();
      await world.pass(transitionMs);
      await world.ok('POST', '/certificates/restore', { value });
      assert.equal((await world.ok('GET', `/certificates/${name}`))['pending'], undefined);
      await refuses('GET', `/certificates/${name}/pending`, undefined, notFound(name));
      await refuses(...merge);
    });
  }

  test('makes a certificate with the tags that were set while it was pending', async () => {
    await begin('tagged', undefined, { tags: { at: 'creation' } });
    await world.ok('PATCH', '/certificates/tagged', { tags: { at: 'update' } });
    await world.pass(issueMs);
    for (const path of ['/certificates/tagged', '/keys/tagged', '/secrets/tagged']) {
      assert.deepEqual(members((await world.ok('GET', path))['tags']), { at: 'update' });
    }
    // A next version has the tags of its operation: the update was of the version before.
    await begin('tagged', undefined, { tags: { at: 'renewal' } });
    await world.ok('PATCH', '/certificates/tagged', { tags: { at: 'another update' } });
    await world.pass(issueMs);
    assert.deepEqual(members((await world.ok('GET', '/certificates/tagged'))['tags']), { at: 'renewal' });
  });

  test('frees its name while its certificate is deleted, which then cannot be recovered', async () => {
    await begin('contested', selfSigned('CN=c', { issuer: { name: 'Unknown' } }));
    const { value } = members(await world.ok('POST', '/certificates/contested/backup'));
    await world.ok('DELETE', '/certificates/contested');
    await world.pass(transitionMs);
    await world.ok('PUT', '/secrets/contested', { value: 'v' });
    const message =
      'A secret named contested exists or is soft-deleted, and a certificate needs its name for a key and a secret of its own. ' +
      'Use another name, or delete and purge the other object first.';
    const recover = ['POST', '/deletedcertificates/contested/recover', undefined] as const;
    await refuses(...recover, [409, errorBody('Conflict', message)]);
    await world.ok('DELETE', '/secrets/contested');
    await world.pass(transitionMs);
    await refuses(...recover, [409, errorBody('Conflict', message)]);
    await world.ok('DELETE', '/deletedcertificates/contested', undefined, 204);
    await world.pass(transitionMs);
    await refuses('POST', '/certificates/restore', { value }, [409, errorBody('Conflict', message)]);
    await world.ok('DELETE', '/deletedsecrets/contested', undefined, 204);
    await world.pass(transitionMs);
    await world.ok('POST', '/certificates/restore', { value });
    assert.equal((await world.send('PUT', '/secrets/contested', { value: 'v' })).status, 403);
  });

  test('is the only one of its name, until it is over', async () => {
    await begin('single');
    const message =
      "A new key vault certificate can not be created or imported while a pending key vault certificate's status is inProgress.";
    const taken = [409, errorBody('Forbidden', message)] as const;
    await refuses('POST', '/certificates/single/create', { policy: selfSigned('CN=2') }, taken);
    await refuses('POST', '/certificates/single/import', { value: 'AAAA' }, taken);
    await world.pass(issueMs);
    await begin('single');
  });

  test('is found only by its own id, if the request has one', async () => {
    const begun = await begin('by-id');
    const id = String(begun['request_id']);
    assert.deepEqual(await world.ok('GET', `/certificates/by-id/pending?request_id=${id}`), begun);
    const other = '0'.repeat(32);
    for (const method of ['GET', 'DELETE']) {
      await refuses(method, `/certificates/by-id/pending?request_id=${other}`, undefined, notFound('by-id'));
    }
    await world.ok('DELETE', `/certificates/by-id/pending?request_id=${id}`);
  });

  test('begins once, even if many requests start it at the same time', async () => {
    const answers = await Promise.all(
      Array.from({ length: 4 }, () => world.send('POST', '/certificates/many/create', { policy: selfSigned('CN=m') })),
    );
    assert.deepEqual(
      answers.map(({ status }) => status).toSorted((a, b) => a - b),
      [202, 409, 409, 409],
    );
    await world.pass(issueMs);
    assert.equal(items(await world.ok('GET', '/certificates/many/versions')).length, 1);
  });
});

suite('a certificate that another authority signs', () => {
  const elsewhere = (subject: string) => ({
    key_props: { kty: 'RSA' },
    secret_props: { contentType: 'application/x-pem-file' },
    x509_props: { subject, sans: { dns_names: ['merged.example.com'] } },
  });

  test('waits for its merge for any length of time, and then has the whole chain', async () => {
    using openssl = new OpensslFolder();
    const begun = await begin('merged', elsewhere('CN=merged'), { tags: { a: '1' } });
    assert.equal(begun['issuer']?.['name'], 'Unknown');
    const details = 'Pending certificate created. Please Perform Merge to complete the request.';
    assert.equal(begun['status_details'], details);
    await world.pass(30 * 60_000);
    assert.deepEqual(await world.ok('GET', '/certificates/merged/pending'), begun);
    const { leaf, ca } = await signedByOpenssl(openssl, begun['csr']);
    const answer = await world.send('POST', '/certificates/merged/pending/merge', {
      x5c: [leaf, ca],
      tags: { b: '2' },
    });
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
    assert.equal(answer.headers.location, `${world.origin}/certificates/merged?api-version=7.4`);
    const merged = await world.ok('GET', '/certificates/merged');
    assert.deepEqual(answer.body, merged);
    assert.equal(merged['cer'], leaf);
    assert.deepEqual(merged['tags'], { b: '2' });
    assert.deepEqual(merged['policy']?.['lifetime_actions'], [
      { trigger: { lifetime_percentage: 80 }, action: { action_type: 'EmailContacts' } },
    ]);
    const pending = await world.ok('GET', '/certificates/merged/pending');
    assert.deepEqual([pending['status'], pending['target']], ['completed', `${world.origin}/certificates/merged`]);
    const secret = await world.ok('GET', `/secrets/merged/${versionOf(merged)}`);
    openssl.write('all.pem', String(secret['value']));
    const verified = ['verify', '-no_check_time', '-CAfile', 'ca.pem', 'all.pem'];
    assert.equal(await openssl.run(...verified), 'all.pem: OK\n');
    assert.equal(String(secret['value']).split('BEGIN CERTIFICATE').length, 3);
    const fromKey = await openssl.run('pkey', '-in', 'all.pem', '-pubout');
    assert.equal(await openssl.run('x509', '-in', 'leaf.pem', '-noout', '-pubkey'), fromKey);
    await refuses('POST', '/certificates/merged/pending/merge', { x5c: [leaf] }, [
      403,
      errorBody('Forbidden', 'Merge is forbidden on a pending object that is completed; create another version first.'),
    ]);
  });

  const lines = (der: string) => der.match(/.{1,64}/g) ?? [];
  const inBase64: readonly (readonly [string, (der: string) => string])[] = [
    ['of its base64', (der) => der],
    ['of its lines in PEM, the last with them', (der) => [...lines(der), '-----END CERTIFICATE-----'].join('')],
    ['of its lines in PEM without spaces', (der) => `-----BEGINCERTIFICATE-----${der}-----ENDCERTIFICATE-----`],
    ['of PEM', (der) => ['-----BEGIN CERTIFICATE-----', ...lines(der), '-----END CERTIFICATE-----', ''].join('\n')],
  ];
  for (const [index, [what, written]] of inBase64.entries()) {
    test(`is merged with a certificate as base64 ${what}, as clients encode it`, async () => {
      using openssl = new OpensslFolder();
      const begun = await begin(`encoded-${index}`, elsewhere('CN=encoded'));
      const { leaf } = await signedByOpenssl(openssl, begun['csr']);
      const x5c = [Buffer.from(written(leaf)).toString('base64')];
      const merged = await world.ok('POST', `/certificates/encoded-${index}/pending/merge`, { x5c }, 201);
      assert.equal(merged['cer'], leaf);
    });
  }

  test('is merged only with a certificate for its own key', async () => {
    using openssl = new OpensslFolder();
    const wanted = await begin('fits', elsewhere('CN=fits'));
    const other = await begin('fits-not', elsewhere('CN=fits'));
    const { leaf } = await signedByOpenssl(openssl, other['csr']);
    const message = 'Unable to parse X5c certificate chain and locate leaf certificate';
    const refused = [400, errorBody('BadParameter', message)] as const;
    await refuses('POST', '/certificates/fits/pending/merge', { x5c: [leaf] }, refused);
    assert.deepEqual(await world.ok('GET', '/certificates/fits/pending'), wanted);
    await refuses('POST', '/certificates/nothing/pending/merge', { x5c: [leaf] }, notFound('nothing'));
  });

  test('is not merged with unreadable certificates, nor with more than an import may have', async () => {
    using openssl = new OpensslFolder();
    const begun = await begin('chained', elsewhere('CN=chained'));
    const { leaf, ca } = await signedByOpenssl(openssl, begun['csr']);
    const merge = '/certificates/chained/pending/merge';
    const garbage = Buffer.from([0x30, 0x01, 0x00]).toString('base64');
    const unread =
      'This is not a chain of certificates that can be read: the certificate is missing where the certificate should have it.';
    await refuses('POST', merge, { x5c: [leaf, garbage] }, [400, errorBody('BadParameter', unread)]);
    const others: string[] = [];
    for (let n = 0; n < 50; n += 1) {
      const validity = { notBefore: 0, notAfter: 4_000_000_000, serial: Buffer.from([n + 1]) };
      const signed = await selfSign(ecKey(), { subject: `CN=${n}`, ekus: [], keyUsage: [], ...validity });
      assert.ok(signed.ok);
      others.push(Buffer.from(signed.value).toString('base64'));
    }
    const message = 'The chain of certificates holds 51 certificates; at most 50 are read.';
    await refuses('POST', merge, { x5c: [leaf, ...others] }, [400, errorBody('BadParameter', message)]);
    assert.deepEqual(await world.ok('GET', '/certificates/chained/pending'), begun);
    // The same certificate twice counts once.
    const x5c = [leaf, ca, leaf, ca, ...others.slice(2)];
    await world.ok('POST', merge, { x5c }, 201);
    const { value } = members(await world.ok('GET', '/secrets/chained'));
    const written = String(value).matchAll(/BEGIN CERTIFICATE-----\n([^-]+)-/g);
    const found = Array.from(written, ([, body = '']) => body.replaceAll('\n', ''));
    assert.deepEqual(found, [leaf, ca, ...others.slice(2)]);
  });

  test('is cancelled like any other, a moment later', async () => {
    await begin('given-up', elsewhere('CN=given-up'));
    await world.pass(60_000);
    await world.ok('PATCH', '/certificates/given-up/pending', { cancellation_requested: true });
    await world.pass(issueMs - 1);
    assert.equal((await world.ok('GET', '/certificates/given-up/pending'))['status'], 'inProgress');
    await world.pass(1);
    assert.equal((await world.ok('GET', '/certificates/given-up/pending'))['status'], 'cancelled');
  });

  test('may replace one that its issuer failed to make, but not while the issuer works', async () => {
    using openssl = new OpensslFolder();
    const begun = await begin('instead', selfSigned('CN=instead'));
    const { leaf } = await signedByOpenssl(openssl, begun['csr']);
    await refuses('POST', '/certificates/instead/pending/merge', { x5c: [leaf] }, [
      403,
      errorBody('Forbidden', 'Merge is forbidden on pending object created with issuer : Self while it is in progess.'),
    ]);
    await world.ok('PATCH', '/certificates/instead/pending', { cancellation_requested: true });
    await world.pass(issueMs);
    const merged = await world.ok('POST', '/certificates/instead/pending/merge', { x5c: [leaf] }, 201);
    assert.deepEqual([merged['cer'], merged['attributes']?.['enabled']], [leaf, true]);
  });
});

suite('an issuer', () => {
  const policy = (issuer: string, more: object = {}) => ({
    issuer: { name: issuer, cty: 'OV-SSL', cert_transparency: true },
    key_props: { kty: 'EC' },
    secret_props: { contentType: 'application/x-pem-file' },
    x509_props: { subject: 'CN=www.example.com', sans: { dns_names: ['www.example.com'] } },
    ...more,
  });

  test('of the provider Test signs with an authority of this server, which is in the chain', async () => {
    using openssl = new OpensslFolder();
    await world.ok('PUT', '/certificates/issuers/ours', {
      provider: 'test',
      credentials: { account_id: 'a', pwd: 'p' },
    });
    const authorities: string[] = [];
    for (const name of ['ours-1', 'ours-2']) {
      const certificate = await world.issued(name, policy('ours'));
      assert.deepEqual(certificate['policy']?.['issuer'], { name: 'ours', cty: 'OV-SSL', cert_transparency: true });
      assert.deepEqual((await world.ok('GET', `/certificates/${name}/pending`))['issuer'], { name: 'ours' });
      const { value } = members(await world.ok('GET', `/secrets/${name}`));
      const [, leaf = '', authority = ''] = String(value).split(/(?=-----BEGIN CERTIFICATE)/);
      openssl.write('leaf.pem', leaf);
      openssl.write('authority.pem', authority);
      const host = ['-purpose', 'sslserver', '-verify_hostname', 'www.example.com'];
      const verified = await openssl.run('verify', '-no_check_time', ...host, '-CAfile', 'authority.pem', 'leaf.pem');
      assert.equal(verified, 'leaf.pem: OK\n');
      openssl.certificate('cer.pem', certificate['cer']);
      assert.equal(openssl.read('cer.pem').toString(), leaf);
      authorities.push(authority);
    }
    assert.equal(authorities[0], authorities[1]);
  });

  test('of the provider Test signs no certificate that outlives its own', async () => {
    await world.ok('PUT', '/certificates/issuers/brief', { provider: 'Test' });
    const untilOf = async (name: string, validity_months: number) => {
      const x509_props = { subject: 'CN=brief', validity_months };
      const certificate = await world.issued(name, policy('brief', { x509_props }));
      const { value } = members(await world.ok('GET', `/secrets/${name}`));
      const [, ...chain] = String(value).split(/(?=-----BEGIN CERTIFICATE)/);
      const [leaf, authority] = chain.map((pem) => new X509Certificate(pem).validToDate.getTime());
      assert.equal(Number(certificate['attributes']?.['exp']) * 1000, leaf);
      return { leaf: Number(leaf), authority: Number(authority) };
    };
    const long = await untilOf('brief-1', 1200);
    assert.equal(long.leaf, long.authority);
    const short = await untilOf('brief-2', 12);
    assert.ok(short.leaf < short.authority - 8 * 365 * dayMs);
  });

  test('of another provider is stored but cannot issue', async () => {
    await world.ok('PUT', '/certificates/issuers/theirs', { provider: 'DigiCert' });
    const message =
      "The issuer 'theirs' is of the provider DigiCert, which cannot be reached from here. Use an issuer of the provider " +
      "Test, or 'Unknown' and merge the certificate that the provider gives you.";
    await refuses('POST', '/certificates/theirs/create', { policy: policy('theirs') }, [
      400,
      errorBody('BadParameter', message),
    ]);
    assert.equal((await world.send('GET', '/certificates/theirs')).status, 404);
  });

  test('that is disabled does not issue', async () => {
    await world.ok('PUT', '/certificates/issuers/resting', { provider: 'Test', attributes: { enabled: false } });
    const refused = [400, errorBody('BadParameter', "The issuer 'resting' is disabled.")] as const;
    await refuses('POST', '/certificates/resting/create', { policy: policy('resting') }, refused);
  });

  test('that is deleted meanwhile leaves a failed operation, which says why', async () => {
    await world.ok('PUT', '/certificates/issuers/going', { provider: 'Test' });
    await begin('left', policy('going'));
    await world.ok('DELETE', '/certificates/issuers/going');
    await world.pass(issueMs);
    const pending = await world.ok('GET', '/certificates/left/pending');
    assert.equal(pending['status'], 'failed');
    const error = { code: 'Request rejected', message: "The issuer 'going' does not exist any more." };
    assert.deepEqual(pending['error'], error);
  });

  test('is returned without its password, which is nowhere else either', async () => {
    const issuer = {
      provider: 'GlobalSign',
      credentials: { account_id: 'account', pwd: 'pass-1234' },
      org_details: {
        id: 'org',
        admin_details: [{ first_name: 'A', last_name: 'B', email: 'a@b.example', phone: '1' }],
      },
      attributes: { enabled: true },
    };
    const set = await world.ok('PUT', '/certificates/issuers/Kept', issuer);
    const now = Math.floor(world.server.now() / 1000);
    assert.deepEqual(set, {
      ...issuer,
      org_details: { ...issuer.org_details, zip: 0 },
      id: `${world.origin}/certificates/issuers/Kept`,
      credentials: { account_id: 'account' },
      attributes: { enabled: true, created: now, updated: now },
    });
    await world.pass(5000);
    const updated = await world.ok('PATCH', '/certificates/issuers/kept', { credentials: { account_id: 'other' } });
    const attributes = { enabled: true, created: now, updated: now + 5 };
    assert.deepEqual(updated, { ...members(set), credentials: { account_id: 'other' }, attributes });
    assert.deepEqual(await world.ok('GET', '/certificates/issuers/KEPT'), updated);
    const listed = items(await world.ok('GET', '/certificates/issuers')).find((item) => item['id'] === set['id']);
    assert.deepEqual(listed, { id: set['id'], provider: 'GlobalSign' });
    assert.deepEqual(await world.ok('DELETE', '/certificates/issuers/kept'), updated);
    assert.ok(!auditText(world.server.folder.path).includes('pass-1234'));
    const missing = [404, errorBody('CertificateIssuerNotFound', 'Issuer not found')] as const;
    await refuses('GET', '/certificates/issuers/kept', undefined, missing);
    await refuses('PATCH', '/certificates/issuers/notexist', {}, [
      404,
      errorBody('CertificateIssuerNotFound', 'Issuer notexist not found'),
    ]);
    await refuses('DELETE', '/certificates/issuers/kept', undefined, missing);
  });

  const organizations: readonly (readonly [object | undefined, object | undefined])[] = [
    [undefined, undefined],
    [{}, { zip: 0 }],
    [{ id: 'org' }, { id: 'org', zip: 0 }],
    [
      { zip: 98052, admin_details: [] },
      { zip: 98052, admin_details: [] },
    ],
    [{ admin_details: [{ email: 'a@b.example' }] }, { zip: 0, admin_details: [{ email: 'a@b.example' }] }],
  ];
  for (const [org_details, shown] of organizations) {
    test(`has ${JSON.stringify(shown)} as its organization, of ${JSON.stringify(org_details)}`, async () => {
      const set = await world.ok('PUT', '/certificates/issuers/organized', { provider: 'Test', org_details });
      assert.deepEqual(set['org_details'], shown);
      assert.deepEqual(await world.ok('GET', '/certificates/issuers/organized'), set);
    });
  }

  test('that replaces another keeps its creation time, and nothing else of it', async () => {
    const first = { provider: 'Test', credentials: { account_id: 'a' }, org_details: { id: 'org' } };
    const { attributes } = await world.ok('PUT', '/certificates/issuers/again', first);
    await world.pass(5000);
    const again = await world.ok('PUT', '/certificates/issuers/AGAIN', { provider: 'Test' });
    const { created } = members(attributes);
    assert.deepEqual(again['attributes'], { enabled: true, created, updated: Number(created) + 5 });
    assert.deepEqual([again['credentials'], again['org_details']], [{}, undefined]);
    await world.ok('DELETE', '/certificates/issuers/again');
    const replaced = await world.ok('PUT', '/certificates/issuers/again', { provider: 'Test' });
    assert.equal(replaced['attributes']?.['created'], Number(created) + 5);
  });

  test('cannot have a name that means no issuer in a policy', async () => {
    for (const name of ['Self', 'unknown']) {
      const message = `'${name}' is reserved: in a policy, Self and Unknown mean that there is no issuer. Choose another name.`;
      const refused = [400, errorBody('BadParameter', message)] as const;
      await refuses('PUT', `/certificates/issuers/${name}`, { provider: 'Test' }, refused);
    }
    await world.ok('PUT', '/certificates/issuers/selfish', { provider: 'Test' });
  });
});

test('a vault has the contacts that were set last, or none', async () => {
  const missing = [404, errorBody('ContactsNotFound', 'Contacts not found')] as const;
  await refuses('GET', '/certificates/contacts', undefined, missing);
  await refuses('DELETE', '/certificates/contacts', undefined, missing);
  await world.ok('PUT', '/certificates/contacts', { contacts: [{ email: 'a@example.com' }] });
  const contacts = [{ email: 'b@example.com', name: 'B', phone: '1' }, { email: 'c@example.com' }];
  const body = { id: `${world.origin}/certificates/contacts`, contacts };
  assert.deepEqual(await world.ok('PUT', '/certificates/contacts', { contacts }), body);
  assert.deepEqual(await world.ok('GET', '/certificates/contacts'), body);
  assert.deepEqual(await world.ok('DELETE', '/certificates/contacts'), body);
  await refuses('GET', '/certificates/contacts', undefined, missing);
});
