import { createCipheriv, createHmac } from 'node:crypto';
import { backupOf, wrongBackups, wrongBodies, wrongName, wrongPages } from './row.ts';
import type { Row, Wrong } from './row.ts';

/** The 256-bit key and the wrapped key of RFC 3394 section 4.3. */
const kek = Buffer.from('000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F', 'hex');
const wrapped = Buffer.from('64E8C3F9CE0F5BA263E9777905818A2A93C8191E7D6E8AE7', 'hex');
const iv = Buffer.alloc(16, 7);
const cipher = createCipheriv('aes-256-cbc', kek, iv);
const ciphertext = Buffer.concat([cipher.update('plaintext'), cipher.final()]);
const digest = Buffer.alloc(32, 1);
const signature = createHmac('sha256', kek).update(digest).digest();

const b64 = (octets: Uint8Array) => Buffer.from(octets).toString('base64url');
const oct = { kty: 'oct', k: b64(kek) };
const policy = {
  lifetimeActions: [{ trigger: { timeAfterCreate: 'P30D' }, action: { type: 'Rotate' } }],
  attributes: { expiryTime: 'P90D' },
};

export const keySetUp: readonly Row['request'][] = [
  ...['there', 'doomed', 'deleted-1', 'deleted-2'].map(
    (name) => ['POST', `/keys/${name}/create`, { kty: 'EC' }] as const,
  ),
  ...['deleted-1', 'deleted-2'].map((name) => ['DELETE', `/keys/${name}`] as const),
  ['PUT', '/keys/secret', { key: oct }],
];

export const keySetUpElsewhere: readonly Row['request'][] = [['POST', '/keys/moved/create', { kty: 'EC' }]];

export const keyLists: readonly string[] = [
  '/keys',
  '/deletedkeys',
  '/keys/there/versions',
  '/keys/secret/versions',
  '/keys/there/rotationpolicy',
];

/** What is wrong with what any client says of a key, beside what is right. */
const wrongFacts = (right: object): readonly Wrong[] => [
  { body: { ...right, attributes: { exportable: 'yes' } }, message: 'attributes.exportable must be true or false.' },
  {
    body: { ...right, attributes: { secret: true } },
    message: "The member 'attributes.secret' is not supported here.",
  },
  { body: { ...right, attributes: { nbf: 2, exp: 1 } }, message: 'attributes.exp (1) is before attributes.nbf (2).' },
  { body: { ...right, tags: { a: 1 } }, message: 'tags must be an object of strings.' },
  {
    body: { ...right, release_policy: { data: b64(Buffer.from('[]')) } },
    message: 'release_policy.data must be a JSON object in base64url.',
  },
  {
    body: { ...right, release_policy: { encoded: '' } },
    message: 'release_policy must be an object of contentType, data and immutable.',
  },
  {
    body: { ...right, release_policy: { data: b64(Buffer.from('{}')) } },
    message: 'AKV.SKR.1005: Non-exportable keys must not have release policy.',
  },
];

/** What is wrong with the request of any operation with a key; `operation` as the path has it. */
function wrongUses(operation: string, right: Readonly<Record<string, unknown>>): readonly Wrong[] {
  const octets = Object.keys(right).filter((name) => name !== 'alg');
  return [
    wrongName((name) => `/keys/${name}/${operation}`),
    wrongName((name) => `/keys/${name}/${'0'.repeat(32)}/${operation}`),
    ...wrongBodies,
    { body: { ...right, alg: undefined }, message: 'The member alg is missing.' },
    { body: { ...right, alg: 256 }, message: 'alg must be a string.' },
    { body: { ...right, more: 1 }, message: "The member 'more' is not supported here." },
    ...['a+b/', 'Y', 'YWJjZ', 'YQ===', 'ü'].flatMap((found) =>
      octets.map((name) => ({
        body: { ...right, [name]: found },
        message: `The member ${name} is not base64url (RFC 4648 section 5).`,
      })),
    ),
  ];
}

function use(operation: string, right: Readonly<Record<string, unknown>>, more: readonly Wrong[]): Row {
  return {
    request: ['POST', `/keys/secret/${operation}`, right],
    wrong: [...wrongUses(operation, right), ...more],
  };
}

const missing = (name: string, right: object): Wrong => ({
  body: { ...right, [name]: undefined },
  message: `The member ${name} is missing.`,
});

const plain = { alg: 'A256CBCPAD', value: b64(Buffer.from('plaintext')), iv: b64(iv) };
const sealed = { alg: 'A256CBCPAD', value: b64(ciphertext), iv: b64(iv) };
const toSign = { alg: 'HS256', value: b64(digest) };
const signed = { alg: 'HS256', digest: b64(digest), value: b64(signature) };
const toWrap = { alg: 'A256KW', value: b64(Buffer.alloc(16)) };
const toUnwrap = { alg: 'A256KW', value: b64(wrapped) };

