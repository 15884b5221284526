import assert from 'node:assert/strict';
import { createECDH, createHash } from 'node:crypto';
import { after, describe, it } from 'node:test';
import { openKeyEngine } from '../../../src/crypto/key-engine.ts';
import { sealGcm } from '../../../src/crypto/keys/aes.ts';
import { curves } from '../../../src/crypto/keys/curves.ts';
import { readKeyMaterial } from '../../../src/crypto/read-key-material.ts';
import type { CryptoOperation, CryptoRequest, KeyCurve, KeyMaterial } from '../../../src/types/key.ts';
import { ecOfA3, ecOfA4, rsaOfA1, rsaOfA2, rsaOfA2OfJwe } from './published-keys.ts';

const engine = openKeyEngine({ threads: 1 });
after(() => engine.close());

const hex = (text: string) => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');
const base64url = (text: string) => Buffer.from(text, 'base64url');
const octKey = (octets: Uint8Array): KeyMaterial => ({ kty: 'oct', k: Buffer.from(octets).toString('base64url') });
const digest = (hash: string, text: string | Uint8Array) => createHash(hash).update(text).digest();

async function resultOf(operation: CryptoOperation, material: KeyMaterial, request: CryptoRequest) {
  const answer = await engine.perform(operation, material, request);
  assert.ok(answer.ok && 'result' in answer, JSON.stringify(answer));
  return answer;
}

async function verified(material: KeyMaterial, request: CryptoRequest) {
  const answer = await engine.perform('verify', material, request);
  assert.ok(answer.ok && 'verified' in answer, JSON.stringify(answer));
  return answer.verified;
}

describe('the signatures of RFC 7515, appendix A', () => {
  const payload = 'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ';

  it('A.1: HS256', async () => {
    const key: KeyMaterial = {
      kty: 'oct',
      k: 'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow',
    };
    const value = Buffer.from(`eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.${payload}`);
    const { result } = await resultOf('sign', key, { algorithm: 'HS256', value });
    assert.deepEqual(Buffer.from(result), base64url('dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'));
  });

  it('A.2: RS256', async () => {
    const value = digest('sha256', `eyJhbGciOiJSUzI1NiJ9.${payload}`);
    const signature = base64url(
      'cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CU' +
        'Ar7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOL' +
        'n6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVm' +
        'tVrBp0igcN_IoypGlUPQGe77Rw',
    );
    const { result } = await resultOf('sign', rsaOfA2, { algorithm: 'RS256', value });
    assert.deepEqual(Buffer.from(result), signature);
    assert.equal(await verified(rsaOfA2, { algorithm: 'RS256', value, signature }), true);
  });

  it('A.3: ES256', async () => {
    const value = digest('sha256', `eyJhbGciOiJFUzI1NiJ9.${payload}`);
    const signature = base64url(
      'DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q',
    );
    assert.equal(await verified(ecOfA3, { algorithm: 'ES256', value, signature }), true);
  });

  it('A.4: ES512', async () => {
    const value = digest('sha512', 'eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA');
    const signature = base64url(
      'AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2Y' +
        'BJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn',
    );
    assert.equal(await verified(ecOfA4, { algorithm: 'ES512', value, signature }), true);
  });
});

it('RFC 7520, section 4.2: PS384', async () => {
  const key: KeyMaterial = {
    ...rsaOfA2,
    n:
      'n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRBSFKrKb2w' +
      'qVwGU_NsYOYL-QtiWN2lbzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6cS6M1FZcD1NNLYD5lFHpPI9bT' +
      'wJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3__kRhuaxwUkRz5' +
      'iaiQkqgc5gHdrNP5zw',
  };
  const value = digest(
    'sha384',
    'eyJhbGciOiJQUzM4NCIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9.SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNz' +
      'LCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIg' +
      'ZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4',
  );
  const signature = base64url(
    'cu22eBqkYDKgIlTpzDXGvaFfz6WGoz7fUDcfT0kkOy42miAh2qyBzk1xEsnk2IpN6-tPid6VrklHkqsGqDqHCdP6O8TTB5dDDItllVo6_1OLPpcb' +
      'UrhiUSMxbbXUvdvWXzg-UD8biiReQFlfz28zGWVsdiNAUf8ZnyPEgVFn442ZdNqiVJRmBqrYRXe8P_ijQ7p8Vdz0TTrxUeT3lm8d9shnr2lfJT' +
      '8ImUjvAA2Xez2Mlp8cBE5awDzT0qI0n6uiP1aCN_2_jLAeQTlqRHtfa64QQSUmFAAjVKPbByi7xho0uTOcbH510a6GYmJUAfmWjwZ6oD4ifKo8' +
      'DYM-X72Eaw',
  );
  assert.equal(await verified(key, { algorithm: 'PS384', value, signature }), true);
  signature[9] = (signature[9] ?? 0) ^ 1;
  assert.equal(await verified(key, { algorithm: 'PS384', value, signature }), false);
});

