import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { KeyEngineBusy } from '../../src/crypto/key-engine-busy.ts';
import { openKeyEngine } from '../../src/crypto/key-engine.ts';
import type { CryptoAnswer, CryptoOperation, CryptoRequest, KeyMaterial, KeySpec } from '../../src/types/key.ts';
import { readKeyMaterial } from '../../src/crypto/read-key-material.ts';
import { compositeKey } from './keys/composite-key.ts';
import { rsaOfA2 } from './keys/published-keys.ts';

const specs = {
  'RSA 2048': { family: 'RSA', size: 2048 },
  'RSA 3072': { family: 'RSA', size: 3072 },
  'P-256': { family: 'EC', curve: 'P-256' },
  'P-384': { family: 'EC', curve: 'P-384' },
  'P-521': { family: 'EC', curve: 'P-521' },
  'P-256K': { family: 'EC', curve: 'P-256K' },
  'oct 128': { family: 'oct', size: 128 },
  'oct 192': { family: 'oct', size: 192 },
  'oct 256': { family: 'oct', size: 256 },
} as const satisfies Readonly<Record<string, KeySpec>>;
type KeyName = keyof typeof specs;

const encryptions = ['RSA1_5', 'RSA-OAEP', 'RSA-OAEP-256'];
const rsaSignatures = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'RSNULL'];
const macs = ['HS256', 'HS384', 'HS512'];
const contents = (size: number) => [`A${size}GCM`, `A${size}CBC`, `A${size}CBCPAD`];
const wraps = (size: number) => [`A${size}KW`, 'CKM_AES_KEY_WRAP', 'CKM_AES_KEY_WRAP_PAD'];

/** The algorithms of each key. */
const abilities: Readonly<
  Record<KeyName, { encrypt: readonly string[]; wrap: readonly string[]; sign: readonly string[] }>
> = {
  'RSA 2048': { encrypt: encryptions, wrap: encryptions, sign: rsaSignatures },
  'RSA 3072': { encrypt: encryptions, wrap: encryptions, sign: rsaSignatures },
  'P-256': { encrypt: [], wrap: [], sign: ['ES256'] },
  'P-384': { encrypt: [], wrap: [], sign: ['ES384'] },
  'P-521': { encrypt: [], wrap: [], sign: ['ES512'] },
  'P-256K': { encrypt: [], wrap: [], sign: ['ES256K'] },
  'oct 128': { encrypt: contents(128), wrap: wraps(128), sign: macs },
  'oct 192': { encrypt: contents(192), wrap: wraps(192), sign: macs },
  'oct 256': { encrypt: contents(256), wrap: wraps(256), sign: macs },
};
const operations = {
  encrypt: 'encrypt',
  decrypt: 'encrypt',
  wrapKey: 'wrap',
  unwrapKey: 'wrap',
  sign: 'sign',
  verify: 'sign',
} as const satisfies Readonly<Record<CryptoOperation, keyof (typeof abilities)[KeyName]>>;

/** Signatures that are for one curve only. */
const curves: ReadonlyMap<string, string> = new Map([
  ['ES256', 'P-256'],
  ['ES384', 'P-384'],
  ['ES512', 'P-521'],
  ['ES256K', 'P-256K'],
]);

const names = Object.keys(specs) as KeyName[];
const everyAlgorithm = [...new Set(names.flatMap((name) => Object.values(abilities[name]).flat()))];
const engine = openKeyEngine({ threads: 2 });
const keys = new Map<KeyName, KeyMaterial>();

before(async () => {
  await Promise.all(names.map(async (name) => keys.set(name, await engine.generate(specs[name]))));
});
after(() => engine.close());

function key(name: KeyName): KeyMaterial {
  const found = keys.get(name);
  assert.ok(found !== undefined);
  return found;
}

const perform = (operation: CryptoOperation, name: KeyName, request: CryptoRequest) =>
  engine.perform(operation, key(name), request);

function resultOf(answer: CryptoAnswer) {
  assert.ok(answer.ok && 'result' in answer, JSON.stringify(answer));
  return answer;
}

