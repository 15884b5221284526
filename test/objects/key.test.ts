import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { checkUse, rotatedVersion } from '../../src/objects/keys/key.ts';
import type { KeyVersion } from '../../src/objects/keys/key.ts';
import { keyPurposes, keySpec, readKeyType } from '../../src/objects/keys/type.ts';
import type { Attributes, Outcome } from '../../src/objects/object.ts';
import type { CryptoOperation } from '../../src/types/key.ts';

const operations: readonly CryptoOperation[] = ['encrypt', 'decrypt', 'sign', 'verify', 'wrapKey', 'unwrapKey'];

function key(attributes: Partial<Attributes>, keyOps: readonly CryptoOperation[] = operations): KeyVersion {
  return {
    version: 'f'.repeat(32),
    kty: 'oct',
    keyOps,
    material: { kty: 'oct', k: 'AAAAAAAAAAAAAAAAAAAAAA' },
    attributes: { enabled: true, created: 0, updated: 0, ...attributes },
  };
}

function messageOf(outcome: Outcome<unknown>): string {
  assert.ok(!outcome.ok && outcome.refusal.kind === 'badParameter', JSON.stringify(outcome));
  return outcome.refusal.message;
}

suite('a key may be used', () => {
  const goesOn = new Set<CryptoOperation>(['decrypt', 'verify', 'unwrapKey']);
  for (const operation of operations) {
    test(`to ${operation}: from its nbf until its exp${goesOn.has(operation) ? ', and outside of them' : ''}`, () => {
      const window = key({ notBefore: 100, expires: 200 });
      for (const now of [100, 150, 199]) assert.equal(checkUse(window, operation, now), undefined);
      const early = { kind: 'keyNotYetValid', operation, notBefore: 100 };
      const late = { kind: 'keyExpired', operation, expires: 200 };
      assert.deepEqual(checkUse(window, operation, 99), goesOn.has(operation) ? undefined : early);
      assert.deepEqual(checkUse(window, operation, 200), goesOn.has(operation) ? undefined : late);
    });

    test(`to ${operation} only when it is enabled, and for that`, () => {
      assert.deepEqual(checkUse(key({ enabled: false }), operation, 0), { kind: 'keyDisabled', operation });
      const others = operations.filter((other) => other !== operation);
      assert.deepEqual(checkUse(key({}, others), operation, 0), { kind: 'keyOperationForbidden', operation });
      assert.equal(checkUse(key({}, [operation]), operation, 0), undefined);
    });
  }
});

