import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { suite, test } from 'node:test';
import { refusalOf } from '../../src/store/postgres/install.ts';
import { LinkLost, ServerSaid } from '../../src/store/postgres/connection.ts';
import { makeLinks } from '../../src/store/postgres/links.ts';
import { openPostgresStore } from '../../src/store/postgres/postgres.ts';
import { StoreRefused } from '../../src/store/refused.ts';

const node = { id: 'id', name: 'a', details: {} };

function targetOf(url: string, given: { readonly password?: string } = {}) {
  return makeLinks({ url, node, now: () => 0, ...given }).target;
}

function refused(error: Error, password?: string): string {
  const refusal = refusalOf(error, targetOf('postgres://u@db.example/d', password === undefined ? {} : { password }));
  assert.ok(refusal instanceof StoreRefused);
  return refusal.message;
}

suite('what a database refuses, and what to do', () => {
  for (const [code, remedy] of [
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', /not of an authority that is trusted here: .*store\.caFile/],
    ['SELF_SIGNED_CERT_IN_CHAIN', /store\.caFile/],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', /store\.caFile/],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', /store\.caFile/],
    ['ERR_TLS_CERT_ALTNAME_INVALID', /does not name the host that the URL names/],
    ['CERT_HAS_EXPIRED', /not valid at the time of this machine/],
  ] as const) {
    test(`a certificate with ${code}`, () => {
      const message = refused(new LinkLost('try running Node.js with --use-system-ca', { cause: { code } }));
      assert.match(message, /^The certificate of the database d at db\.example:5432 is refused/);
      assert.ok(message.includes(code));
      assert.match(message, remedy);
      assert.doesNotMatch(message, /Node\.js/);
    });
  }

  test('a host that does not answer has no certificate', () => {
    const message = refused(new LinkLost('connect ECONNREFUSED', { cause: { code: 'ECONNREFUSED' } }));
    assert.equal(message, 'The database d at db.example:5432 cannot be reached: connect ECONNREFUSED.');
    assert.match(refused(new LinkLost('late')), /cannot be reached: late/);
  });

  test('a wrong password names where passwords come from, and a missing one says that it is', () => {
    const failed = new ServerSaid('28P01', 'password authentication failed for user "u"');
    assert.match(
      refused(failed),
      /for user "u" \(no password was given: set PGPASSWORD, or name a file in store\.passwordFile or --password-file\)/,
    );
    assert.match(refused(failed, 'hunter2'), /\(with the password that was given: PGPASSWORD, or that of the file\)/);
    assert.doesNotMatch(refused(failed, 'hunter2'), /hunter2/);
    // pg_hba.conf has no line for it: another password would not help.
    assert.doesNotMatch(refused(new ServerSaid('28000', 'no pg_hba.conf entry')), /PGPASSWORD/);
  });
});

test('an authority that cannot be read is named before anything is asked', () => {
  const url = 'postgres://u@db.example/d?sslrootcert=/nowhere/ca.pem';
  assert.throws(
    () => makeLinks({ url, node, now: () => 0 }),
    (error) =>
      error instanceof StoreRefused &&
      error.kind === 'wrongUrl' &&
      /cannot be used: sslrootcert: ENOENT.*\/nowhere\/ca\.pem/.test(error.message),
  );
  const { tls } = makeLinks({ url, ca: 'PEM', node, now: () => 0 }).target;
  assert.deepEqual(tls, { mode: 'verified', authorityFile: '/nowhere/ca.pem', authorities: 'PEM' });
});

test('a database without TLS says so at once', async () => {
  const server = createServer((socket) => {
    socket.once('data', () => socket.write('N'));
    socket.on('error', () => {});
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const url = `postgres://u@127.0.0.1:${port}/d?sslmode=verify-full`;
  await assert.rejects(
    openPostgresStore({ url, node, startMs: 0, now: () => 0 }),
    (error) =>
      error instanceof StoreRefused && /cannot be reached: it does not speak TLS .*sslmode=disable/.test(error.message),
  );
  server.close();
});
