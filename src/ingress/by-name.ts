import { createSecureContext } from 'node:tls';
import type { SecureContext } from 'node:tls';
import type { NamedCertificate } from './options.ts';

/** Certificates by the name that a client asks for. */
export type ContextsByName = ReadonlyMap<string, SecureContext>;

/**
 * The first certificate of each key type for a name is shown: OpenSSL chooses the one that the client knows.
 * @throws {Error} for a certificate that OpenSSL does not take
 */
export function contextsByName(all: readonly NamedCertificate[], minVersion: 'TLSv1.2'): ContextsByName {
  const names = new Set(all.flatMap((one) => one.names));
  const made = new Map<string, SecureContext>();
  const contextOf = (indices: readonly number[]): SecureContext => {
    const known = made.get(indices.join());
    if (known !== undefined) return known;
    const shown = indices.flatMap((index) => all[index] ?? []);
    const context = createSecureContext({
      cert: shown.map(({ cert }) => cert),
      key: shown.map(({ key }) => key),
      minVersion,
    });
    made.set(indices.join(), context);
    return context;
  };
  return new Map(Array.from(names, (name) => [name, contextOf(firstOfEachType(all, name))]));
}

function firstOfEachType(all: readonly NamedCertificate[], name: string): readonly number[] {
  const firsts = (['ec', 'rsa'] as const).map((type) =>
    all.findIndex((one) => one.keyType === type && one.names.includes(name)),
  );
  return firsts.filter((index) => index !== -1);
}

/** A wildcard stands for the first label (RFC 9525 section 6.3); the whole name goes before it. */
export function contextFor(contexts: ContextsByName, asked: string): SecureContext | undefined {
  const name = asked.toLowerCase();
  const dot = name.indexOf('.');
  return contexts.get(name) ?? (dot > 0 ? contexts.get(`*${name.slice(dot)}`) : undefined);
}
