import { selfSign } from '../../../src/crypto/certificates/issue.ts';
import { writePem } from '../../../src/crypto/certificates/pem.ts';
import { ecKey } from '../certificate-files.ts';
import { backupOf, wrongAttributes, wrongBackups, wrongBodies, wrongNames, wrongPages, wrongTags } from './row.ts';
import type { Row, Wrong } from './row.ts';

/** A certificate that was made elsewhere, as a PEM file with its key. */
const material = ecKey();
const now = Math.floor(Date.now() / 1000);
const signed = await selfSign(material, {
  subject: 'CN=there',
  ekus: [],
  keyUsage: ['digitalSignature'],
  notBefore: now - 60,
  notAfter: now + 86_400,
  serial: Buffer.from('01', 'hex'),
});
if (!signed.ok) throw new Error(signed.refusal.kind);
const pem = writePem({ material, certificates: [signed.value] });
const x5c = [Buffer.from(signed.value).toString('base64')];

const asPem = { secret_props: { contentType: 'application/x-pem-file' } };
const imported = { value: pem, policy: { ...asPem, key_props: { reuse_key: true }, issuer: { name: 'Unknown' } } };
/** It is not issued here, so nothing changes by itself. */
const waiting = { policy: { x509_props: { subject: 'CN=waiting' }, key_props: { kty: 'EC' } } };

/** The names of keys and secrets are taken. */
const issued = ['there', 'doomed', 'deleted-1', 'deleted-2', 'merged'].map((name) => `certificate-${name}`);
const contact = { email: 'a@example.com', name: 'A', phone: '1' };
const contacts = { contacts: [contact] };
const issuer = {
  provider: 'Test',
  credentials: { account_id: 'account', pwd: 'pass' },
  org_details: { id: 'org', admin_details: [{ first_name: 'A', last_name: 'B', email: 'a@example.com', phone: '1' }] },
};

export const certificateSetUp: readonly Row['request'][] = [
  ...issued.map((name) => ['POST', `/certificates/${name}/import`, imported] as const),
  ...['deleted-1', 'deleted-2'].map((name) => ['DELETE', `/certificates/certificate-${name}`] as const),
  ...['asked', 'cancelled', 'forgotten'].map((name) => ['POST', `/certificates/${name}/create`, waiting] as const),
  // The policy reuses the imported key, so the certificate above fits.
  ['POST', '/certificates/certificate-merged/create', {}],
  ['PUT', '/certificates/contacts', contacts],
  ...['one', 'two'].map((name) => ['PUT', `/certificates/issuers/${name}`, issuer] as const),
];

export const certificateSetUpElsewhere: readonly Row['request'][] = [
  ['POST', '/certificates/certificate-moved/import', imported],
];

export const certificateLists: readonly string[] = [
  '/certificates?includePending=true',
  '/deletedcertificates?includePending=true',
  '/certificates/certificate-there/versions',
  '/certificates/certificate-there/policy',
  '/certificates/asked/pending',
  '/certificates/forgotten/pending',
  '/certificates/contacts',
  '/certificates/issuers',
  '/certificates/issuers/one',
];

/** Invalid attributes and tags for every operation that makes or changes a version. */
const wrongFacts = (right: object): readonly Wrong[] => [
  ...wrongTags(right),
  ...wrongAttributes(right),
  {
    body: { ...right, attributes: { nbf: 1 } },
    message: 'attributes.nbf is that of the X.509 certificate and cannot be set; leave it out.',
  },
  {
    body: { ...right, attributes: { exp: 4_000_000_000 } },
    message: 'attributes.exp is that of the X.509 certificate and cannot be set; leave it out.',
  },
  { body: { ...right, more: 1 }, message: "The member 'more' is not supported here." },
];

const autoRenew = { action_type: 'AutoRenew' };
const types = 'application/x-pkcs12 or application/x-pem-file';