const notDecrypted = { ok: false, refusal: { kind: 'notDecrypted' } };

/** RSNULL accepts values of any length up to the modulus. */
const digestLength = (algorithm: string) => (algorithm === 'RSNULL' ? 19 : Number(algorithm.slice(2, 5)) / 8);

describe('an algorithm that is not for the key or the operation', () => {
  for (const name of names) {
    for (const operation of Object.keys(operations) as CryptoOperation[]) {
      it(`${operation} with ${name} is refused with those that are`, async () => {
        const allowed = abilities[name][operations[operation]];
        const others = [...everyAlgorithm, 'none', 'rs256', '', 'constructor', 'toString', '__proto__'].filter(
          (algorithm) => !allowed.includes(algorithm),
        );
        for (const algorithm of others) {
          const answer = await perform(operation, name, { algorithm, value: new Uint8Array(32) });
          const requires = name.startsWith('P-') && operations[operation] === 'sign' && curves.get(algorithm);
          const refusal = requires
            ? { kind: 'curveNotSupported', algorithm, curve: name, requires }
            : { kind: 'algorithmNotSupported', algorithm, allowed };
          assert.deepEqual(answer, { ok: false, refusal });
        }
      });
    }
  }
});

describe('lengths', () => {
  const refused = (what: string, found: number, expected: string) => ({
    ok: false,
    refusal: { kind: 'wrongLength', what, found, expected },
  });

  it("of a digest are exact, and refused in Azure's words", async () => {
    for (const name of names.filter((one) => !one.startsWith('oct'))) {
      for (const algorithm of abilities[name].sign.filter((one) => one !== 'RSNULL')) {
        const length = digestLength(algorithm);
        for (const found of [0, length - 1, length + 1]) {
          const value = new Uint8Array(found);
          const expected = `${algorithm} requires ${length} bytes, encoded with base64url`;
          assert.deepEqual(await perform('sign', name, { algorithm, value }), refused('value', found, expected));
          assert.deepEqual(
            await perform('verify', name, { algorithm, value, signature: new Uint8Array(256) }),
            refused('digest', found, expected),
          );
        }
      }
    }
  });

  it('of a value for RSNULL are at most what fits into the modulus', async () => {
    for (const [name, most] of [
      ['RSA 2048', 245],
      ['RSA 3072', 373],
    ] as const) {
      for (const length of [0, 1, most]) {
        const value = new Uint8Array(length).fill(1);
        const { result: signature } = resultOf(await perform('sign', name, { algorithm: 'RSNULL', value }));
        const verify = await perform('verify', name, { algorithm: 'RSNULL', value, signature });
        assert.deepEqual(verify, { ok: true, verified: true });
      }
      const request = { algorithm: 'RSNULL', value: new Uint8Array(most + 1), signature: new Uint8Array(256) };
      const expected = `RSNULL requires at most ${most} bytes with this key`;
      assert.deepEqual(await perform('sign', name, request), refused('value', most + 1, expected));
      assert.deepEqual(await perform('verify', name, request), refused('digest', most + 1, expected));
    }
  });

  it('of a plaintext for RSA are at most what fits into the modulus', async () => {
    for (const [algorithm, most] of [
      ['RSA1_5', 245],
      ['RSA-OAEP', 214],
      ['RSA-OAEP-256', 190],
    ] as const) {
      for (const [close, open] of [
        ['encrypt', 'decrypt'],
        ['wrapKey', 'unwrapKey'],
      ] as const) {
        const value = new Uint8Array(most).fill(1);
        const { result } = resultOf(await perform(close, 'RSA 2048', { algorithm, value }));
        const opened = resultOf(await perform(open, 'RSA 2048', { algorithm, value: result }));
        assert.deepEqual(new Uint8Array(opened.result), value);
        assert.deepEqual(
          await perform(close, 'RSA 2048', { algorithm, value: new Uint8Array(most + 1) }),
          refused('value', most + 1, `${algorithm} requires at most ${most} bytes with this key`),
        );
        for (const found of [0, 255, 257]) {
          const answer = await perform(open, 'RSA 2048', { algorithm, value: new Uint8Array(found) });
          assert.deepEqual(answer, notDecrypted);
        }
      }
    }
  });

  it('of iv and tag are exact', async () => {
    const value = new Uint8Array(16);
    const iv = new Uint8Array(12);
    const tag = new Uint8Array(16);
    const requires = (algorithm: string, length: number) =>
      `${algorithm} requires ${length} bytes, encoded with base64url`;
    for (const length of [0, 11, 13, 16]) {
      const request = { algorithm: 'A256GCM', value, iv: new Uint8Array(length), tag };
      assert.deepEqual(await perform('decrypt', 'oct 256', request), refused('iv', length, requires('A256GCM', 12)));
    }
    for (const length of [0, 4, 12, 15, 17]) {
      const request = { algorithm: 'A256GCM', value, iv, tag: new Uint8Array(length) };
      assert.deepEqual(await perform('decrypt', 'oct 256', request), refused('tag', length, requires('A256GCM', 16)));
    }
    for (const algorithm of ['A128CBC', 'A128CBCPAD']) {
      const request = { algorithm, value, iv };
      const expected = refused('iv', 12, requires(algorithm, 16));
      assert.deepEqual(await perform('encrypt', 'oct 128', request), expected);
      assert.deepEqual(await perform('decrypt', 'oct 128', request), expected);
    }
  });

  it('of plaintexts for AES are whole blocks, or half blocks for wrapping', async () => {
    const iv = new Uint8Array(16);
    for (const length of [0, 15, 17]) {
      const value = new Uint8Array(length);
      const blocks = (algorithm: string) => refused('value', length, `${algorithm} requires whole blocks of 16 bytes`);
      assert.deepEqual(await perform('encrypt', 'oct 128', { algorithm: 'A128CBC', value, iv }), blocks('A128CBC'));
      for (const algorithm of ['A128CBC', 'A128CBCPAD']) {
        assert.deepEqual(await perform('decrypt', 'oct 128', { algorithm, value, iv }), notDecrypted);
      }
      resultOf(await perform('encrypt', 'oct 128', { algorithm: 'A128CBCPAD', value, iv }));
    }
    for (const [algorithm, lengths, expected] of [
      ['A128KW', [0, 8, 15, 17], 'requires 16, 24, 32 or more bytes, in steps of 8'],
      ['CKM_AES_KEY_WRAP_PAD', [0], 'requires at least 1 byte'],
    ] as const) {
      for (const length of lengths) {
        assert.deepEqual(
          await perform('wrapKey', 'oct 128', { algorithm, value: new Uint8Array(length) }),
          refused('value', length, `${algorithm} ${expected}`),
        );
      }
    }
    for (const [algorithm, lengths] of [
      ['A128KW', [0, 16, 23, 25]],
      ['CKM_AES_KEY_WRAP_PAD', [0, 8, 15, 17]],
    ] as const) {
      for (const length of lengths) {
        const answer = await perform('unwrapKey', 'oct 128', { algorithm, value: new Uint8Array(length) });
        assert.deepEqual(answer, notDecrypted);
      }
    }
  });

  it('of parameters that an algorithm does not take are 0', async () => {
    const value = new Uint8Array(16);
    const octets = new Uint8Array(3);
    for (const [name, operation, algorithm, taken, others] of [
      ['oct 128', 'encrypt', 'A128CBC', { iv: value }, ['additionalData', 'tag']],
      ['oct 128', 'decrypt', 'A128CBCPAD', { iv: value }, ['additionalData', 'tag']],
      ['oct 128', 'wrapKey', 'A128KW', {}, ['iv', 'additionalData', 'tag']],
      ['RSA 2048', 'encrypt', 'RSA-OAEP', {}, ['iv', 'additionalData', 'tag']],
    ] as const) {
      for (const other of others) {
        const what = other === 'additionalData' ? 'aad' : other;
        const answer = await perform(operation, name, { algorithm, value, ...taken, [other]: octets });
        assert.deepEqual(answer, refused(what, 3, `${algorithm} takes none`));
      }
      if (operation !== 'decrypt') {
        resultOf(await perform(operation, name, { algorithm, value, ...taken, tag: new Uint8Array() }));
      }
    }
  });
});

