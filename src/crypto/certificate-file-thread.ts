import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import type { CertificateFile, CertificateFileReply } from './certificate-files.ts';
import type { FileContents } from './certificates/chain.ts';
import { readPemWithPassword } from './certificates/pem.ts';
import type { PemContents } from './certificates/pem.ts';
import { readPkcs12 } from './certificates/pkcs12.ts';
import type { Outcome } from './certificates/refusal.ts';

function serve(data: unknown): void {
  const port = parentPort;
  if (port === null || typeof data !== 'object' || data === null || !('niceness' in data)) {
    throw new Error('this file is a thread that reads certificate files, not a program');
  }
  // Linux has a priority for each thread, and 0 is the calling thread; elsewhere the call would change the whole
  // process.
  if (typeof data.niceness === 'number' && process.platform === 'linux') setPriority(0, data.niceness);
  port.on('message', (file: CertificateFile) => void answer(port, file));
}

async function answer(port: MessagePort, file: CertificateFile): Promise<void> {
  const reply = await read(file).then(
    (outcome): CertificateFileReply => ({ outcome: outcome.ok ? { ok: true, value: copied(outcome.value) } : outcome }),
    // For an unforeseen error only its kind: its message may contain something of the key or the password.
    (error: unknown): CertificateFileReply => ({ failure: error instanceof Error ? error.name : 'not an Error' }),
  );
  port.postMessage(reply);
}

async function read(file: CertificateFile): Promise<Outcome<FileContents | PemContents>> {
  return file.form === 'pkcs12' ? readPkcs12(file.bytes, file.password) : readPemWithPassword(file.text, file.password);
}

/** Copies, because a certificate may be a slice of the file's buffer, all of which would be sent with it. */
function copied<T extends FileContents | PemContents>(contents: T): T {
  const copy = (all: readonly Uint8Array[]) => all.map((one) => new Uint8Array(one));
  return {
    ...contents,
    certificates: copy(contents.certificates),
    ...('inFileOrder' in contents && { inFileOrder: copy(contents.inFileOrder) }),
  };
}

const given: unknown = workerData;
serve(given);
