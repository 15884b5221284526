import { setPriority } from 'node:os';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import type { KeyMaterial } from '../types/key.ts';
import type { KeyTask, KeyTaskResult, KeyThreadData, KeyThreadReply, KeyThreadRequest } from './key-threads.ts';
import { performSync } from './keys/algorithms.ts';
import { generateSync } from './keys/generate.ts';
import { KeyInUse } from './keys/key-in-use.ts';
import { arePrimesSync } from './keys/primes.ts';

function serve(data: unknown): void {
  const port = parentPort;
  if (port === null || !isThreadData(data)) throw new Error('this file is a thread of the key engine, not a program');
  // Linux has a priority for each thread, and 0 is the calling thread; elsewhere the call would change the whole
  // process.
  if (data.niceness > 0 && process.platform === 'linux') setPriority(0, data.niceness);
  port.on('message', (request: KeyThreadRequest) => serveBatch(port, request));
}

/**
 * Does all waiting tasks in one go. A key is kept if the next task needs it too, and no longer: between requests no key
 * stays in memory.
 */
function serveBatch(port: MessagePort, first: KeyThreadRequest): void {
  let request: KeyThreadRequest | undefined = first;
  let key: KeyInUse | undefined;
  while (request !== undefined) {
    if (request === 'close') return port.close();
    const { id, task } = request;
    key = keyFor(task, key);
    reply(port, attempt(id, task, key));
    request = nextRequest(port);
  }
}

function nextRequest(port: MessagePort): KeyThreadRequest | undefined {
  const received: { readonly message: KeyThreadRequest } | undefined = receiveMessageOnPort(port);
  return received?.message;
}

function keyFor(task: KeyTask, last: KeyInUse | undefined): KeyInUse | undefined {
  if (task.kind !== 'perform') return undefined;
  return last !== undefined && isSame(last.material, task.material) ? last : new KeyInUse(task.material);
}

function isSame(one: KeyMaterial, other: KeyMaterial): boolean {
  const members = new Map<string, unknown>(Object.entries(other));
  return Object.entries(one).every(([name, value]) => members.get(name) === value);
}

function attempt(id: number, task: KeyTask, key: KeyInUse | undefined): KeyThreadReply {
  try {
    return { id, result: perform(task, key) };
  } catch (error) {
    // OpenSSL's messages name what failed, never the contents of a key.
    return { id, failure: `the key engine failed: ${error instanceof Error ? error.message : String(error)}` };
  }
}

function perform(task: KeyTask, key: KeyInUse | undefined): KeyTaskResult {
  if (task.kind === 'generate') return generateSync(task.spec);
  if (task.kind === 'prove') return { ok: true, verified: arePrimesSync(task.material) };
  return performSync(task.operation, key ?? new KeyInUse(task.material), task.request);
}

function reply(port: MessagePort, message: KeyThreadReply): void {
  port.postMessage(message);
}

function isThreadData(data: unknown): data is KeyThreadData {
  return typeof data === 'object' && data !== null && 'niceness' in data && typeof data.niceness === 'number';
}

const given: unknown = workerData;
serve(given);