/** Invalid policies. `around` makes a body from a policy, and `at` is the path of the policy in that body. */
const wrongPolicies = (around: (policy: object) => object, at: string): readonly Wrong[] =>
  [
    { policy: { more: 1 }, message: `The member '${at}more' is not supported here.` },
    { policy: { key_props: 7 }, message: `${at}key_props must be an object.` },
    { policy: { key_props: { key_size: '2048' } }, message: `${at}key_props.key_size must be a number.` },
    { policy: { x509_props: { ekus: [1] } }, message: `${at}x509_props.ekus must be an array of strings.` },
    { policy: { lifetime_actions: {} }, message: `${at}lifetime_actions must be an array.` },
    {
      policy: { secret_props: { contentType: 'text/plain' } },
      message: `secret_props.contentType is 'text/plain'; it must be ${types}.`,
    },
    {
      policy: { issuer: { name: '?' } },
      message: "issuer.name is '?'; an issuer's name has 1 to 127 letters, digits and hyphens.",
    },
  ].map(({ policy, message }) => ({ body: around(policy), message }));

/** The members for the certificate and its key, which an import takes from the certificate itself. */
const wrongContents = (around: (policy: PolicyBody) => object): readonly Wrong[] =>
  wrongPolicyBodies.map(({ policy, message }) => ({ body: around(policy), message }));

interface PolicyBody {
  readonly key_props?: object;
  readonly x509_props?: object;
  readonly lifetime_actions?: readonly object[];
}

const wrongPolicyBodies: readonly { readonly policy: PolicyBody; readonly message: string }[] = [
  {
    policy: { key_props: { kty: 'oct' } },
    message: "key_props.kty is 'oct'; the key of a certificate is RSA, RSA-HSM, EC, EC-HSM.",
  },
  {
    policy: { key_props: { kty: 'EC-HSM' } },
    message: 'Hardware key operation not allowed on standard vault',
  },
  ...[1024, 2047, 8192].map((size) => ({
    policy: { key_props: { kty: 'RSA', key_size: size } },
    message: `An RSA key has key_size 2048, 3072, 4096; ${size} is not supported.`,
  })),
  {
    policy: { key_props: { kty: 'RSA', crv: 'P-256' } },
    message: 'crv is for EC keys; an RSA key is made by its key_size.',
  },
  {
    policy: { key_props: { kty: 'EC', crv: 'P-192' } },
    message: "The curve 'P-192' is not supported; allowed: P-256, P-384, P-521, P-256K, SECP256K1, secp256k1.",
  },
  {
    policy: { key_props: { kty: 'EC', crv: 'P-384', key_size: 256 } },
    message: 'key_props.key_size is 256; the keys on P-384 have 384 bits.',
  },
  ...[0, -1, 1.5, 1201].map((months) => ({
    policy: { x509_props: { validity_months: months } },
    message: `x509_props.validity_months is ${months}; it must be a whole number from 1 to 1200.`,
  })),
  ...['1.3.x', '', '3.1', '1', '1..2', '1.02'].map((oid) => ({
    policy: { x509_props: { ekus: [oid] } },
    message: `x509_props.ekus has '${oid}', which is not an object identifier.`,
  })),
  {
    policy: { x509_props: { subject: `CN=${'n'.repeat(198)}` } },
    message: 'x509_props.subject has 201 characters; at most 200 are allowed.',
  },
  {
    policy: { x509_props: { sans: { dns_names: Array.from({ length: 101 }, (_, n) => `n${n}.example.com`) } } },
    message: 'x509_props.sans has 101 names; at most 100 are allowed.',
  },
  {
    policy: { x509_props: { key_usage: ['signing'] } },
    message:
      "x509_props.key_usage has 'signing'; known are digitalSignature, nonRepudiation, keyEncipherment, dataEncipherment, " +
      'keyAgreement, keyCertSign, cRLSign, encipherOnly, decipherOnly.',
  },
  ...[-1, 0.5, 2 ** 31].map((length) => ({
    policy: { x509_props: { basic_constraints: { ca: true, path_len_constraint: length } } },
    message: `x509_props.basic_constraints.path_len_constraint is ${length}; it must be a whole number from 0 to 2147483647.`,
  })),
  {
    policy: { x509_props: { basic_constraints: { path_len_constraint: 0 } } },
    message:
      'x509_props.basic_constraints.path_len_constraint is 0, but ca is not true; a path length is for authorities.',
  },
  {
    policy: { lifetime_actions: [{ trigger: { lifetime_percentage: 80 }, action: { action_type: 'Renew' } }] },
    message: "lifetime_actions: action_type is 'Renew'; it must be AutoRenew or EmailContacts.",
  },
  ...[0, 100, 0.5].map((percentage) => ({
    policy: { lifetime_actions: [{ trigger: { lifetime_percentage: percentage }, action: autoRenew }] },
    message: `lifetime_actions: lifetime_percentage is ${percentage}; it must be a whole number from 1 to 99.`,
  })),
  ...[0, 28].map((days) => ({
    policy: {
      x509_props: { validity_months: 1 },
      lifetime_actions: [{ trigger: { days_before_expiry: days }, action: autoRenew }],
    },
    message:
      `lifetime_actions: days_before_expiry is ${days}; it must be a whole number from 1 to 27, which is 27 for each month ` +
      'of the validity.',
  })),
  {
    policy: {
      lifetime_actions: Array.from({ length: 2 }, () => ({
        trigger: { lifetime_percentage: 80 },
        action: autoRenew,
      })),
    },
    message: 'At most one action is allowed',
  },
  {
    policy: {
      lifetime_actions: [{ trigger: { lifetime_percentage: 80, days_before_expiry: 9 }, action: autoRenew }],
    },
    message: 'lifetime_actions: the trigger has either lifetime_percentage or days_before_expiry.',
  },
  {
    policy: { lifetime_actions: [{ trigger: {}, action: { action_type: 'AutoRenew' } }] },
    message: 'lifetime_actions: the trigger has either lifetime_percentage or days_before_expiry.',
  },
];