it('a missing parameter is named', async () => {
  const value = new Uint8Array(32);
  for (const [operation, name, request, what] of [
    ['encrypt', 'oct 256', { algorithm: 'A256CBC', value }, 'iv'],
    ['decrypt', 'oct 256', { algorithm: 'A256CBCPAD', value }, 'iv'],
    ['decrypt', 'oct 256', { algorithm: 'A256GCM', value }, 'iv'],
    ['decrypt', 'oct 256', { algorithm: 'A256GCM', value, iv: new Uint8Array(12) }, 'tag'],
    ['verify', 'oct 256', { algorithm: 'HS256', value }, 'value'],
    ['verify', 'RSA 2048', { algorithm: 'RS256', value }, 'value'],
    ['verify', 'P-256', { algorithm: 'ES256', value }, 'value'],
  ] as const) {
    assert.deepEqual(await perform(operation, name, request), { ok: false, refusal: { kind: 'missing', what } });
  }
});

/** The octets with one bit flipped. */
function flipped(octets: Uint8Array, bit: number): Uint8Array {
  const changed = new Uint8Array(octets);
  const at = bit % (8 * octets.length);
  changed[at >> 3] = (changed[at >> 3] ?? 0) ^ (1 << (at & 7));
  return changed;
}

const bits = fc.nat();
/** Fewer runs than usual: an RSA operation takes milliseconds. */
const runs = { numRuns: 15 };