describe('the wrapped keys of RFC 7516, appendix A', () => {
  it('A.1: RSA-OAEP', async () => {
    const value = base64url(
      'OKOawDo13gRp2ojaHV7LFpZcgV7T6DVZKTyKOMTYUmKoTCVJRgckCL9kiMT03JGeipsEdY3mx_etLbbWSrFr05kLzcSr4qKAq7YN7e9jwQRb' +
        '23nfa6c9d-StnImGyFDbSv04uVuxIp5Zms1gNxKKK2Da14B8S4rzVRltdYwam_lDp5XnZAYpQdb76FdIKLaVmqgfwX7XWRxv2322i-vD' +
        'xRfqNzo_tETKzpVLzfiwQyeyPGLBIO56YJ7eObdv0je81860ppamavo35UgoRdbYaBcoh9QcfylQr66oc6vFWXRcZ_ZT2LawVCWTIy3b' +
        'rGPi6UklfCpIMfIjf7iGdXKHzg',
    );
    const { result } = await resultOf('unwrapKey', rsaOfA1, { algorithm: 'RSA-OAEP', value });
    // It decrypts A.1's content.
    const opened = await resultOf('decrypt', octKey(result), {
      algorithm: 'A256GCM',
      value: base64url('5eym8TW_c8SuK0ltJ3rpYIzOeDQz7TALvtu6UG9oMo4vpzs9tX_EFShS8iB7j6jiSdiwkIr3ajwQzaBtQD_A'),
      iv: base64url('48V1_ALb6US04U3b'),
      tag: base64url('XFBoMYUZodetZdvTiFvSkQ'),
      additionalData: Buffer.from('eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ'),
    });
    assert.equal(
      Buffer.from(opened.result).toString(),
      'The true sign of intelligence is not knowledge but imagination.',
    );
  });

  it('A.2 and A.3: RSA1_5 and A128KW, one key for one content', async () => {
    const wrapped = base64url(
      'UGhIOguC7IuEvf_NPVaXsGMoLOmwvc1GyqlIKOK1nN94nHPoltGRhWhw7Zx0-kFm1NJn8LE9XShH59_i8J0PH5ZZyNfGy2xGdULU7sHNF6Gp' +
        '2vPLgNZ__deLKxGHZ7PcHALUzoOegEI-8E66jX2E4zyJKx-YxzZIItRzC5hlRirb6Y5Cl_p-ko3YvkkysZIFNPccxRU7qve1WYPxqbb2' +
        'Yw8kZqa2rMWI5ng8OtvzlV7elprCbuPhcCdZ6XDP0_F8rkXds2vE4X-ncOIM8hAYHHi29NX0mcKiRaD0-D-ljQTP-cFPgwCp6X-nZZd9' +
        'OHBv-B3oWh2TbqmScqXMR4gp_A',
    );
    const ofRsa = await resultOf('unwrapKey', rsaOfA2OfJwe, { algorithm: 'RSA1_5', value: wrapped });
    const kek: KeyMaterial = { kty: 'oct', k: 'GawgguFyGrWKav7AX4VKUg' };
    const value = base64url('6KB707dM9YTIgHtLvtgWQ8mKwboJW3of9locizkDTHzBC2IlrT1oOQ');
    const ofAes = await resultOf('unwrapKey', kek, { algorithm: 'A128KW', value });
    assert.deepEqual(Buffer.from(ofRsa.result), Buffer.from(ofAes.result));
    const again = await resultOf('wrapKey', kek, { algorithm: 'A128KW', value: ofAes.result });
    assert.deepEqual(Buffer.from(again.result), value);
    // A128CBC-HS256 (RFC 7518 section 5.2.3): the second half encrypts.
    const opened = await resultOf('decrypt', octKey(ofAes.result.subarray(16)), {
      algorithm: 'A128CBCPAD',
      value: base64url('KDlTtXchhZTGufMYmOYGS4HffxPSUrfmqCHXaI9wOGY'),
      iv: base64url('AxY8DCtDaGlsbGljb3RoZQ'),
    });
    assert.equal(Buffer.from(opened.result).toString(), 'Live long and prosper.');
  });
});

