import { availableParallelism } from 'node:os';
import type { CryptoRequest, KeyEngine, KeyMaterial } from '../types/key.ts';
import { KeyEngineBusy } from './key-engine-busy.ts';
import { keySizeOf } from './key-material.ts';
import { KeyThreads } from './key-threads.ts';
import type { KeyTask, KeyTaskResult } from './key-threads.ts';
import { performSync } from './keys/algorithms.ts';
import { generateOct } from './keys/generate.ts';
import { KeyInUse } from './keys/key-in-use.ts';
import { primesMessage } from './keys/primes.ts';

export interface KeyEngineOptions {
  /** The most threads for operations with RSA and EC keys; one more makes and proves RSA keys. */
  readonly threads?: number;
  /** The most RSA keys that are being made or proved or wait for it; one more is refused with `KeyEngineBusy`. */
  readonly rsaKeysMax?: number;
}

/** How many tasks are not done: operations with keys, and RSA keys that are made or proved. */
export interface KeyQueues {
  readonly outstanding: { readonly operations: number; readonly generate: number };
}

const threadsMax = 8;
/** Enough that a thread always has a next task, even while the event loop is busy. */
const depth = 4;
/**
 * A tenth of a normal thread's share when processors are scarce (sched(7)): it takes seconds longer, and delays nothing
 * else.
 */
const generatorNiceness = 10;
/** The last of them waits about as long as clients do: a minute or two. */
const rsaKeysMaxDefault = 64;

/**
 * The engine that makes and uses key material. Operations with oct keys take microseconds and run at once; those with
 * RSA and EC keys, up to milliseconds, run in threads, which start when they are needed. RSA keys, up to seconds, are
 * made and proved one at a time, by a low-priority thread. No key material is kept when no request needs it.
 */
export function openKeyEngine({
  threads: count = Math.min(availableParallelism(), threadsMax),
  rsaKeysMax = rsaKeysMaxDefault,
}: KeyEngineOptions = {}): KeyEngine & KeyQueues {
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
    get outstanding() {
      return { operations: threads.outstanding, generate: rsaKeys };
    },
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
      return answer.verified ? undefined : { kind: 'keyNotValid', message: primesMessage(keySizeOf(material)) };
    },
    async perform(operation, material, request) {
      if (material.kty === 'oct') return performSync(operation, new KeyInUse(material), request);
      const answer = await threads.run({ kind: 'perform', operation, material, request: copied(request) });
      if (isMaterial(answer)) throw new Error('a thread of the key engine gave no answer');
      return answer;
    },
    async close() {
      await Promise.all([threads.close(), generator.close()]);
    },
  };
}

/** Copies, because octets may be a slice of a large buffer, all of which would be sent to the thread. */
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