describe('signatures verify, and nothing else does', () => {
  for (const name of names) {
    for (const algorithm of abilities[name].sign) {
      it(`${algorithm} with ${name}`, async () => {
        const length = digestLength(algorithm);
        const values = fc.oneof(
          fc.uint8Array({ minLength: length, maxLength: length }),
          fc.constant(new Uint8Array(length)),
        );
        await fc.assert(
          fc.asyncProperty(values, bits, async (value, bit) => {
            const { result: signature } = resultOf(await perform('sign', name, { algorithm, value }));
            const verify = (request: Omit<CryptoRequest, 'algorithm'>) =>
              perform('verify', name, { algorithm, ...request });
            assert.deepEqual(await verify({ value, signature }), { ok: true, verified: true });
            const no = { ok: true, verified: false };
            assert.deepEqual(await verify({ value, signature: flipped(signature, bit) }), no);
            assert.deepEqual(await verify({ value: flipped(value, bit), signature }), no);
            assert.deepEqual(await verify({ value, signature: signature.subarray(1) }), no);
            assert.deepEqual(await verify({ value, signature: new Uint8Array() }), no);
            assert.deepEqual(await verify({ value, signature: Buffer.concat([signature, Buffer.alloc(1)]) }), no);
          }),
          runs,
        );
      });
    }
  }

  it('not a signature with r or s out of range', async () => {
    const order = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex');
    const one = Buffer.concat([Buffer.alloc(31), Buffer.of(1)]);
    for (const half of [Buffer.alloc(32), order, Buffer.alloc(32, 255)]) {
      for (const signature of [Buffer.concat([half, one]), Buffer.concat([one, half])]) {
        const answer = await perform('verify', 'P-256', { algorithm: 'ES256', value: new Uint8Array(32), signature });
        assert.deepEqual(answer, { ok: true, verified: false });
      }
    }
  });

  it('not with another key of the same kind', async () => {
    const value = randomBytes(32);
    const { result: signature } = resultOf(await perform('sign', 'RSA 2048', { algorithm: 'PS256', value }));
    const answer = await engine.perform('verify', rsaOfA2, { algorithm: 'PS256', value, signature });
    assert.deepEqual(answer, { ok: true, verified: false });
  });
});

