import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { actionTime, lifetimeActions } from '../../src/objects/certificates/policy-lifetime.ts';
import type { CertificatePolicy, PolicyParameters, PolicyX509 } from '../../src/objects/certificates/policy.ts';
import { policyFrom } from '../../src/objects/certificates/policy-rules.ts';
import { validity, validityMonths } from '../../src/objects/certificates/policy.ts';

const now = 1_700_000_000;
const premium = { sku: 'premium' } as const;
const named = { x509: { subject: 'CN=n' } };

function policyOf(parameters: PolicyParameters, before?: CertificatePolicy): CertificatePolicy {
  const policy = policyFrom(premium, parameters, { before, nowSeconds: now });
  assert.ok(policy.ok, JSON.stringify(policy));
  return policy.value;
}

function refusalOf(parameters: PolicyParameters, before?: CertificatePolicy): string {
  const policy = policyFrom(premium, parameters, { before, nowSeconds: now });
  assert.ok(!policy.ok && policy.refusal.kind === 'badParameter');
  return policy.refusal.message;
}

suite('a policy', () => {
  test("has Azure's defaults if only a subject is given", () => {
    assert.deepEqual(policyOf(named), {
      issuer: { name: 'Unknown' },
      key: { exportable: true, kty: 'RSA', size: 2048, reuse: false },
      contentType: 'application/x-pkcs12',
      x509: {
        subject: 'CN=n',
        ekus: ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'],
        keyUsage: ['digitalSignature', 'keyEncipherment'],
        validityMonths: 12,
        basicConstraints: { ca: false },
      },
      lifetimeActions: [{ action: 'EmailContacts', trigger: { lifetimePercentage: 80 } }],
      enabled: true,
      created: now,
      updated: now,
    });
  });

  test('keeps what a change does not mention', () => {
    const before = policyOf({
      issuer: { name: 'SELF', certificateType: 'OV' },
      key: { kty: 'EC-HSM', curve: 'P-521', reuse: true },
      contentType: 'application/x-pem-file',
      x509: {
        subject: 'CN=n',
        sans: { dnsNames: ['a'], emails: ['a@b'] },
        ekus: [],
        validityMonths: 3,
        basicConstraints: { ca: true },
      },
      lifetimeActions: [{ action: 'AutoRenew', daysBeforeExpiry: 5 }],
    });
    assert.equal(before.issuer.name, 'Self');
    const later = policyFrom(premium, {}, { before, nowSeconds: now + 5 });
    assert.deepEqual(later, { ok: true, value: { ...before, updated: now + 5 } });
    const names = policyOf({ x509: { sans: { dnsNames: ['c'] } } }, before).x509.sans;
    assert.deepEqual(names, { dnsNames: ['c'], emails: ['a@b'] });
    assert.deepEqual(policyOf({ x509: { sans: { dnsNames: [] } } }, before).x509.sans, {
      dnsNames: [],
      emails: ['a@b'],
    });
    assert.deepEqual(policyOf({ lifetimeActions: [] }, before).lifetimeActions, []);
  });

  test('without a valid name is refused for that, whatever else is wrong', () => {
    const wrong = { issuer: { name: '?' }, key: { kty: 'oct' }, contentType: 'text/plain' };
    const bad = 'Property policy.x509_props has invalid value. Invalid X.500 distinguished name\r\n';
    for (const subject of ['no name', 'CN=', 'XY=a', 'C=USA', `CN=${'n'.repeat(65)}`]) {
      assert.equal(refusalOf({ ...wrong, x509: { subject, keyUsage: ['none'] } }), bad, subject);
    }
    assert.equal(refusalOf(wrong), 'Either subjectName or san must be present');
    assert.equal(refusalOf({ ...wrong, x509: { sans: { upns: [] } } }), 'Either subjectName or san must be present');
    assert.match(refusalOf({ ...wrong, x509: { sans: { upns: ['a@b'] } } }), /^issuer\.name is '\?'/);
  });

  test('of an imported certificate has its contents, even if it could not be made here', () => {
    const elsewhere = {
      subject: `CN=${'n'.repeat(70)}, C=USA`,
      sans: { dnsNames: Array.from({ length: 150 }, (_, index) => `n${index}.example.com`) },
      ekus: [`1.3.${'9'.repeat(38)}`],
      keyUsage: [],
      validityMonths: 3,
    };
    const imported = (x509: PolicyX509) => policyFrom(premium, {}, { x509, nowSeconds: now });
    const taken = imported(elsewhere);
    assert.ok(taken.ok);
    assert.deepEqual(taken.value.x509, elsewhere);
    const nameless = { ...elsewhere, subject: '', sans: {} };
    assert.ok(imported(nameless).ok);
    const long = imported({ ...elsewhere, subject: `CN=${'n'.repeat(198)}` });
    assert.ok(!long.ok && long.refusal.kind === 'badParameter');
    assert.equal(long.refusal.message, 'x509_props.subject has 201 characters; at most 200 are allowed.');
    // Names that a client does not send are not checked, and names that it sends are.
    const before = taken.value;
    assert.deepEqual(policyOf({ key: { reuse: true } }, before).x509, {
      ...elsewhere,
      basicConstraints: { ca: false },
    });
    assert.equal(
      refusalOf({ x509: { sans: { upns: ['a@b'] } } }, before),
      'x509_props.sans has 151 names; at most 100 are allowed.',
    );
    const few = { subject: elsewhere.subject, sans: { dnsNames: ['a'] } };
    assert.match(refusalOf({ x509: few }, before), /Invalid X\.500 distinguished name/);
    assert.equal(policyOf({ x509: { sans: few.sans } }, before).x509.subject, elsewhere.subject);
  });

  test('has extended key usages of any length, such as a UUID (X.667)', () => {
    const ekus = [`2.25.${2n ** 128n - 1n}`];
    assert.deepEqual(policyOf({ x509: { subject: 'CN=n', ekus } }).x509.ekus, ekus);
    const refused = "x509_props.ekus has '3.25.1', which is not an object identifier.";
    assert.equal(refusalOf({ x509: { subject: 'CN=n', ekus: [...ekus, '3.25.1'] } }), refused);
  });

  test('has key usages in Azure’s spelling, however they were sent', () => {
    const { keyUsage } = policyOf({ x509: { subject: 'CN=n', keyUsage: ['crlSign', 'KEYCERTSIGN'] } }).x509;
    assert.deepEqual(keyUsage, ['cRLSign', 'keyCertSign']);
    const unknown = { x509: { subject: 'CN=n', keyUsage: ['crlSign', 'crlSigns'] } };
    assert.match(refusalOf(unknown), /^x509_props\.key_usage has 'crlSigns'; known are digitalSignature, /);
  });

  test('does not take over the size or curve of a key of another type', () => {
    const rsa = policyOf({ ...named, key: { kty: 'RSA', size: 4096 } });
    assert.deepEqual(policyOf({ key: { kty: 'EC' } }, rsa).key, {
      exportable: true,
      kty: 'EC',
      size: 256,
      curve: 'P-256',
      reuse: false,
    });
    const ec = policyOf({ ...named, key: { kty: 'EC', curve: 'SECP256K1' } });
    assert.deepEqual([ec.key.curve, ec.key.size], ['P-256K', 256]);
    assert.deepEqual(policyOf({ key: { kty: 'RSA' } }, ec).key, {
      exportable: true,
      kty: 'RSA',
      size: 2048,
      reuse: false,
    });
    assert.equal(policyOf({ key: { kty: 'RSA-HSM' } }, rsa).key.size, 4096);
    // Only another curve is requested; its size follows.
    assert.equal(policyOf({ key: { curve: 'P-384' } }, ec).key.size, 384);
  });

  test('must be valid as a whole, even if each change alone is', () => {
    const days = policyOf({ ...named, lifetimeActions: [{ action: 'AutoRenew', daysBeforeExpiry: 300 }] });
    const most =
      'lifetime_actions: days_before_expiry is 300; it must be a whole number from 1 to 27, which is 27 for each month of the validity.';
    assert.equal(refusalOf({ x509: { validityMonths: 1 } }, days), most);
    const hsm = policyOf({ ...named, key: { kty: 'RSA-HSM' } });
    assert.equal(
      refusalOf({ key: { exportable: true } }, hsm),
      'key_props.exportable is true, but RSA-HSM keys do not leave the HSM.',
    );
    assert.equal(refusalOf({ x509: { subject: '' } }, days), 'Either subjectName or san must be present');
    assert.equal(
      refusalOf({ x509: { subject: `CN=${'n'.repeat(198)}` } }),
      'x509_props.subject has 201 characters; at most 200 are allowed.',
    );
    const two = { action: 'AutoRenew', lifetimePercentage: 1 };
    assert.equal(refusalOf({ ...named, lifetimeActions: [two, two] }), 'At most one action is allowed');
  });
});