export const keyRows: Readonly<Record<string, Row>> = {
  KeyCreate: {
    request: ['POST', '/keys/new/create', { kty: 'EC' }],
    wrong: [
      wrongName((name) => `/keys/${name}/create`),
      ...wrongBodies,
      ...wrongFacts({ kty: 'EC' }),
      { body: { kty: 'EC', key_ops: 'sign' }, message: 'key_ops must be a list of strings.' },
      { body: {}, message: 'The member kty is missing.' },
      { body: { kty: 'EC', keySize: 256 }, message: "The member 'keySize' is not supported here." },
      {
        body: { kty: 'DSA' },
        message: "The key type 'DSA' is not supported; allowed: RSA, RSA-HSM, EC, EC-HSM, oct, oct-HSM.",
      },
      {
        body: { kty: 'RSA-HSM' },
        message: "The key type 'RSA-HSM' needs a premium vault; this vault's sku is standard.",
      },
      {
        body: { kty: 'RSA', key_size: 1024 },
        message: 'An RSA key has key_size 2048, 3072, 4096; 1024 is not supported.',
      },
      { body: { kty: 'RSA', key_size: '2048' }, message: 'key_size must be a whole number.' },
      {
        body: { kty: 'RSA', public_exponent: 3 },
        message: 'public_exponent is 3; RSA keys have 65537 here, other keys none.',
      },
      {
        body: { kty: 'EC', crv: 'P-192' },
        message: "The curve 'P-192' is not supported; allowed: P-256, P-384, P-521, P-256K, SECP256K1.",
      },
      {
        body: { kty: 'EC', key_ops: ['encrypt'] },
        message: "key_ops has 'encrypt', which no EC key is for; allowed: sign, verify, import, export.",
      },
      {
        body: { kty: 'EC', attributes: { exportable: true } },
        message:
          "AKV.SKR.1001: The exportable attribute is only supported with premium vaults and API version >= '7.3-preview'.",
      },
    ],
  },
  KeyImport: {
    request: ['PUT', '/keys/imported', { key: oct }],
    wrong: [
      wrongName((name) => `/keys/${name}`),
      ...wrongBodies,
      ...wrongFacts({ key: oct }),
      { body: {}, message: 'The member key is missing.' },
      {
        body: { key: { ...oct, use: 'enc' } },
        message:
          'key must be a JSON Web Key with no members but kid, kty, key_ops, n, e, d, dp, dq, qi, p, q, k, key_hsm, crv, x, y.',
      },
      { body: { key: { k: oct.k } }, message: 'The member key.kty is missing.' },
      {
        body: { key: { kty: 'RSA-HSM', key_hsm: 'AAAA' } },
        message:
          'key_hsm is not supported: there is no HSM for which a key could have been wrapped. Send the key itself.',
      },
      { body: { key: oct, Hsm: 'yes' }, message: 'Hsm must be true or false.' },
      {
        body: { key: oct, Hsm: true },
        message: "The key type 'oct-HSM' needs a premium vault; this vault's sku is standard.",
      },
      { body: { key: { ...oct, k: 'AAAA' } }, message: 'The oct key has 24 bits; use 128, 192, 256.' },
      { body: { key: { kty: 'oct' } }, message: "The key's member k is missing: an oct key needs k." },
      {
        body: { key: { ...oct, key_ops: ['seal'] } },
        message:
          "key_ops has 'seal', which no oct key is for; allowed: encrypt, decrypt, sign, verify, wrapKey, unwrapKey, import, export.",
      },
    ],
  },
  KeyGet: { request: ['GET', '/keys/there'], wrong: [wrongName((name) => `/keys/${name}`)] },
  KeyUpdate: {
    request: ['PATCH', '/keys/there', { tags: {} }],
    wrong: [
      wrongName((name) => `/keys/${name}`),
      ...wrongBodies,
      ...wrongFacts({}),
      { body: { key_ops: 'sign' }, message: 'key_ops must be a list of strings.' },
      { body: { key_size: 256 }, message: "The member 'key_size' is not supported here." },
      {
        body: { attributes: { exportable: true } },
        message: 'AKV.SKR.1003: The exportable attribute of an existing key cannot be changed.',
      },
    ],
  },
  KeyDelete: { request: ['DELETE', '/keys/doomed'], wrong: [wrongName((name) => `/keys/${name}`)] },
  KeyList: { request: ['GET', '/keys'], wrong: wrongPages('/keys') },
  KeyListVersions: {
    request: ['GET', '/keys/there/versions'],
    wrong: [wrongName((name) => `/keys/${name}/versions`), ...wrongPages('/keys/there/versions')],
  },
  KeyListDeleted: { request: ['GET', '/deletedkeys'], wrong: wrongPages('/deletedkeys') },
  KeyGetDeleted: {
    request: ['GET', '/deletedkeys/deleted-1'],
    wrong: [wrongName((name) => `/deletedkeys/${name}`)],
  },
  KeyRecover: {
    request: ['POST', '/deletedkeys/deleted-1/recover'],
    wrong: [wrongName((name) => `/deletedkeys/${name}/recover`)],
  },
  KeyPurge: {
    request: ['DELETE', '/deletedkeys/deleted-2'],
    status: 204,
    wrong: [wrongName((name) => `/deletedkeys/${name}`)],
  },
  KeyBackup: { request: ['POST', '/keys/there/backup'], wrong: [wrongName((name) => `/keys/${name}/backup`)] },
  KeyRestore: { request: ['POST', '/keys/restore', backupOf('keys')], wrong: wrongBackups },
  KeyEncrypt: use('encrypt', plain, [missing('value', plain)]),
  KeyDecrypt: use('decrypt', sealed, [missing('value', sealed)]),
  KeySign: use('sign', toSign, [missing('value', toSign)]),
  KeyVerify: use('verify', signed, [missing('value', signed), missing('digest', signed)]),
  KeyWrap: use('wrapkey', toWrap, [missing('value', toWrap)]),
  KeyUnwrap: use('unwrapkey', toUnwrap, [missing('value', toUnwrap)]),
  KeyRotate: { request: ['POST', '/keys/there/rotate'], wrong: [wrongName((name) => `/keys/${name}/rotate`)] },
  KeyRotationPolicyGet: {
    request: ['GET', '/keys/there/rotationpolicy'],
    wrong: [wrongName((name) => `/keys/${name}/rotationpolicy`)],
  },
  KeyRotationPolicySet: {
    request: ['PUT', '/keys/there/rotationpolicy', policy],
    wrong: [
      wrongName((name) => `/keys/${name}/rotationpolicy`),
      ...wrongBodies,
      { body: { lifetimeActions: {} }, message: 'lifetimeActions must be a list.' },
      {
        body: { lifetimeActions: [{ when: 'soon' }] },
        message: 'Each of lifetimeActions must be an object with no members but trigger, action.',
      },
      {
        body: { lifetimeActions: [{ trigger: {}, action: 'Rotate' }] },
        message: 'action must be an object with no members but type.',
      },
      { body: { lifetimeActions: [{ trigger: {}, action: {} }] }, message: 'The member type is missing.' },
      {
        body: { lifetimeActions: [{ trigger: { timeAfterCreation: 'P30D' }, action: { type: 'Rotate' } }] },
        message: 'trigger must be an object with no members but timeAfterCreate, timeBeforeExpiry.',
      },
      {
        body: { lifetimeActions: [{ trigger: { timeAfterCreate: 30 }, action: { type: 'Rotate' } }] },
        message: 'timeAfterCreate must be a string.',
      },
      {
        body: { attributes: { expires: 'P90D' } },
        message: 'attributes must be an object with no members but expiryTime, created, updated.',
      },
      {
        body: { attributes: { expiryTime: 'P27D' } },
        message: 'attributes.expiryTime is P27D; it must be at least 28 days.',
      },
    ],
  },
  KeyRelease: {
    request: ['POST', '/keys/there/release', { target: 'token' }],
    status: 501,
    wrong: [
      wrongName((name) => `/keys/${name}/release`),
      ...wrongBodies,
      { body: {}, message: 'The member target is missing.' },
      { body: { target: 'token', nonce: 1 }, message: 'nonce must be a string.' },
    ],
  },
  KeyGetAttestation: {
    request: ['GET', '/keys/there/attestation'],
    status: 501,
    wrong: [wrongName((name) => `/keys/${name}/attestation`)],
  },
  GetRandomBytes: {
    request: ['POST', '/rng', { count: 16 }],
    wrong: [
      ...wrongBodies,
      { body: {}, message: 'The member count is missing.' },
      { body: { count: '16' }, message: 'count must be a whole number.' },
      { body: { count: 1.5 }, message: 'count must be a whole number.' },
      ...[0, -1, 129].map((count) => ({
        body: { count },
        message: `count is ${count}; it must be a whole number from 1 to 128.`,
      })),
    ],
  },
};
