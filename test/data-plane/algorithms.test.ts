/** Which algorithm fits which key and operation: every combination is tried. */
import assert from 'node:assert/strict';
import { Agent } from 'node:https';
import { after, before, suite, test } from 'node:test';
import type { Json } from '../world/client.ts';
import { startServer } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import { acls, errorBody, putVault } from './vaults.ts';

const vault = 'kv-algorithms';
const agent = new Agent({ keepAlive: true });
let world: TestServer;

before(async () => {
  world = await startServer();
  await putVault(world.client, vault, { networkAcls: acls.allow });
});

after(async () => {
  agent.destroy();
  await world[Symbol.asyncDispose]();
});

const words = (text: string) => text.split(' ');
const rsaEncryption = words('RSA1_5 RSA-OAEP RSA-OAEP-256');
const rsaSignature = words('RS256 RS384 RS512 PS256 PS384 PS512 RSNULL');
const hmacs = words('HS256 HS384 HS512');

/** The signatures that fit one curve only. */
const curves: ReadonlyMap<string, string> = new Map([
  ['ES256', 'P-256'],
  ['ES384', 'P-384'],
  ['ES512', 'P-521'],
  ['ES256K', 'P-256K'],
]);

type Algorithms = Readonly<Record<'encrypt' | 'wrapKey' | 'sign', readonly string[]>>;
const ofRsa: Algorithms = { encrypt: rsaEncryption, wrapKey: rsaEncryption, sign: rsaSignature };
const ofEc = (sign: string): Algorithms => ({ encrypt: [], wrapKey: [], sign: [sign] });
const ofOct = (bits: number): Algorithms => ({
  encrypt: words(`A${bits}GCM A${bits}CBC A${bits}CBCPAD`),
  wrapKey: words(`A${bits}KW CKM_AES_KEY_WRAP CKM_AES_KEY_WRAP_PAD`),
  sign: hmacs,
});

/** Keys by their material (about-keys-details, "Cryptographic protection"; for symmetric keys, of a Managed HSM). */
const keys: readonly (readonly [body: Readonly<Record<string, unknown>>, algorithms: Algorithms])[] = [
  [{ kty: 'RSA', key_size: 2048 }, ofRsa],
  [{ kty: 'EC', crv: 'P-256' }, ofEc('ES256')],
  [{ kty: 'EC', crv: 'P-384' }, ofEc('ES384')],
  [{ kty: 'EC', crv: 'P-521' }, ofEc('ES512')],
  [{ kty: 'EC', crv: 'P-256K' }, ofEc('ES256K')],
  ...[128, 192, 256].map((bits) => [{ kty: 'oct', key_size: bits }, ofOct(bits)] as const),
];

const every = [...new Set(keys.flatMap(([, algorithms]) => Object.values(algorithms).flat())), 'none'];
const b64 = (octets: Uint8Array) => Buffer.from(octets).toString('base64url');
const digestLengths: Readonly<Record<string, number>> = { '256': 32, '56K': 32, '384': 48, '512': 64 };
/** Whole blocks, and short enough for every key. */
const plaintext = Buffer.alloc(32, 7);
const iv = b64(Buffer.alloc(16, 9));

/** Pairs of operations that undo or check each other, with their input. */
const pairs = {
  encrypt: { back: 'decrypt', path: 'encrypt', backPath: 'decrypt' },
  wrapKey: { back: 'unwrapKey', path: 'wrapkey', backPath: 'unwrapkey' },
  sign: { back: 'verify', path: 'sign', backPath: 'verify' },
} as const;
type There = keyof typeof pairs;

function requestOf(there: There, alg: string): Readonly<Record<string, unknown>> {
  const digest = Buffer.alloc(digestLengths[alg.slice(-3)] ?? 32, 7);
  if (there === 'sign') return { alg, value: b64(digest) };
  return { alg, value: b64(plaintext), ...(alg.includes('CBC') && { iv }) };
}

/** The second request, made from the answer to the first. */
function requestBack(there: There, sent: Readonly<Record<string, unknown>>, answer: Json): object {
  const { alg, value } = sent;
  if (there === 'sign') return { alg, digest: value, value: answer['value'] };
  return { alg, value: answer['value'], iv: answer['iv'] ?? sent['iv'], tag: answer['tag'] };
}

for (const [index, [body, algorithms]] of keys.entries()) {
  const { kty } = body;
  const name = `key-${index}`;
  const use = (path: string, sent: object) =>
    world.client.vault(vault, 'POST', `/keys/${name}/${path}`, { agent, body: sent });

  suite(`a key that is ${Object.values(body).join(' ')}`, () => {
    let kid: unknown;

    before(async () => {
      const made = await world.client.vault(vault, 'POST', `/keys/${name}/create`, { body });
      assert.equal(made.status, 200);
      kid = made.body['key']?.['kid'];
    });

    /** An operation that its type does not support is not in its `key_ops`, which are checked first. */
    const refusalOf = (alg: string, operation: string, allowed: readonly string[]) => {
      if (allowed.length === 0) {
        const text = `Operation ${operation} is not permitted on this key.`;
        return [403, errorBody('Forbidden', text, 'KeyOperationForbidden')];
      }
      const curve = kty === 'EC' && curves.get(alg);
      const text = curve
        ? `Key and signing algorithm are incompatible. Key ${String(kid)} uses curve '${String(body['crv'])}', and algorithm ` +
          `'${alg}' can only be used with curve '${curve}'.`
        : `The algorithm '${alg}' is not supported for this key; allowed: ${allowed.join(', ')}.`;
      return [400, errorBody('BadParameter', text)];
    };

    for (const there of ['encrypt', 'wrapKey', 'sign'] as const) {
      const { back, path, backPath } = pairs[there];
      const allowed = algorithms[there];

      for (const alg of allowed) {
        test(`does ${there} and ${back} with ${alg}`, async () => {
          const sent = requestOf(there, alg);
          const answer = await use(path, sent);
          assert.equal(answer.status, 200, JSON.stringify(answer.body));
          assert.notEqual(answer.body['value'], sent['value']);
          const returned = await use(backPath, requestBack(there, sent, answer.body));
          assert.equal(returned.status, 200, JSON.stringify(returned.body));
          assert.equal(returned.body['value'], there === 'sign' ? true : sent['value']);
        });
      }

      test(`refuses to do ${there} and ${back} with any other`, async () => {
        for (const alg of every.filter((one) => !allowed.includes(one))) {
          const [first, second] = await Promise.all([
            use(path, { alg, value: b64(plaintext) }),
            use(backPath, { alg, value: b64(plaintext), ...(there === 'sign' && { digest: b64(plaintext) }) }),
          ]);
          for (const [operation, { status, body: refusal }] of [
            [there, first],
            [back, second],
          ] as const) {
            assert.deepEqual([status, refusal], refusalOf(alg, operation, allowed));
          }
        }
      });
    }
  });
}