suite('a validity', () => {
  const moment = fc.integer({ min: 0, max: 4_000_000_000 });
  const months = fc.integer({ min: 1, max: 1200 });
  const lifeOf = (monthsOf: number, from: number) =>
    validity({ x509: { subject: '', sans: {}, ekus: [], keyUsage: [], validityMonths: monthsOf } }, from);

  test('ends on the same day of a later month, or on its last day', () => {
    const end = (from: string, monthsOf: number) =>
      new Date(lifeOf(monthsOf, Date.parse(from) / 1000).notAfter * 1000).toISOString();
    assert.equal(end('2026-01-31T10:00:00Z', 1), '2026-02-28T10:00:00.000Z');
    assert.equal(end('2028-01-31T10:00:00Z', 1), '2028-02-29T10:00:00.000Z');
    assert.equal(end('2028-02-29T10:00:00Z', 12), '2029-02-28T10:00:00.000Z');
    assert.equal(end('2026-11-30T23:59:59Z', 3), '2027-02-28T23:59:59.000Z');
    assert.equal(end('2026-05-15T00:00:00Z', 24), '2028-05-15T00:00:00.000Z');
  });

  test('has as many months as it was made for', () => {
    fc.assert(
      fc.property(moment, months, (from, monthsOf) => {
        const { notBefore, notAfter } = lifeOf(monthsOf, from);
        assert.equal(validityMonths(notBefore, notAfter), monthsOf);
      }),
    );
  });

  test('has its actions after its beginning and before its end, so that no renewal is due at once', () => {
    const trigger = months.chain((monthsOf) =>
      fc.record({
        monthsOf: fc.constant(monthsOf),
        from: moment,
        asked: fc.oneof(
          fc.record({ daysBeforeExpiry: fc.integer({ min: 1, max: monthsOf * 27 }) }),
          fc.record({ lifetimePercentage: fc.integer({ min: 1, max: 99 }) }),
        ),
      }),
    );
    fc.assert(
      fc.property(trigger, ({ monthsOf, from, asked }) => {
        const actions = lifetimeActions([{ action: 'AutoRenew', ...asked }], monthsOf);
        assert.ok(actions.ok);
        const [action] = actions.value;
        assert.ok(action !== undefined);
        const { notBefore, notAfter } = lifeOf(monthsOf, from);
        const at = actionTime(action, { notBefore, expires: notAfter });
        assert.ok(at > from * 1000 && at < notAfter * 1000, `${from} ${at} ${notAfter}`);
      }),
    );
  });
});
