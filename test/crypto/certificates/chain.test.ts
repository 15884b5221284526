import assert from 'node:assert/strict';
import { createPublicKey, X509Certificate } from 'node:crypto';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { inChainOrder } from '../../../src/crypto/certificates/chain.ts';
import { publicKeyInfo } from '../../../src/crypto/certificates/keys.ts';
import { commonName } from '../../../src/crypto/certificates/name.ts';
import { outcomeOf } from '../../../src/crypto/certificates/refusal.ts';
import { sign } from '../../../src/crypto/certificates/sign.ts';
import type { CertifiableKey } from '../../../src/types/certificate.ts';
import { ec, hex, material, textOf, validity, value, withChain } from './material.ts';

const what = 'PEM file';
const leaf = { name: 'leaf', key: material('P-256') };

interface Party {
  readonly name: string;
  readonly key: CertifiableKey;
}

/** A certificate without key identifiers, so that only a signature tells authorities of one name apart. */
function certificate(
  { name, key }: Party,
  issuer: Party,
  publicKey: Uint8Array = publicKeyInfo(key),
): Promise<Uint8Array> {
  const signer = { name: commonName(issuer.name), material: issuer.key };
  return sign({ issuer: signer, subject: commonName(name), publicKey, extensions: [] }, validity);
}

function counted(context: TestContext) {
  const { mock } = context.mock.method(X509Certificate.prototype, 'verify');
  return () => mock.callCount();
}

const publicExponents = [
  ['of 64 bits', Buffer.alloc(8, 0xff), 1],
  ['of more', Buffer.concat([Buffer.from([1]), Buffer.alloc(8, 0xff)]), 0],
] as const;

describe('a chain', () => {
  it('takes one check for each issuer, whose key identifier the certificate has', async (context) => {
    const { certificates } = await withChain(leaf.key);
    const [, ...others] = (await withChain(leaf.key)).certificates;
    const checks = counted(context);
    const found = inChainOrder(leaf.key, [...others, ...certificates.toReversed()], what);
    assert.deepEqual(hex(found.certificates), hex([...certificates, ...others]));
    assert.equal(checks(), 2);
  });

  it('takes at most 50 checks, where authorities of one name have no key identifiers', async (context) => {
    const authorities = Array.from({ length: 49 }, () => ({ name: 'CA', key: ec('prime256v1') }));
    const signed = (by: number) => certificate(leaf, authorities[by] ?? leaf);
    const roots = await Promise.all(authorities.map((authority) => certificate(authority, authority)));
    const checks = counted(context);
    const leafOfLast = await signed(48);
    // The 49th check finds the last of 49, and those of its name need one check each: the first of them is refused.
    const refused = outcomeOf(what, () => inChainOrder(leaf.key, [leafOfLast, ...roots], what));
    assert.equal(
      textOf(refused),
      'The PEM file holds so many certificates of one name that its chain takes more than 50 signature checks.',
    );
    assert.equal(checks(), 50);
    const leafOfFirst = await signed(0);
    const some = [leafOfFirst, ...roots.slice(0, 25)];
    assert.deepEqual(hex(inChainOrder(leaf.key, some, what).certificates), hex(some));
    assert.equal(checks(), 50 + 25);
  });

  for (const [title, e, expected] of publicExponents) {
    it(`is followed with a public exponent ${title}${expected === 0 ? ' to its own certificate only' : ''}`, async (context) => {
      const authority = { name: 'CA', key: material('RSA 2048') };
      assert.ok(authority.key.kty === 'RSA');
      const { n } = authority.key;
      assert.equal(await checksWith(context, { authority, n, e: e.toString('base64url') }), expected);
    });
  }

  for (const [bits, expected] of [
    [4096, 1],
    [4104, 0],
  ] as const) {
    it(`is ${expected === 1 ? '' : 'not '}followed with a key of ${bits} bits`, async (context) => {
      const authority = { name: 'CA', key: material('RSA 2048') };
      const n = Buffer.alloc(bits / 8, 0xff).toString('base64url');
      assert.equal(await checksWith(context, { authority, n, e: 'AQAB' }), expected);
    });
  }
});

/** How many signatures are checked when the authority's certificate has this public key instead of its own. */
async function checksWith(
  context: TestContext,
  { authority, n, e }: { readonly authority: Party; readonly n: string; readonly e: string },
): Promise<number> {
  const key = createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' });
  const root = await certificate(authority, leaf, key.export({ format: 'der', type: 'spki' }));
  const own = await certificate(leaf, authority);
  const checks = counted(context);
  const found = inChainOrder(leaf.key, [root, own], what);
  assert.deepEqual(hex(found.certificates), hex([own, root]));
  return checks();
}

it('certificates of a file that have more than 128 KB together are refused', async () => {
  const padded = async (size: number) => {
    const name = { name: 'x'.repeat(size), key: leaf.key };
    return certificate(name, name);
  };
  const two = [await padded(32_000), await padded(34_000)];
  const read = (certificates: readonly Uint8Array[]) =>
    outcomeOf(what, () => inChainOrder(leaf.key, certificates, what));
  assert.match(textOf(read(two)), /^The chain of certificates has 13\d{4} bytes; at most 131072 are read\.$/);
  assert.equal(value(read(two.slice(0, 1))).certificates.length, 1);
});