describe('HMAC, RFC 4231 section 4.2', () => {
  const expected = {
    HS256: 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
    HS384: 'afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6',
    HS512:
      '87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f170' +
      '2e696c203a126854',
  };
  for (const [algorithm, mac] of Object.entries(expected)) {
    it(algorithm, async () => {
      const { result } = await resultOf('sign', octKey(hex('0b'.repeat(20))), {
        algorithm,
        value: Buffer.from('Hi There'),
      });
      assert.equal(Buffer.from(result).toString('hex'), mac);
    });
  }
});

describe('AES key wrap', () => {
  const kek = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';
  const data = '00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f';
  const rows = [
    ['RFC 3394 section 4.1', 'A128KW', 16, 16, '1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5'],
    ['RFC 3394 section 4.2', 'A192KW', 24, 16, '96778b25ae6ca435f92b5b97c050aed2468ab8a17ad84e5d'],
    ['RFC 3394 section 4.3', 'A256KW', 32, 16, '64e8c3f9ce0f5ba263e9777905818a2a93c8191e7d6e8ae7'],
    ['RFC 3394 section 4.4', 'A192KW', 24, 24, '031d33264e15d33268f24ec260743edce1c6c7ddee725a936ba814915c6762d2'],
    ['RFC 3394 section 4.5', 'A256KW', 32, 24, 'a8f9bc1612c68b3ff6e6f4fbe30e71e4769c8b80a32cb8958cd5d17d6b254da1'],
    [
      'RFC 3394 section 4.6',
      'A256KW',
      32,
      32,
      '28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21',
    ],
    [
      'RFC 3394 section 4.6, as PKCS #11 calls it',
      'CKM_AES_KEY_WRAP',
      32,
      32,
      '28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21',
    ],
  ] as const;
  for (const [source, algorithm, keyLength, dataLength, wrapped] of rows) {
    it(source, async () => {
      const key = octKey(hex(kek).subarray(0, keyLength));
      const value = hex(data).subarray(0, dataLength);
      const closed = await resultOf('wrapKey', key, { algorithm, value });
      assert.equal(Buffer.from(closed.result).toString('hex'), wrapped);
      const opened = await resultOf('unwrapKey', key, { algorithm, value: closed.result });
      assert.deepEqual(Buffer.from(opened.result), value);
    });
  }

  for (const [value, wrapped] of [
    ['c37b7e6492584340bed12207808941155068f738', '138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a'],
    ['466f7250617369', 'afbeb0f07dfbf5419200f2ccb50bb24f'],
  ] as const) {
    it(`RFC 5649 section 6, ${value.length / 2} octets`, async () => {
      const key = octKey(hex('5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8'));
      const algorithm = 'CKM_AES_KEY_WRAP_PAD';
      const closed = await resultOf('wrapKey', key, { algorithm, value: hex(value) });
      assert.equal(Buffer.from(closed.result).toString('hex'), wrapped);
      const opened = await resultOf('unwrapKey', key, { algorithm, value: hex(wrapped) });
      assert.equal(Buffer.from(opened.result).toString('hex'), value);
    });
  }
});

describe('AES-CBC, NIST SP 800-38A appendix F.2', () => {
  const iv = hex('000102030405060708090a0b0c0d0e0f');
  const plaintext = hex(
    '6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17' +
      'ad2b417be66c3710',
  );
  const rows = [
    [
      'A128CBC',
      '2b7e151628aed2a6abf7158809cf4f3c',
      '7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b273bed6b8e3c1743b7116e69e222295163ff1caa1681fac' +
        '09120eca307586e1a7',
    ],
    [
      'A192CBC',
      '8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b',
      '4f021db243bc633d7178183a9fa071e8b4d9ada9ad7dedf4e5e738763f69145a571b242012fb7ae07fa9baac3df102e008b0e27988598881' +
        'd920a9e64f5615cd',
    ],
    [
      'A256CBC',
      '603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4',
      'f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fc' +
        'da6c19078c6a9d1b',
    ],
  ] as const;
  for (const [algorithm, key, ciphertext] of rows) {
    it(algorithm, async () => {
      const material = octKey(hex(key));
      const closed = await resultOf('encrypt', material, { algorithm, value: plaintext, iv });
      assert.equal(Buffer.from(closed.result).toString('hex'), ciphertext);
      assert.deepEqual(Buffer.from(closed.iv ?? []), iv);
      const opened = await resultOf('decrypt', material, { algorithm, value: closed.result, iv });
      assert.deepEqual(Buffer.from(opened.result), plaintext);
      // With padding the first blocks are the same.
      const padded = await resultOf('encrypt', material, { algorithm: `${algorithm}PAD`, value: plaintext, iv });
      assert.equal(Buffer.from(padded.result).toString('hex').slice(0, ciphertext.length), ciphertext);
    });
  }
});

