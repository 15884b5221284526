import { availableParallelism } from 'node:os';
import type { CryptoRequest, KeyEngine, KeyMaterial } from '../types/key.ts';
import { KeyEngineBusy } from './key-engine-busy.ts';
import { keySizeOf } from './key-material.ts';
import { KeyThreads } from './key-threads.ts';
import type { KeyTask, KeyTaskResult } from './key-threads.ts';
import { performNow } from './keys/algorithms.ts';
import { generateOct } from './keys/generate.ts';
import { KeyInUse } from './keys/key-in-use.ts';
import { primesWanted } from './keys/primes.ts';

export interface KeyEngineOptions {
  /** At most, for operations with RSA and EC keys; one more makes and proves RSA keys. */
  readonly threads?: number;
  /** RSA keys that are made or proved, or wait for it, at most: another one is refused with `KeyEngineBusy`. */
  readonly rsaKeysMax?: number;
}

const threadsMax = 8;
/** Deep enough that a thread finds the next task when one is done, also while the event loop is busy. */
const depth = 4;
/** A tenth of an ordinary thread's share where processors are short (sched(7)): seconds longer, but nothing else is. */
const generatorNiceness = 10;
/** The last of so many waits about as long as clients do: a minute or two. */
const rsaKeysMaxDefault = 64;

/**
 * The engine that makes and uses key material. What takes microseconds (oct keys) is done at once; RSA and EC, up to
 * milliseconds, by threads, which start when they are needed. RSA keys, up to seconds, are made and proved one at a time,
 * by a thread that stands back. Of key material nothing is kept when no request needs it.
 */
export function openKeyEngine({
  threads: count = Math.min(availableParallelism(), threadsMax),
  rsaKeysMax = rsaKeysMaxDefault,
}: KeyEngineOptions = {}): KeyEngine {
  const threads = new KeyThreads({ count, depth, niceness: 0 });
  const generator = new KeyThreads({ count: 1, depth: 1, niceness: generatorNiceness });
  let rsaKeys = 0;
  const inTurn = async (task: KeyTask) => {
    if (rsaKeys >= rsaKeysMax) throw new KeyEngineBusy(`${rsaKeysMax} RSA keys to be generated or checked`);
    rsaKeys += 1;
    try {
      return await generator.run(task);
    } finally {
      rsaKeys -= 1;
    }
  };
  return {
    async generate(spec) {
      if (spec.family === 'oct') return generateOct(spec.size);
      const task = { kind: 'generate', spec } as const;
      const made = await (spec.family === 'RSA' ? inTurn(task) : threads.run(task));
      if (!isMaterial(made)) throw new Error('a thread of the key engine made no key');
      return made;
    },
    async prove(material) {
      if (material.kty !== 'RSA') return undefined;
      const answer = await inTurn({ kind: 'prove', material });
      if (!('verified' in answer)) throw new Error('a thread of the key engine proved nothing');
      return answer.verified ? undefined : { kind: 'keyNotValid', message: primesWanted(keySizeOf(material)) };
    },
    async perform(operation, material, request) {
      if (material.kty === 'oct') return performNow(operation, new KeyInUse(material), request);
      const answer = await threads.run({ kind: 'perform', operation, material, request: copied(request) });
      if (isMaterial(answer)) throw new Error('a thread of the key engine gave no answer');
      return answer;
    },
    async close() {
      await Promise.all([threads.close(), generator.close()]);
    },
  };
}

/** Octets may be a piece of a large buffer, all of which a thread would get a copy of. */
function copied({ algorithm, ...octets }: CryptoRequest): CryptoRequest {
  const copy = (bytes: Uint8Array) => new Uint8Array(bytes);
  const { value, signature, iv, additionalData, tag } = octets;
  return {
    algorithm,
    value: copy(value),
    ...(signature !== undefined && { signature: copy(signature) }),
    ...(iv !== undefined && { iv: copy(iv) }),
    ...(additionalData !== undefined && { additionalData: copy(additionalData) }),
    ...(tag !== undefined && { tag: copy(tag) }),
  };
}

function isMaterial(result: KeyTaskResult): result is KeyMaterial {
  return 'kty' in result;
}
