import { createHash } from 'node:crypto';
import { closeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { MasterKey } from '../crypto/master-key.ts';
import { readThreadCode, startThread } from '../crypto/thread-code.ts';
import { programUrl } from '../programs/programs.ts';
import type { BackupThreadData, FromBackupThread, OpenLogFile, ReadPart, ToBackupThread } from './backup-thread.ts';
import { encodeJson, names, sealOf } from './manifest.ts';
import type { BackupHeader } from './manifest.ts';
import { archiveEnd, headerOf, paddingAfter } from './tar.ts';

/** Read when this module is loaded, because the worker may not be able to reach its own code later. */
const code = readThreadCode(programUrl('backup-thread'));

export interface BackupParts {
  /** The database of a running server. */
  readonly file: string;
  readonly header: BackupHeader;
  /** The key of `header.masterKeyId`, if the store is still sealed under it alone; else it throws. */
  readonly masterKey: () => MasterKey;
  /** The master key as it is to be in the backup. */
  readonly masterKeyText: string | undefined;
  /**
   * Runs the work while no record of a change goes from the store into the log: what is in the snapshot's outbox is then
   * not in the log, but for a batch at its end.
   */
  readonly whileHeld: <T>(work: () => Promise<T>) => Promise<T>;
  /** Opens the files of the log, the oldest first, as they are at the moment. */
  readonly openLog: () => readonly OpenLogFile[];
}

/**
 * Makes a backup of a running server, piece by piece: everything that is committed when it is called is in it. The
 * thread works only while a piece is asked for.
 * @throws {Error} when it cannot be read to its end; then the last piece is missing
 */
export async function* makeBackup(parts: BackupParts): AsyncGenerator<Uint8Array, void, undefined> {
  const { file, header } = parts;
  const thread = new BackupThread({ file });
  let log: readonly OpenLogFile[] = [];
  try {
    log = await parts.whileHeld(async () => {
      await thread.taken();
      return parts.openLog();
    });
    const modifiedS = Math.floor(Date.parse(header.madeAt) / 1000);
    const first = encodeJson(header);
    yield member(names.header, first, modifiedS);
    let reply = await thread.ask({ kind: 'begin', log, modifiedS });
    for (; reply.kind === 'bytes'; reply = await thread.ask({ kind: 'more' })) yield reply.bytes;
    if (reply.kind !== 'end') throw new Error('the thread of the backup lost its place');
    yield* ending(parts, { modifiedS, records: reply.records, read: [partOf(names.header, first), ...reply.parts] });
  } finally {
    await thread.end();
    for (const { descriptor } of log) closeSync(descriptor);
  }
}

interface Read {
  readonly modifiedS: number;
  readonly records: number;
  readonly read: readonly ReadPart[];
}

function* ending({ header, masterKey, masterKeyText }: BackupParts, { modifiedS, records, read }: Read) {
  const key = masterKeyText === undefined ? undefined : Buffer.from(masterKeyText);
  if (key !== undefined) yield member(names.masterKey, key, modifiedS);
  const parts = key === undefined ? read : [...read, partOf(names.masterKey, key)];
  const manifest = encodeJson({ ...header, records, parts });
  yield member(names.manifest, manifest, modifiedS);
  yield member(names.seal, sealOf(manifest, masterKey()), modifiedS);
  yield archiveEnd;
}

function member(name: string, contents: Buffer, modifiedS: number): Buffer {
  const size = contents.length;
  return Buffer.concat([headerOf({ name, size, modifiedS }), contents, paddingAfter(size)]);
}

function partOf(name: string, contents: Buffer): ReadPart {
  return { name, size: contents.length, sha256: createHash('sha256').update(contents).digest('hex') };
}

/** The calling side of the thread: one question at a time. */
class BackupThread {
  readonly #thread: Worker;
  #reply = Promise.withResolvers<FromBackupThread>();
  #failure: FromBackupThread | undefined;

  constructor(data: BackupThreadData) {
    // The environment may hold the master key, which this thread does not need.
    this.#thread = new Worker(startThread, { workerData: { ...data, code }, env: {}, execArgv: [], eval: true });
    this.#thread.on('message', (reply: FromBackupThread) => this.#reply.resolve(reply));
    const failed = (message: string): void => {
      this.#failure ??= { kind: 'failed', message };
      this.#reply.resolve(this.#failure);
    };
    this.#thread.on('error', (error) => failed(error instanceof Error ? error.message : String(error)));
    this.#thread.on('exit', () => failed('the thread of the backup has ended'));
  }

  async taken(): Promise<void> {
    await this.#answered();
  }

  async ask(request: ToBackupThread): Promise<FromBackupThread> {
    this.#reply = Promise.withResolvers<FromBackupThread>();
    if (this.#failure === undefined) this.#thread.postMessage(request, []);
    else this.#reply.resolve(this.#failure);
    return await this.#answered();
  }

  async end(): Promise<void> {
    await this.#thread.terminate();
  }

  async #answered(): Promise<FromBackupThread> {
    const reply = await this.#reply.promise;
    if (reply.kind === 'failed') throw new Error(reply.message);
    return reply;
  }
}