describe('ciphertexts decrypt, and nothing else does', () => {
  const ivOf = (algorithm: string) => (algorithm.includes('CBC') ? { iv: randomBytes(16) } : {});

  for (const name of names) {
    for (const [close, open, algorithms] of [
      ['encrypt', 'decrypt', abilities[name].encrypt],
      ['wrapKey', 'unwrapKey', abilities[name].wrap],
    ] as const) {
      for (const algorithm of algorithms) {
        it(`${close} ${algorithm} with ${name}`, async () => {
          await fc.assert(
            fc.asyncProperty(fc.uint8Array({ minLength: 16, maxLength: 64 }), bits, async (octets, bit) => {
              const value = octets.subarray(0, octets.length - (octets.length % 16));
              const closed = resultOf(await perform(close, name, { algorithm, value, ...ivOf(algorithm) }));
              const { result, iv, tag } = closed;
              const request = { algorithm, ...(iv && { iv }), ...(tag && { tag }) };
              const opened = resultOf(await perform(open, name, { ...request, value: result }));
              assert.deepEqual(new Uint8Array(opened.result), new Uint8Array(value));
              const damaged = await perform(open, name, { ...request, value: flipped(result, bit) });
              // CBC authenticates nothing, and RSA1_5 almost nothing.
              if (damaged.ok && (algorithm.includes('CBC') || algorithm === 'RSA1_5')) {
                assert.notDeepEqual(new Uint8Array(resultOf(damaged).result), new Uint8Array(value));
              } else assert.deepEqual(damaged, notDecrypted);
            }),
            runs,
          );
        });
      }
    }
  }

  it('with the same additional data, iv and tag', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array(), fc.uint8Array({ minLength: 1 }), bits, async (value, additionalData, bit) => {
        const closed = resultOf(await perform('encrypt', 'oct 192', { algorithm: 'A192GCM', value, additionalData }));
        const { result, iv, tag } = closed;
        assert.ok(iv?.length === 12 && tag?.length === 16);
        assert.deepEqual(closed.additionalData, additionalData);
        const request = { algorithm: 'A192GCM', value: result, iv, tag, additionalData };
        assert.deepEqual(new Uint8Array(resultOf(await perform('decrypt', 'oct 192', request)).result), value);
        for (const change of [
          { iv: flipped(iv, bit) },
          { tag: flipped(tag, bit) },
          { additionalData: flipped(additionalData, bit) },
          { additionalData: new Uint8Array() },
        ]) {
          assert.deepEqual(await perform('decrypt', 'oct 192', { ...request, ...change }), notDecrypted);
        }
      }),
    );
  });

  it('of GCM have a new iv each time, and never a given one', async () => {
    const none = new Uint8Array();
    const request = { algorithm: 'A128GCM', value: new Uint8Array(4), iv: none, tag: none };
    for (const [what, length] of [
      ['iv', 1],
      ['iv', 12],
      ['tag', 16],
    ] as const) {
      assert.deepEqual(await perform('encrypt', 'oct 128', { ...request, [what]: new Uint8Array(length) }), {
        ok: false,
        refusal: {
          kind: 'wrongLength',
          what,
          found: length,
          expected: 'A128GCM takes none to encrypt: the vault makes it',
        },
      });
    }
    const ivs = await Promise.all(
      Array.from({ length: 50 }, async () => {
        const { iv } = resultOf(await perform('encrypt', 'oct 128', request));
        return Buffer.from(iv ?? []).toString('hex');
      }),
    );
    assert.equal(new Set(ivs).size, 50);
  });
});

describe('an imported key', () => {
  it('is proved to have primes', async () => {
    for (const name of names) assert.equal(await engine.prove(key(name)), undefined, name);
    for (const [whole, size] of [
      [rsaOfA2, 1024],
      [key('RSA 3072'), 1536],
    ] as const) {
      assert.ok(whole.kty === 'RSA');
      assert.equal(await engine.prove(whole), undefined);
      const composite = compositeKey(whole);
      assert.equal(readKeyMaterial(composite).ok, true, 'its members are consistent');
      const refusal = { kind: 'keyNotValid', message: `The RSA key's p and q must be two primes of ${size} bits.` };
      assert.deepEqual(await engine.prove(composite), refusal);
      const { p, q, dp, dq } = composite;
      assert.deepEqual(await engine.prove({ ...composite, p: q, q: p, dp: dq, dq: dp }), refusal);
    }
  });
});