const subject = { subject: 'CN=new' };
const twice: Wrong['message'] = "The query parameter 'again' is given more than once.";

export const certificateRows: Readonly<Record<string, Row>> = {
  CertificateCreate: {
    request: ['POST', '/certificates/certificate-new/create', waiting],
    status: 202,
    wrong: [
      ...wrongNames((name) => `/certificates/${name}/create`),
      ...wrongBodies,
      ...wrongFacts(waiting),
      ...wrongPolicies((policy) => ({ policy: { x509_props: subject, ...policy } }), 'policy.'),
      ...wrongContents((policy) => ({ policy: { ...policy, x509_props: { ...subject, ...policy.x509_props } } })),
      {
        body: {},
        message: 'Either subjectName or san must be present',
      },
      {
        body: { policy: { x509_props: subject, issuer: { name: 'nobody' } } },
        message:
          "issuer.name is 'nobody', and the vault has no issuer of that name. Set it as a certificate issuer first, or use Self or Unknown.",
      },
    ],
  },
  CertificateImport: {
    request: ['POST', '/certificates/certificate-imported/import', imported],
    wrong: [
      ...wrongNames((name) => `/certificates/${name}/import`),
      ...wrongBodies,
      ...wrongFacts(imported),
      ...wrongPolicies((policy) => ({ value: pem, policy: { ...asPem, ...policy } }), 'policy.').filter(
        ({ message }) => !message.startsWith('secret_props'),
      ),
      { body: {}, message: 'The member value is missing.' },
      { body: { ...imported, pwd: 1 }, message: 'pwd must be a string.' },
      {
        body: { value: pem, policy: { ...asPem, key_props: { kty: 'RSA' } } },
        message: 'policy.key_props is about another key than the imported one, which is EC on P-256.',
      },
      {
        body: { value: pem, policy: { ...asPem, key_props: { crv: 'P-384' } } },
        message: 'policy.key_props is about another key than the imported one, which is EC on P-256.',
      },
    ],
  },
  CertificateGet: {
    request: ['GET', '/certificates/certificate-there'],
    wrong: [...wrongNames((name) => `/certificates/${name}`)],
  },
  CertificateUpdate: {
    request: ['PATCH', '/certificates/certificate-there', { tags: {} }],
    wrong: [
      ...wrongNames((name) => `/certificates/${name}`),
      ...wrongBodies,
      ...wrongFacts({}),
      ...wrongPolicies((policy) => ({ policy }), 'policy.'),
    ],
  },
  CertificateList: {
    request: ['GET', '/certificates'],
    wrong: [
      ...wrongPages('/certificates'),
      { path: '/certificates?includePending=yes', message: "includePending is 'yes'; it must be true or false." },
    ],
  },
  CertificateListVersions: {
    request: ['GET', '/certificates/certificate-there/versions'],
    wrong: [
      ...wrongNames((name) => `/certificates/${name}/versions`),
      ...wrongPages('/certificates/certificate-there/versions'),
    ],
  },
  CertificateDelete: {
    request: ['DELETE', '/certificates/certificate-doomed'],
    wrong: [...wrongNames((name) => `/certificates/${name}`)],
  },
  CertificateListDeleted: {
    request: ['GET', '/deletedcertificates'],
    wrong: [
      ...wrongPages('/deletedcertificates'),
      { path: '/deletedcertificates?includePending=1', message: "includePending is '1'; it must be true or false." },
    ],
  },
  CertificateGetDeleted: {
    request: ['GET', '/deletedcertificates/certificate-deleted-1'],
    wrong: [...wrongNames((name) => `/deletedcertificates/${name}`)],
  },
  CertificateRecover: {
    request: ['POST', '/deletedcertificates/certificate-deleted-1/recover'],
    wrong: [...wrongNames((name) => `/deletedcertificates/${name}/recover`)],
  },
  CertificatePurge: {
    request: ['DELETE', '/deletedcertificates/certificate-deleted-2'],
    status: 204,
    wrong: [...wrongNames((name) => `/deletedcertificates/${name}`)],
  },
  CertificateBackup: {
    request: ['POST', '/certificates/certificate-there/backup'],
    wrong: [...wrongNames((name) => `/certificates/${name}/backup`)],
  },
  CertificateRestore: {
    request: ['POST', '/certificates/restore', backupOf('certificates', 'certificate-moved')],
    wrong: wrongBackups,
  },
  CertificatePolicyGet: {
    request: ['GET', '/certificates/certificate-there/policy'],
    wrong: [...wrongNames((name) => `/certificates/${name}/policy`)],
  },
  CertificatePolicyUpdate: {
    request: ['PATCH', '/certificates/certificate-there/policy', { x509_props: { validity_months: 6 } }],
    wrong: [
      ...wrongNames((name) => `/certificates/${name}/policy`),
      ...wrongBodies,
      ...wrongPolicies((policy) => policy, ''),
      ...wrongContents((policy) => policy),
    ],
  },
  CertificatePendingGet: {
    request: ['GET', '/certificates/asked/pending'],
    wrong: [...wrongNames((name) => `/certificates/${name}/pending`)],
  },
  CertificatePendingUpdate: {
    request: ['PATCH', '/certificates/cancelled/pending', { cancellation_requested: true }],
    wrong: [
      ...wrongNames((name) => `/certificates/${name}/pending`),
      ...wrongBodies,
      { body: {}, message: 'The member cancellation_requested is missing.' },
      { body: { cancellation_requested: 'true' }, message: 'cancellation_requested must be true or false.' },
    ],
  },
  CertificatePendingDelete: {
    request: ['DELETE', '/certificates/forgotten/pending'],
    wrong: [...wrongNames((name) => `/certificates/${name}/pending`)],
  },
  CertificatePendingMerge: {
    request: ['POST', '/certificates/certificate-merged/pending/merge', { x5c }],
    status: 201,
    wrong: [
      ...wrongNames((name) => `/certificates/${name}/pending/merge`),
      ...wrongBodies,
      ...wrongFacts({ x5c }),
      ...[{}, { x5c: [] }, { x5c: ['ü'] }, { x5c: [...x5c, ''] }].map((body) => ({
        body,
        message:
          'Property x5c has invalid value. X5C must have at least one valid item: each is a certificate in DER, as base64.',
      })),
      {
        path: '/certificates/asked/pending/merge',
        message: 'Unable to parse X5c certificate chain and locate leaf certificate',
      },
      {
        body: { x5c: [...x5c, 'AAAA'] },
        message:
          'This is not a chain of certificates that can be read: the certificate is missing where the certificate should have it.',
      },
    ],
  },
  CertificateContactsGet: {
    request: ['GET', '/certificates/contacts'],
    wrong: [{ path: '/certificates/contacts?again=1&again=2', message: twice }],
  },
  CertificateContactsSet: {
    request: ['PUT', '/certificates/contacts', contacts],
    wrong: [
      ...wrongBodies,
      ...[{}, { contacts: [] }, { contacts: {} }, { contacts: Array.from({ length: 101 }, () => contact) }].map(
        (body) => ({
          body,
          message: 'contacts must be an array of 1 to 100 contacts; to have none, delete them.',
        }),
      ),
      { body: { contacts: [{ name: 'A' }] }, message: "contacts[].email is '', which is not an e-mail address." },
      ...['', 'a', '@example.com', 'a@', 'a@b@c', 'a b@example.com'].map((email) => ({
        body: { contacts: [contact, { email }] },
        message: `contacts[].email is '${email}', which is not an e-mail address.`,
      })),
      { body: { contacts: ['a@example.com'] }, message: 'contacts[] must be an object.' },
      {
        body: { contacts: [{ email: 'a@example.com', fax: '1' }] },
        message: "The member 'contacts[].fax' is not supported here.",
      },
    ],
  },
  CertificateContactsDelete: {
    request: ['DELETE', '/certificates/contacts'],
    wrong: [{ path: '/certificates/contacts?again=1&again=2', message: twice }],
  },
  CertificateIssuersList: { request: ['GET', '/certificates/issuers'], wrong: wrongPages('/certificates/issuers') },
  CertificateIssuerGet: {
    request: ['GET', '/certificates/issuers/one'],
    wrong: [...wrongNames((name) => `/certificates/issuers/${name}`)],
  },
  CertificateIssuerSet: {
    request: ['PUT', '/certificates/issuers/new', issuer],
    wrong: [
      ...wrongNames((name) => `/certificates/issuers/${name}`),
      ...wrongBodies,
      { body: {}, message: 'The member provider is missing.' },
      {
        body: { provider: 'Nobody' },
        message:
          "provider is 'Nobody'; it must be one of Test, DigiCert, GlobalSign, OneCert, OneCertV2-PublicCA, OneCertV2-PrivateCA, SslAdminV2.",
      },
      {
        body: { ...issuer, credentials: { key: 'k' } },
        message: "The member 'credentials.key' is not supported here.",
      },
      ...[{}, Array.from({ length: 101 }, () => ({}))].map((persons) => ({
        body: { ...issuer, org_details: { admin_details: persons } },
        message: 'org_details.admin_details must be an array of at most 100 persons.',
      })),
      ...wrongAttributes(issuer),
      {
        body: { ...issuer, attributes: { nbf: 1 } },
        message: "The member 'attributes.nbf' is not supported here.",
      },
      { body: { ...issuer, org_details: { zip: 0.5 } }, message: 'org_details.zip is 0.5; it must be a whole number.' },
      {
        body: { ...issuer, org_details: { admin_details: [{ email: 1 }] } },
        message: 'org_details.admin_details[].email must be a string.',
      },
    ],
  },
  CertificateIssuerUpdate: {
    request: ['PATCH', '/certificates/issuers/one', { attributes: { enabled: false } }],
    wrong: [
      ...wrongNames((name) => `/certificates/issuers/${name}`),
      ...wrongBodies,
      ...wrongAttributes({}),
      { body: { attributes: { exp: 1 } }, message: "The member 'attributes.exp' is not supported here." },
      { body: { provider: 1 }, message: 'provider must be a string.' },
      {
        body: { provider: 'Nobody' },
        message:
          "provider is 'Nobody'; it must be one of Test, DigiCert, GlobalSign, OneCert, OneCertV2-PublicCA, OneCertV2-PrivateCA, SslAdminV2.",
      },
    ],
  },
  CertificateIssuerDelete: {
    request: ['DELETE', '/certificates/issuers/two'],
    wrong: [...wrongNames((name) => `/certificates/issuers/${name}`)],
  },
};