suite('a key type', () => {
  test('in an HSM needs a premium vault', () => {
    for (const kty of ['RSA-HSM', 'EC-HSM', 'oct-HSM']) {
      assert.deepEqual(readKeyType(kty, { sku: 'premium' }), { ok: true, value: kty });
      assert.equal(
        messageOf(readKeyType(kty, { sku: 'standard' })),
        'Hardware key operation not allowed on standard vault',
      );
    }
    for (const kty of ['RSA', 'EC', 'oct']) {
      assert.deepEqual(readKeyType(kty, { sku: 'standard' }), { ok: true, value: kty });
    }
  });

  test('is case-sensitive', () => {
    for (const kty of ['rsa', 'OCT', 'OKP', 'toString', '']) {
      const refusal = { kind: 'keyTypeNotSupported', kty };
      assert.deepEqual(readKeyType(kty, { sku: 'premium' }), { ok: false, refusal });
    }
  });

  test('has a default size or curve', () => {
    assert.deepEqual(keySpec('RSA-HSM', {}), { ok: true, value: { family: 'RSA', size: 2048 } });
    assert.deepEqual(keySpec('oct', {}), { ok: true, value: { family: 'oct', size: 256 } });
    assert.deepEqual(keySpec('EC', {}), { ok: true, value: { family: 'EC', curve: 'P-256' } });
    assert.deepEqual(keySpec('EC', { curve: '' }), { ok: true, value: { family: 'EC', curve: 'P-256' } });
  });

  test('has the sizes and curves of Azure, and the message says which', () => {
    const allowed = { RSA: [2048, 3072, 4096], oct: [128, 192, 256] } as const;
    for (const [family, sizes] of Object.entries(allowed)) {
      const kty = family === 'RSA' ? 'RSA' : 'oct';
      for (const size of sizes) assert.deepEqual(keySpec(kty, { size }), { ok: true, value: { family, size } });
      for (const size of [0, -2048, 1024, 2047, 64, 512]) {
        const message = `An ${family} key has key_size ${sizes.join(', ')}; ${size} is not supported.`;
        assert.equal(messageOf(keySpec(kty, { size })), message);
      }
    }
    for (const curve of ['P-256', 'P-384', 'P-521', 'P-256K']) {
      assert.deepEqual(keySpec('EC', { curve }), { ok: true, value: { family: 'EC', curve } });
    }
    for (const curve of ['SECP256K1', 'secp256k1']) {
      assert.deepEqual(keySpec('EC', { curve }), { ok: true, value: { family: 'EC', curve: 'P-256K' } });
    }
    for (const curve of ['P-192', 'p-256', 'Secp256k1', ' ', 'constructor']) {
      assert.equal(
        messageOf(keySpec('EC', { curve })),
        `The curve '${curve}' is not supported; allowed: P-256, P-384, P-521, P-256K, SECP256K1, secp256k1.`,
      );
    }
  });

  test('has one or the other, not both', () => {
    assert.equal(
      messageOf(keySpec('EC', { size: 256 })),
      'key_size is for RSA and oct keys; the size of an EC key is that of its crv.',
    );
    assert.equal(
      messageOf(keySpec('RSA', { curve: 'P-256' })),
      'crv is for EC keys; an RSA key is made by its key_size.',
    );
  });

  test('determines what its keys are for', () => {
    const every = ['encrypt', 'decrypt', 'sign', 'verify', 'wrapKey', 'unwrapKey'];
    assert.deepEqual(keyPurposes('RSA', undefined), { ok: true, value: every });
    assert.deepEqual(keyPurposes('EC-HSM', undefined), { ok: true, value: ['sign', 'verify'] });
    assert.deepEqual(keyPurposes('EC', ['verify']), { ok: true, value: ['verify'] });
    assert.deepEqual(keyPurposes('RSA', []), { ok: true, value: [] });
    assert.equal(
      messageOf(keyPurposes('EC', ['sign', 'encrypt'])),
      'Unsupported key operation(s): "encrypt". Supported values are "sign", "verify".',
    );
    assert.equal(messageOf(keyPurposes('RSA', ['sign', 'sign'])), "key_ops has 'sign' twice.");
    assert.deepEqual(keyPurposes('EC', ['export', 'sign']), { ok: true, value: ['export', 'sign'] });
  });

  test('allows a key for importing others only in an HSM, and for nothing else', () => {
    assert.deepEqual(keyPurposes('RSA-HSM', ['import']), { ok: true, value: ['import'] });
    for (const asked of [
      ['import', 'wrapKey'],
      ['export', 'import'],
    ]) {
      assert.equal(
        messageOf(keyPurposes('RSA-HSM', asked)),
        "key_ops has 'import' beside others; a key under which others are imported is for nothing else.",
      );
    }
    for (const kty of ['RSA', 'EC-HSM', 'oct-HSM'] as const) {
      assert.match(messageOf(keyPurposes(kty, ['import'])), /^Unsupported key operation\(s\): "import"\. Supported/);
    }
    assert.match(messageOf(keyPurposes('RSA-HSM', ['seal'])), /"wrapKey", "unwrapKey", "import"\.$/);
  });
});

test("a rotation keeps a key's type and uses, but not its times", () => {
  const before: KeyVersion = {
    ...key({ enabled: false, notBefore: 5, expires: 9, created: 1, updated: 7 }, ['sign']),
    tags: { a: 'b' },
  };
  assert.deepEqual(rotatedVersion(before, { version: 'e'.repeat(32), nowSeconds: 100 }), {
    version: 'e'.repeat(32),
    kty: 'oct',
    keyOps: ['sign'],
    attributes: { enabled: false, created: 100, updated: 100 },
    tags: { a: 'b' },
  });
});
