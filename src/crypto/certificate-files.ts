import { Worker } from 'node:worker_threads';
import { programUrl } from '../programs/programs.ts';
import type { FileContents } from './certificates/chain.ts';
import type { PemContents } from './certificates/pem.ts';
import type { Outcome } from './certificates/refusal.ts';
import { KeyEngineBusy } from './key-engine-busy.ts';
import { readThreadCode, startThread } from './thread-code.ts';

/** A file that a client sends, with certificates and perhaps their key. */
export type CertificateFile =
  | { readonly form: 'pkcs12'; readonly bytes: Uint8Array; readonly password: string }
  | { readonly form: 'pem'; readonly text: string; readonly password: string };

/** The thread's answer for each file. */
export type CertificateFileReply =
  { readonly outcome: Outcome<FileContents | PemContents> } | { readonly failure: string };

/** Thrown for a file whose client has gone away. Nothing was done. */
export class ReadingAbandoned extends Error {
  override readonly name = 'ReadingAbandoned';

  constructor() {
    super('the client went away before its certificate file was read');
  }
}

export interface CertificateFilesOptions {
  /** How many files may wait behind the one that is being read; one more is refused with `KeyEngineBusy`. */
  readonly waitingMax?: number;
}

interface Job {
  readonly file: CertificateFile;
  readonly done: PromiseWithResolvers<Outcome<FileContents | PemContents>>;
}

/** Read when this module is loaded, like the code of the key engine's threads. */
const code = readThreadCode(programUrl('certificate-file-thread'));

/** A file may take two seconds, and the last of so many is read before most clients try again. */
const waitingMaxDefault = 8;
/** As for the thread that makes RSA keys. */
const niceness = 10;
/** A file has at most a megabyte, and its bytes are outside these limits. */
const resourceLimits = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 64 };

/**
 * Reads the files that clients import, off the thread that answers: a password costs as many rounds as the file
 * demands. Files are read one at a time, by a low-priority thread that is started when it is needed. When the client of
 * the current file goes away, the thread is ended, because nothing else would stop it in the middle.
 */
export class CertificateFiles {
  readonly #waitingMax: number;
  #worker: Worker | undefined;
  #current: Job | undefined;
  #waiting: Job[] = [];
  #closing = false;

  constructor({ waitingMax = waitingMaxDefault }: CertificateFilesOptions = {}) {
    this.#waitingMax = waitingMax;
  }

  async readPkcs12(bytes: Uint8Array, password: string, gone: AbortSignal): Promise<Outcome<FileContents>> {
    const read = await this.#run({ form: 'pkcs12', bytes: new Uint8Array(bytes), password }, gone);
    if (!read.ok) return read;
    if (!('inFileOrder' in read.value)) throw new Error('a PKCS #12 file was read without a key');
    return { ok: true, value: read.value };
  }

  /** `password` is for an encrypted key. */
  readPem(text: string, password: string, gone: AbortSignal): Promise<Outcome<PemContents>> {
    return this.#run({ form: 'pem', text, password }, gone);
  }

  /** Abandons the current file, and rejects those that wait. */
  async close(): Promise<void> {
    this.#closing = true;
    for (const { done } of this.#waiting) done.reject(new ReadingAbandoned());
    this.#waiting = [];
    await this.#worker?.terminate();
  }

  async #run(file: CertificateFile, gone: AbortSignal): Promise<Outcome<FileContents | PemContents>> {
    if (gone.aborted || this.#closing) throw new ReadingAbandoned();
    if (this.#waiting.length >= this.#waitingMax) throw new KeyEngineBusy(`${this.#waitingMax} certificate files`);
    const job: Job = { file, done: Promise.withResolvers() };
    const abandon = () => this.#abandon(job);
    gone.addEventListener('abort', abandon, { once: true });
    this.#waiting.push(job);
    this.#next();
    try {
      return await job.done.promise;
    } finally {
      gone.removeEventListener('abort', abandon);
    }
  }

  #abandon(job: Job): void {
    job.done.reject(new ReadingAbandoned());
    this.#waiting = this.#waiting.filter((one) => one !== job);
    if (this.#current !== job) return;
    const worker = this.#worker;
    // The thread is lost with its file; the next file gets a new one.
    this.#worker = undefined;
    this.#current = undefined;
    void worker?.terminate();
    this.#next();
  }

  #next(): void {
    if (this.#current !== undefined || this.#closing) return;
    const job = this.#waiting.shift();
    this.#current = job;
    if (job === undefined) {
      // An idle thread does not keep the process alive.
      this.#worker?.unref();
      return;
    }
    try {
      this.#worker ??= this.#start();
    } catch (error) {
      // For example when the system has no room for another thread. The file is refused, and others do not wait for it.
      this.#current = undefined;
      job.done.reject(error);
      this.#next();
      return;
    }
    this.#worker.ref();
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin, only windows have
    this.#worker.postMessage(job.file);
  }

  #start(): Worker {
    // The environment may hold the master key, which this thread does not need.
    const options = { workerData: { niceness, code }, resourceLimits, env: {}, execArgv: [] };
    const worker = new Worker(startThread, { ...options, eval: true });
    worker.on('message', (reply: CertificateFileReply) => {
      if (this.#worker !== worker) return;
      const job = this.#current;
      this.#current = undefined;
      if ('outcome' in reply) job?.done.resolve(reply.outcome);
      else job?.done.reject(new Error(`a certificate file could not be read: ${reply.failure}`));
      this.#next();
    });
    const lost = () => {
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      this.#current?.done.reject(
        this.#closing ? new ReadingAbandoned() : new Error('the thread that reads certificate files has ended'),
      );
      this.#current = undefined;
      this.#next();
    };
    // Without the error itself: it may show what the thread was reading.
    worker.on('error', lost);
    worker.on('exit', lost);
    return worker;
  }
}