describe('AES-GCM, the test cases of its specification (McGrew and Viega, appendix B)', () => {
  const iv = hex('cafebabefacedbaddecaf888');
  const additionalData = hex('feedfacedeadbeeffeedfacedeadbeefabaddad2');
  const value = hex(
    'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657' +
      'ba637b39',
  );
  const rows = [
    [
      'A128GCM',
      4,
      '42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac97' +
        '3d58e091',
      '5bc94fbc3221a5db94fae95ae7121a47',
    ],
    [
      'A192GCM',
      10,
      '3980ca0b3c00e841eb06fac4872a2757859e1ceaa6efd984628593b40ca1e19c7d773d00c144c525ac619d18c84a3f4718e2448b2fe324d9' +
        'ccda2710',
      '2519498e80f1478f37ba55bd6d27618c',
    ],
    [
      'A256GCM',
      16,
      '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0a' +
        'bcc9f662',
      '76fc6ece0f4e1768cddf8853bb2d551b',
    ],
  ] as const;
  for (const [algorithm, testCase, ciphertext, tag] of rows) {
    it(`${algorithm}: test case ${testCase}`, async () => {
      const bits = Number(algorithm.slice(1, 4));
      const key = hex('feffe9928665731c6d6a8f9467308308'.repeat(2)).subarray(0, bits / 8);
      // The engine makes every iv.
      const closed = sealGcm(key, iv, { value, additionalData });
      assert.equal(Buffer.from(closed.result).toString('hex'), ciphertext);
      assert.equal(Buffer.from(closed.tag).toString('hex'), tag);
      const opened = await resultOf('decrypt', octKey(key), {
        algorithm,
        value: closed.result,
        iv,
        tag: hex(tag),
        additionalData,
      });
      assert.deepEqual(Buffer.from(opened.result), value);
    });
  }
});

describe('published ECDSA signatures', () => {
  const rows: readonly [string, KeyCurve, string, string, string, string, string][] = [
    [
      'RFC 6979 appendix A.2.5',
      'P-256',
      'ES256',
      'sample',
      'c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721',
      'efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716',
      'f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8',
    ],
    [
      'RFC 6979 appendix A.2.6',
      'P-384',
      'ES384',
      'sample',
      '6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d896d5724e4c70a825f872c9ea60d2edf5',
      '94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf96e36dd1e80fabe46',
      '99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e7b82c71a38628ac8',
    ],
    [
      'RFC 6979 appendix A.2.7',
      'P-521',
      'ES512',
      'sample',
      '00fad06daa62ba3b25d2fb40133da757205de67f5bb0018fee8c86e1b68c7e75caa896eb32f1f47c70855836a6d16fcc1466f6d8fbec67db' +
        '89ec0c08b0e996b83538',
      '00c328fafcbd79dd77850370c46325d987cb525569fb63c5d3bc53950e6d4c5f174e25a1ee9017b5d450606add152b534931d7d4e8455cc9' +
        '1f9b15bf05ec36e377fa',
      '00617cce7cf5064806c467f678d3b4080d6f1cc50af26ca209417308281b68af282623eaa63e5b5c0723d8b8c37ff0777b1a20f8ccb1dccc' +
        '43997f1ee0e44da4a67a',
    ],
    [
      'RFC 6979 for secp256k1, the well-known case of the private key 1',
      'P-256K',
      'ES256K',
      'Satoshi Nakamoto',
      '01'.padStart(64, '0'),
      '934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8',
      '2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5',
    ],
  ];
  for (const [source, crv, algorithm, text, d, r, s] of rows) {
    it(`${source}, ${algorithm}`, async () => {
      const value = digest(curves[crv].hash, text);
      const key = ecKey(crv, hex(d));
      assert.equal(await verified(key, { algorithm, value, signature: hex(r + s) }), true);
      assert.equal(
        await verified(key, { algorithm, value: digest(curves[crv].hash, `${text}.`), signature: hex(r + s) }),
        false,
      );
    });
  }
});

function ecKey(crv: KeyCurve, d: Buffer): KeyMaterial {
  const ecdh = createECDH(curves[crv].group);
  ecdh.setPrivateKey(d);
  const point = ecdh.getPublicKey();
  const half = (point.length - 1) / 2;
  const read = readKeyMaterial({
    kty: 'EC',
    crv,
    x: point.subarray(1, 1 + half).toString('base64url'),
    y: point.subarray(1 + half).toString('base64url'),
    d: d.toString('base64url'),
  });
  assert.ok(read.ok);
  return read.material;
}
