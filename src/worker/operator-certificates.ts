import { readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { NamedCertificate } from '../ingress/options.ts';
import type { TlsPair } from '../types/supervision.ts';
import { replaceFile } from './files.ts';

/** The file with everything that clients must trust, beside `ca.pem`, which has our own authority alone. */
export const trustedFile = 'trusted.pem';

interface OperatorParts {
  /** The path of `ca.pem`. */
  readonly authorityFile: string;
  readonly shown: { setOperator(certificates: readonly NamedCertificate[]): void };
}

/** The operator's certificates that the server shows, and the file for their clients. */
export class OperatorCertificates {
  readonly #file: string;
  readonly #shown: OperatorParts['shown'];
  #pairs: readonly TlsPair[];
  /** The authorities of our own certificates, PEM. */
  #own: string;

  constructor(pairs: readonly TlsPair[], { authorityFile, shown }: OperatorParts) {
    this.#shown = shown;
    this.#file = join(dirname(authorityFile), trustedFile);
    this.#pairs = pairs;
    this.#own = readFileSync(authorityFile, 'utf8');
    if (pairs.length > 0) this.#publish();
    // One that an earlier configuration left would be believed for ever.
    else rmSync(this.#file, { force: true });
  }

  get pairs(): readonly TlsPair[] {
    return this.#pairs;
  }

  /** Our own authorities have changed. */
  trustBeside(own: string): void {
    this.#own = own;
    if (this.#pairs.length > 0) this.#publish();
  }

  /** First clients can read whom to trust, then they are shown what it signed. */
  show(pairs: readonly TlsPair[]): void {
    this.#pairs = pairs;
    this.#publish();
    this.#shown.setOperator(namedCertificates(pairs));
  }

  #publish(): void {
    replaceFile(this.#file, trustedPem(this.#own, this.#pairs), 0o644);
  }
}

/** Our own authorities, and then each anchor once. */
function trustedPem(own: string, pairs: readonly Pick<TlsPair, 'anchors'>[]): string {
  const blocks = pairs.flatMap(({ anchors }) => anchors.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g) ?? []);
  return own + [...new Set(blocks)].map((block) => `${block}\n`).join('');
}

export function namedCertificates(pairs: readonly TlsPair[]): readonly NamedCertificate[] {
  return pairs.map(({ certificate: cert, key, names, keyType }) => ({ cert, key, names, keyType }));
}
