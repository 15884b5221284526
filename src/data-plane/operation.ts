import type { Answer } from '../http/answer.ts';
import type { CertificateFileReader } from '../objects/certificates/import.ts';
import type { Outcome, VaultScope } from '../objects/object.ts';
import type { Reading } from '../store/reading.ts';
import type { KeyEngine } from '../types/key.ts';
import type { Operation } from '../types/operation.ts';

/** A data-plane operation, whole on one card: where it is, what it needs, what it does. */
export interface OperationCard extends Operation {
  readonly method: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';
  /** Below the vault's host, in the router's notation (`find-my-way`). */
  readonly path: string;
  /** The same operation at another path, that leaves something out. */
  readonly alsoAt?: string;
  /** `false` for what changes nothing though it is no GET: it does not wait for its turn. */
  readonly changes?: false;
  /** What Azure limits together, and apart from everything else. */
  readonly counts?: 'setOrImport';
  /** The `kty` of the key that it is to make, as far as one can tell before it is run; its limit is another one. */
  readonly makes?: (call: Call) => Reading<string | undefined>;
  readonly run: (call: Call) => Reading<Outcome<Answer>>;
}

/** What an operation is given, and all that it is given. */
export interface Call {
  readonly vault: VaultScope;
  readonly engine: KeyEngine;
  readonly certificateFiles: CertificateFileReader;
  /** Runs what is of no use to anybody once the client is gone; the signal is aborted then. */
  readonly whileConnected: <T>(work: (gone: AbortSignal) => Promise<T>) => Promise<T>;
  /** How long the issuer of a certificate takes. */
  readonly issueMs: number;
  /** `https://NAME.vault.localhost:8443`, under the names that were asked. */
  readonly origin: string;
  readonly apiVersion: string;
  readonly params: Readonly<Record<string, string | undefined>>;
  readonly query: Readonly<Record<string, string>>;
  /** The parsed JSON body; `undefined` when there was none. */
  readonly body: unknown;
  readonly nowSeconds: number;
  /** A fresh version id: 32 hexadecimal digits. */
  readonly newVersion: () => string;
}
