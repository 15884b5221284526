import { createCipheriv, createHmac } from 'node:crypto';
import {
  backupOf,
  wrongAttributes,
  wrongBackups,
  wrongBodies,
  wrongNames,
  wrongPages,
  wrongTags,
  wrongTimes,
} from './row.ts';
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

const rotate = { type: 'Rotate' };

/** Each action alone in a policy of keys that live for 90 days. */
const wrongActions = (
  ...wrong: readonly (readonly [actionAndTrigger: readonly [object, object], message: string])[]
): readonly Wrong[] =>
  wrong.map(([[action, trigger], message]) => ({
    body: { lifetimeActions: [{ trigger, action }], attributes: policy.attributes },
    message,
  }));

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

/** Invalid members of a key in any request, added to valid ones. */
const wrongFacts = (right: object): readonly Wrong[] => [
  { body: { ...right, attributes: { exportable: 'yes' } }, message: 'attributes.exportable must be true or false.' },
  ...wrongTags(right),
  ...wrongAttributes(right),
  wrongTimes(right),
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

/** Invalid requests of every operation with a key; `operation` is as in the path. */
function wrongUses(operation: string, right: Readonly<Record<string, unknown>>): readonly Wrong[] {
  const octets = Object.keys(right).filter((name) => name !== 'alg');
  return [
    ...wrongNames((name) => `/keys/${name}/${operation}`),
    ...wrongNames((name) => `/keys/${name}/${'0'.repeat(32)}/${operation}`),
    ...wrongBodies,
    { body: { ...right, alg: undefined }, message: 'The member alg is missing.' },
    { body: { ...right, alg: 256 }, message: 'alg must be a string.' },
    { body: { ...right, more: 1 }, message: "The member 'more' is not supported here." },
    // Base64 with + and / has its padding, and no - or _.
    ...['a+b_', 'a+b/Yw', 'a+b/Yw=', 'a+b/Y===', 'Y', 'YWJjZ', 'YQ===', 'ü'].flatMap((found) =>
      octets.map((name) => ({
        body: { ...right, [name]: found },
        message:
          name === 'value'
            ? "Content of 'value' is not base64url.\r\nProperty 'value' is required.\r\n"
            : `The member ${name} is not base64url (RFC 4648 section 5).`,
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

/** Algorithms that do not exist or do not fit a 256-bit key. */
const wrongAlgorithms = (right: object, allowed: string): readonly Wrong[] =>
  ['A128CBCPAD', 'A192KW', 'RSA-OAEP', 'ES256', 'RSNULL', 'a256cbcpad', 'constructor', ''].map((alg) => ({
    body: { ...right, alg },
    message: `The algorithm '${alg}' is not supported for this key; allowed: ${allowed}.`,
  }));

const wrongLengths = (
  right: object,
  name: string,
  { lengths, rule }: { readonly lengths: readonly number[]; readonly rule: string },
): readonly Wrong[] =>
  lengths.map((length) => ({
    body: { ...right, [name]: b64(Buffer.alloc(length)) },
    message: `Invalid length of '${name}': ${length} bytes. ${rule}.`,
  }));

/** Zeros, which are not a ciphertext, with the length of one and with another length. */
const undecryptable = (right: object, lengths: readonly number[]): readonly Wrong[] =>
  lengths.map((length) => ({
    body: { ...right, value: b64(Buffer.alloc(length)) },
    message: 'The parameter is incorrect.\r\n',
  }));

const ciphers = 'A256GCM, A256CBC, A256CBCPAD';
const wraps = 'A256KW, CKM_AES_KEY_WRAP, CKM_AES_KEY_WRAP_PAD';
const wholeBlocks = 'A256CBC requires whole blocks of 16 bytes';
const wrapSteps = 'A256KW requires 16, 24, 32 or more bytes, in steps of 8';
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
      ...wrongNames((name) => `/keys/${name}/create`),
      ...wrongBodies,
      ...wrongFacts({ kty: 'EC' }),
      { body: { kty: 'EC', key_ops: 'sign' }, message: 'key_ops must be a list of strings.' },
      { body: {}, message: 'The member kty is missing.' },
      { body: { kty: 'EC', keySize: 256 }, message: "The member 'keySize' is not supported here." },
      { body: { kty: 'RSA-HSM' }, message: 'Hardware key operation not allowed on standard vault' },
      ...['DSA', 'rsa', 'Oct', 'OKP', ''].map((kty) => ({
        body: { kty },
        message: `Invalid kty value: ${kty}`,
        inner: 'KeyTypeNotSupported',
      })),
      ...[0, -2048, 1024, 2047, 2049, 8192].map((size) => ({
        body: { kty: 'RSA', key_size: size },
        message: `An RSA key has key_size 2048, 3072, 4096; ${size} is not supported.`,
      })),
      ...[64, 127, 129, 512].map((size) => ({
        body: { kty: 'oct', key_size: size },
        message: `An oct key has key_size 128, 192, 256; ${size} is not supported.`,
      })),
      ...['2048', 2048.5].map((size) => ({
        body: { kty: 'RSA', key_size: size },
        message: 'key_size must be a whole number.',
      })),
      {
        body: { kty: 'EC', key_size: 256 },
        message: 'key_size is for RSA and oct keys; the size of an EC key is that of its crv.',
      },
      {
        body: { kty: 'RSA', crv: 'P-256' },
        message: 'crv is for EC keys; an RSA key is made by its key_size.',
      },
      {
        body: { kty: 'EC', public_exponent: 65_537 },
        message: 'public_exponent is for RSA keys; an EC key has none.',
      },
      { body: { kty: 'EC', crv: 7 }, message: 'crv must be a string.' },
      ...[0, -3].map((exponent) => ({
        body: { kty: 'RSA', public_exponent: exponent },
        message: `public_exponent is ${exponent}; it must be a positive whole number, such as 65537.`,
      })),
      { body: { kty: 'RSA', public_exponent: '3' }, message: 'public_exponent must be a whole number.' },
      ...['P-192', 'p-256', 'secp256r1', 'Ed25519', 'constructor'].map((crv) => ({
        body: { kty: 'EC', crv },
        message: `The curve '${crv}' is not supported; allowed: P-256, P-384, P-521, P-256K, SECP256K1, secp256k1.`,
      })),
      ...['encrypt', 'wrapKey', 'Sign', 'deriveKey'].map((purpose) => ({
        body: { kty: 'EC', key_ops: ['sign', purpose] },
        message: `Unsupported key operation(s): "${purpose}". Supported values are "sign", "verify".`,
      })),
      { body: { kty: 'EC', key_ops: ['sign', 'sign'] }, message: "key_ops has 'sign' twice." },
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
      ...wrongNames((name) => `/keys/${name}`),
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
      { body: { key: oct, Hsm: true }, message: 'Hardware key operation not allowed on standard vault' },
      {
        body: { key: { ...oct, kty: 'OCT' } },
        message: 'Invalid kty value: OCT',
        inner: 'KeyTypeNotSupported',
      },
      ...[3, 15, 17, 31, 33, 64].map((length) => ({
        body: { key: { ...oct, k: b64(Buffer.alloc(length, 1)) } },
        message: `The oct key has ${length * 8} bits; use 128, 192, 256.`,
      })),
      { body: { key: { kty: 'oct' } }, message: "The key's member k is missing: an oct key needs k." },
      {
        body: { key: { ...oct, key_ops: ['seal'] } },
        message:
          'Unsupported key operation(s): "seal". Supported values are "encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey".',
      },
    ],
  },
  KeyGet: { request: ['GET', '/keys/there'], wrong: [...wrongNames((name) => `/keys/${name}`)] },
  KeyUpdate: {
    request: ['PATCH', '/keys/there', { tags: {} }],
    wrong: [
      ...wrongNames((name) => `/keys/${name}`),
      ...wrongBodies,
      ...wrongFacts({}),
      { body: { key_ops: 'sign' }, message: 'key_ops must be a list of strings.' },
      {
        body: { key_ops: ['encrypt'] },
        message: 'Unsupported key operation(s): "encrypt". Supported values are "sign", "verify".',
      },
      { body: { key_size: 256 }, message: "The member 'key_size' is not supported here." },
      {
        body: { attributes: { exportable: true } },
        message: 'AKV.SKR.1003: The exportable attribute of an existing key cannot be changed.',
      },
    ],
  },
  KeyDelete: { request: ['DELETE', '/keys/doomed'], wrong: [...wrongNames((name) => `/keys/${name}`)] },
  KeyList: { request: ['GET', '/keys'], wrong: wrongPages('/keys') },
  KeyListVersions: {
    request: ['GET', '/keys/there/versions'],
    wrong: [...wrongNames((name) => `/keys/${name}/versions`), ...wrongPages('/keys/there/versions')],
  },
  KeyListDeleted: { request: ['GET', '/deletedkeys'], wrong: wrongPages('/deletedkeys') },
  KeyGetDeleted: {
    request: ['GET', '/deletedkeys/deleted-1'],
    wrong: [...wrongNames((name) => `/deletedkeys/${name}`)],
  },
  KeyRecover: {
    request: ['POST', '/deletedkeys/deleted-1/recover'],
    wrong: [...wrongNames((name) => `/deletedkeys/${name}/recover`)],
  },
  KeyPurge: {
    request: ['DELETE', '/deletedkeys/deleted-2'],
    status: 204,
    wrong: [...wrongNames((name) => `/deletedkeys/${name}`)],
  },
  KeyBackup: { request: ['POST', '/keys/there/backup'], wrong: [...wrongNames((name) => `/keys/${name}/backup`)] },
  KeyRestore: { request: ['POST', '/keys/restore', backupOf('keys')], wrong: wrongBackups },
  KeyEncrypt: use('encrypt', plain, [
    missing('value', plain),
    missing('iv', plain),
    ...wrongAlgorithms(plain, ciphers),
    ...wrongLengths(plain, 'iv', {
      lengths: [0, 12, 15, 17],
      rule: 'A256CBCPAD requires 16 bytes, encoded with base64url',
    }),
    ...wrongLengths({ ...plain, alg: 'A256GCM' }, 'iv', {
      lengths: [1, 12],
      rule: 'A256GCM takes none to encrypt: the vault makes it',
    }),
    ...wrongLengths({ ...plain, alg: 'A256CBC' }, 'value', { lengths: [0, 15, 17], rule: wholeBlocks }),
    ...wrongLengths(plain, 'aad', { lengths: [1], rule: 'A256CBCPAD takes none' }),
  ]),
  KeyDecrypt: use('decrypt', sealed, [
    missing('value', sealed),
    missing('iv', sealed),
    ...wrongAlgorithms(sealed, ciphers),
    ...wrongLengths(sealed, 'iv', {
      lengths: [0, 15, 17],
      rule: 'A256CBCPAD requires 16 bytes, encoded with base64url',
    }),
    ...wrongLengths(sealed, 'tag', { lengths: [16], rule: 'A256CBCPAD takes none' }),
    ...undecryptable(sealed, [0, 15, 16, 17]),
  ]),
  KeySign: use('sign', toSign, [missing('value', toSign), ...wrongAlgorithms(toSign, 'HS256, HS384, HS512')]),
  KeyVerify: use('verify', signed, [
    missing('value', signed),
    missing('digest', signed),
    ...wrongAlgorithms(signed, 'HS256, HS384, HS512'),
  ]),
  KeyWrap: use('wrapkey', toWrap, [
    missing('value', toWrap),
    ...wrongAlgorithms(toWrap, wraps),
    ...wrongLengths(toWrap, 'value', { lengths: [0, 8, 15, 17, 23], rule: wrapSteps }),
  ]),
  KeyUnwrap: use('unwrapkey', toUnwrap, [
    missing('value', toUnwrap),
    ...wrongAlgorithms(toUnwrap, wraps),
    ...undecryptable(toUnwrap, [0, 16, 23, 24, 25]),
  ]),
  KeyRotate: { request: ['POST', '/keys/there/rotate'], wrong: [...wrongNames((name) => `/keys/${name}/rotate`)] },
  KeyRotationPolicyGet: {
    request: ['GET', '/keys/there/rotationpolicy'],
    wrong: [...wrongNames((name) => `/keys/${name}/rotationpolicy`)],
  },
  KeyRotationPolicySet: {
    request: ['PUT', '/keys/there/rotationpolicy', policy],
    wrong: [
      ...wrongNames((name) => `/keys/${name}/rotationpolicy`),
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
      ...['', 'P', '90', 'P-90D', 'P1.5Y', 'p90d', 'PT'].map((expiryTime) => ({
        body: { attributes: { expiryTime } },
        message: `attributes.expiryTime is '${expiryTime}'; it must be an ISO 8601 duration such as P90D, P1Y10D or PT720H.`,
      })),
      ...wrongActions(
        [
          [{ type: 'Renew' }, { timeAfterCreate: 'P30D' }],
          "The action type 'Renew' is not supported; allowed: Rotate, Notify.",
        ],
        [[rotate, {}], 'The trigger of Rotate must have one of timeAfterCreate and timeBeforeExpiry.'],
        [
          [rotate, { timeAfterCreate: 'P30D', timeBeforeExpiry: 'P30D' }],
          'The trigger of Rotate has both timeAfterCreate and timeBeforeExpiry; one is allowed.',
        ],
        [[rotate, { timeAfterCreate: 'P6D' }], 'timeAfterCreate is P6D; it must be at least 7 days.'],
        [
          [rotate, { timeAfterCreate: 'P84D' }],
          'timeAfterCreate is P84D; the rotation must be at least 7 days before the key expires, as attributes.expiryTime says.',
        ],
        [[rotate, { timeBeforeExpiry: 'P6D' }], 'timeBeforeExpiry is P6D; it must be at least 7 days.'],
        [
          [rotate, { timeBeforeExpiry: 'P84D' }],
          'timeBeforeExpiry is P84D; the rotation must be at least 7 days after the key is made, and attributes.expiryTime ' +
            'ends before that.',
        ],
        [
          [{ type: 'Notify' }, { timeAfterCreate: 'P30D' }],
          'timeAfterCreate is for Rotate only; a notification goes by timeBeforeExpiry.',
        ],
      ),
      {
        body: { ...policy, lifetimeActions: [...policy.lifetimeActions, ...policy.lifetimeActions] },
        message: 'lifetimeActions has two actions of the type Rotate; one is allowed.',
      },
      {
        body: { lifetimeActions: [{ trigger: { timeBeforeExpiry: 'P30D' }, action: rotate }] },
        message: 'A Rotate by timeBeforeExpiry needs attributes.expiryTime.',
      },
    ],
  },
  KeyRelease: {
    request: ['POST', '/keys/there/release', { target: 'token' }],
    status: 501,
    wrong: [
      ...wrongNames((name) => `/keys/${name}/release`),
      ...wrongBodies,
      { body: {}, message: 'The member target is missing.' },
      { body: { target: 'token', nonce: 1 }, message: 'nonce must be a string.' },
    ],
  },
  KeyGetAttestation: {
    request: ['GET', '/keys/there/attestation'],
    status: 501,
    wrong: [...wrongNames((name) => `/keys/${name}/attestation`)],
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