describe('the threads', () => {
  it('make RSA keys one at a time, while other operations continue', async () => {
    const order: string[] = [];
    const make = async (size: number) => {
      const material = await engine.generate({ family: 'RSA', size });
      order.push(`RSA ${size}`);
      return material;
    };
    const made = Promise.all([make(4096), make(2048), make(3072)]);
    const value = randomBytes(32);
    await perform('sign', 'P-256', { algorithm: 'ES256', value });
    await perform('sign', 'RSA 2048', { algorithm: 'RS256', value });
    await engine.generate({ family: 'EC', curve: 'P-521' });
    order.push('others');
    const moduli = (await made).map(
      (material) => material.kty === 'RSA' && Buffer.from(material.n, 'base64url').length,
    );
    assert.deepEqual(order, ['others', 'RSA 4096', 'RSA 2048', 'RSA 3072']);
    assert.deepEqual(moduli, [512, 256, 384]);
  });

  it('refuse an RSA key when the most are waiting, and make one when there is room again', async () => {
    const other = openKeyEngine({ threads: 1, rsaKeysMax: 2 });
    const rsa = (size: 2048 | 4096 = 2048) => other.generate({ family: 'RSA', size });
    // A small one could be made by chance before the next key.
    const [first, second] = [rsa(4096), rsa()];
    await assert.rejects(rsa(), new KeyEngineBusy('2 RSA keys to be generated or checked'));
    assert.equal((await other.generate({ family: 'EC', curve: 'P-256' })).kty, 'EC');
    await assert.rejects(other.prove(rsaOfA2), new KeyEngineBusy('2 RSA keys to be generated or checked'));
    await first;
    const third = rsa();
    await assert.rejects(rsa(), new KeyEngineBusy('2 RSA keys to be generated or checked'));
    await Promise.all([second, third]);
    await other.close();
  });

  it('do many operations with many keys at once, each with its own', async () => {
    const values = Array.from({ length: 60 }, () => randomBytes(32));
    const signers = ['RSA 2048', 'P-256', 'RSA 3072', 'P-256'] as const;
    const verified = values.map(async (value, index) => {
      const name = signers[index % signers.length] ?? 'P-256';
      const algorithm = name === 'P-256' ? 'ES256' : 'RS256';
      const { result: signature } = resultOf(await perform('sign', name, { algorithm, value }));
      return perform('verify', name, { algorithm, value, signature });
    });
    for (const answer of await Promise.all(verified)) assert.deepEqual(answer, { ok: true, verified: true });
  });

  it('get no more of a buffer than its slice', async () => {
    const pool = Buffer.alloc(1 << 20, 7);
    const value = pool.subarray(100, 132);
    const { result: signature } = resultOf(await perform('sign', 'RSA 2048', { algorithm: 'RS256', value }));
    const same = { algorithm: 'RS256', value: new Uint8Array(32).fill(7), signature };
    assert.deepEqual(await perform('verify', 'RSA 2048', same), { ok: true, verified: true });
  });

  it('report an unusable stored key without showing anything of it, and continue', async () => {
    const broken: KeyMaterial = { kty: 'EC', crv: 'P-256', x: 'AAAA', y: 'AAAA', d: 'c2VjcmV0' };
    const request = { algorithm: 'ES256', value: new Uint8Array(32), signature: new Uint8Array(64).fill(1) };
    await assert.rejects(engine.perform('verify', broken, request), (error: Error) => {
      assert.match(error.message, /^the key engine failed: /);
      assert.doesNotMatch(error.message, /c2VjcmV0|AAAA/);
      return true;
    });
    const unusable: KeyMaterial = { ...rsaOfA2, p: 'AA' };
    await assert.rejects(engine.perform('decrypt', unusable, { algorithm: 'RSA-OAEP', value: new Uint8Array(256) }));
    resultOf(await perform('sign', 'P-256', { algorithm: 'ES256', value: request.value }));
  });
});

