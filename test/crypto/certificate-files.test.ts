import assert from 'node:assert/strict';
import { syncBuiltinESMExports } from 'node:module';
import { after, describe, it } from 'node:test';
import threads from 'node:worker_threads';
import fc from 'fast-check';
import { CertificateFiles, ReadingAbandoned } from '../../src/crypto/certificate-files.ts';
import { writePem } from '../../src/crypto/certificates/pem.ts';
import { hashFunctions, Work } from '../../src/crypto/certificates/key-derivation.ts';
import { writePkcs12 } from '../../src/crypto/certificates/pkcs12.ts';
import { Refused } from '../../src/crypto/certificates/refusal.ts';
import { KeyEngineBusy } from '../../src/crypto/key-engine-busy.ts';
import { authenticatedFile } from './certificates/authenticated-file.ts';
import { material, withChain } from './certificates/material.ts';

const files = new CertificateFiles();
after(() => files.close());

const chained = await withChain(material('P-256'));

/** A client that stays connected. */
const here = new AbortController().signal;

/** Takes some tenths of a second, and then fails with a wrong password. */
const slow = authenticatedFile(100_000);

describe('files of certificates', () => {
  it('are read as on the thread that answers', async () => {
    const pkcs12 = await files.readPkcs12(await writePkcs12(chained, 'password'), 'password', here);
    assert.ok(pkcs12.ok);
    assert.deepEqual(pkcs12.value.material, chained.material);
    assert.deepEqual(
      pkcs12.value.certificates.map((one) => Buffer.from(one)),
      chained.certificates.map((one) => Buffer.from(one)),
    );
    assert.ok(pkcs12.value.certificates.every(({ buffer, byteLength }) => buffer.byteLength === byteLength));
    const pem = await files.readPem(writePem(chained), '', here);
    assert.ok(pem.ok);
    assert.deepEqual(pem.value.material, chained.material);
    const refused = await files.readPkcs12(new Uint8Array([1]), '', here);
    assert.ok(!refused.ok && refused.refusal.kind === 'malformed');
  });

  it('are refused when no thread can be started, and read again once one can', async (t) => {
    const { Worker } = threads;
    const set = (replaced: unknown) => {
      Object.assign(threads, { Worker: replaced });
      syncBuiltinESMExports();
    };
    t.after(() => set(Worker));
    set(function refusing() {
      throw Object.assign(new Error('Worker initialization failure: EAGAIN'), { code: 'ERR_WORKER_INIT_FAILED' });
    });
    const own = new CertificateFiles({ waitingMax: 1 });
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await assert.rejects(own.readPem(writePem(chained), '', here), /EAGAIN/);
    }
    set(Worker);
    assert.ok((await own.readPem(writePem(chained), '', here)).ok);
    await own.close();
  });

  it('are read one at a time, the thread that answers stays free, and only some may wait', async () => {
    const own = new CertificateFiles({ waitingMax: 2 });
    let turns = 0;
    const turn = setInterval(() => (turns += 1), 1);
    const ended: number[] = [];
    const reading = [0, 1, 2].map(async (index) => {
      const read = await own.readPkcs12(slow, 'wrong', here);
      ended.push(index);
      return read.ok ? 'read' : read.refusal.kind;
    });
    await assert.rejects(own.readPkcs12(slow, 'wrong', here), new KeyEngineBusy('2 certificate files'));
    await assert.rejects(own.readPem('', '', here), new KeyEngineBusy('2 certificate files'));
    assert.deepEqual(await Promise.all(reading), ['wrongPassword', 'wrongPassword', 'wrongPassword']);
    clearInterval(turn);
    assert.deepEqual(ended, [0, 1, 2]);
    assert.ok(turns > 10, `${turns} turns`);
    assert.ok((await own.readPem(writePem(chained), '', here)).ok, 'there is room again');
    await own.close();
  });

  it('are abandoned with their clients: the one that is being read, and those that wait', async () => {
    const own = new CertificateFiles();
    // Otherwise it would take two seconds or more.
    const [reader, waiter] = [new AbortController(), new AbortController()];
    const reading = own.readPkcs12(authenticatedFile(700_000), 'wrong', reader.signal);
    const waiting = own.readPkcs12(slow, 'wrong', waiter.signal);
    const last = own.readPem(writePem(chained), '', here);
    const abandoned = [assert.rejects(waiting, ReadingAbandoned), assert.rejects(reading, ReadingAbandoned)];
    waiter.abort();
    reader.abort();
    await Promise.all(abandoned);
    assert.ok((await last).ok);
    await assert.rejects(own.readPem('', '', AbortSignal.abort()), ReadingAbandoned);
    await own.close();
  });

  it('are abandoned when the server ends', async () => {
    const own = new CertificateFiles();
    const abandoned = [slow, slow].map((file) => assert.rejects(own.readPkcs12(file, 'wrong', here), ReadingAbandoned));
    await own.close();
    await Promise.all(abandoned);
    await assert.rejects(own.readPkcs12(slow, 'wrong', here), ReadingAbandoned);
  });
});

describe('the work that a file costs', () => {
  it('ends at its limits, however the file spreads it', () => {
    const hashes = fc.constantFrom(...Object.values(hashFunctions));
    const derivations = fc.array(
      fc.record({
        own: fc.boolean(),
        hash: hashes,
        iterations: fc.integer({ min: 1, max: 900_000 }),
        length: fc.integer({ min: 1, max: 128 }),
      }),
      { minLength: 1, maxLength: 20 },
    );
    fc.assert(
      fc.property(derivations, (all) => {
        const work = new Work('PKCS #12 file');
        let [rounds, ownRounds] = [0, 0];
        for (const { own, ...derivation } of all) {
          const asked = derivation.iterations * Math.ceil(derivation.length / derivation.hash.length);
          const isTooMuch = rounds + asked > 2_000_000 || (own && ownRounds + asked > 700_000);
          const take = () => {
            const whole = { ...derivation, salt: new Uint8Array() };
            if (own) work.takeOwn(whole);
            else work.take(whole);
          };
          if (isTooMuch) return assert.throws(take, Refused);
          take();
          rounds += asked;
          if (own) ownRounds += asked;
        }
        return undefined;
      }),
    );
  });
});