/** The threads that `work` starts, and what it returns. */
async function startedBy<T>(
  run: () => Promise<T>,
): Promise<{ readonly threads: readonly Worker[]; readonly value: T }> {
  const threads: Worker[] = [];
  const add = (thread: Worker) => threads.push(thread);
  process.on('worker', add);
  try {
    return { value: await run(), threads };
  } finally {
    process.off('worker', add);
  }
}

describe('the number of threads', () => {
  const request = { algorithm: 'RS256', value: new Uint8Array(32) };

  it('is the number of tasks at the same time, up to the limit', async () => {
    const other = openKeyEngine({ threads: 2 });
    const sign = async (times: number) => {
      const row = Array.from({ length: times }, () => other.perform('sign', rsaOfA2, request));
      for (const answer of await Promise.all(row)) resultOf(answer);
    };
    const numbers: number[] = [];
    const count = async (run: () => Promise<unknown>) => numbers.push((await startedBy(run)).threads.length);
    await count(() => other.generate({ family: 'oct', size: 128 }));
    await count(() => sign(1));
    await count(() => sign(1));
    await count(() => sign(20));
    await count(() => sign(20));
    await count(() => other.generate({ family: 'RSA', size: 2048 }));
    await other.close();
    assert.deepEqual(numbers, [0, 1, 0, 1, 0, 1]);
  });

  it('is restored when one has ended, and only its tasks are lost', async () => {
    const other = openKeyEngine({ threads: 1 });
    process.once('worker', (thread) => {
      void thread.terminate();
    });
    await assert.rejects(other.perform('sign', rsaOfA2, request), { message: 'a thread of the key engine has ended' });
    const { threads, value: answer } = await startedBy(() => other.perform('sign', rsaOfA2, request));
    resultOf(answer);
    assert.equal(threads.length, 1);
    await other.close();
  });

  it('grows even when the code cannot be read any more', () => {
    const folder = mkdtempSync(join(tmpdir(), 'postern-engine-'));
    for (const room of ['crypto', 'programs', 'types']) {
      cpSync(new URL(`../../src/${room}`, import.meta.url), join(folder, room), { recursive: true });
    }
    const script = `import { rmSync } from 'node:fs';
      import { openKeyEngine } from '${pathToFileURL(join(folder, 'crypto/key-engine.ts')).href}';
      const engine = openKeyEngine({ threads: 1 });
      rmSync('${folder}', { recursive: true });
      const { kty } = await engine.generate({ family: 'EC', curve: 'P-256' });
      console.log(kty);`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
      timeout: 30_000,
      encoding: 'utf8',
    });
    assert.deepEqual([stdout, stderr], ['EC\n', '']);
  });
});

describe('closing', () => {
  it('finishes what is in progress, and refuses what comes later', async () => {
    const other = openKeyEngine({ threads: 1 });
    const value = randomBytes(32);
    const under = other.perform('sign', rsaOfA2, { algorithm: 'RS256', value });
    await other.close();
    resultOf(await under);
    const closed = { message: 'the key engine is closed' };
    await assert.rejects(other.perform('sign', rsaOfA2, { algorithm: 'RS256', value }), closed);
    await assert.rejects(other.generate({ family: 'RSA', size: 2048 }), closed);
    await other.close();
  });

  it('is not needed for a process to exit', () => {
    const file = new URL('../../src/crypto/key-engine.ts', import.meta.url).href;
    const script = `import { openKeyEngine } from '${file}';
      const engine = openKeyEngine({ threads: 1 });
      const { kty } = await engine.generate({ family: 'EC', curve: 'P-256' });
      console.log(kty);`;
    const { stdout, status } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
      timeout: 30_000,
    });
    assert.equal(status, 0);
    assert.equal(stdout.toString(), 'EC\n');
  });
});
