/** An entry of a store: its nickname and its trust flags, as `certutil -L` prints them. */
export interface Entry {
  readonly nickname: string;
  readonly trust: string;
}

export type StoreState = 'installed' | 'out of date' | 'absent';

export interface Plan {
  readonly state: StoreState;
  /** Why it is out of date. */
  readonly reason?: string;
  /** Nicknames of certificates to add. */
  readonly add: readonly string[];
  /** Nicknames of certificates that the server no longer has. */
  readonly remove: readonly string[];
}

/** The entries of the server in what `certutil -L` prints: a nickname and three lists of flags a line. */
export function entriesIn(listing: string, prefix: string): readonly Entry[] {
  return listing.split('\n').flatMap((line) => {
    const [, nickname, trust] = /^(.+?) +([a-zA-Z]*,[a-zA-Z]*,[a-zA-Z]*) *$/.exec(line) ?? [];
    return nickname?.startsWith(prefix) === true && trust !== undefined ? [{ nickname, trust }] : [];
  });
}

/** Compares the entries of the server in a store with the wanted certificates. */
export function planFor(entries: readonly Entry[], wanted: readonly string[]): Plan {
  const present = new Set(entries.map(({ nickname }) => nickname));
  const remove = [...present].filter((nickname) => !wanted.includes(nickname));
  const missing = wanted.filter((nickname) => !present.has(nickname));
  // "C": trusted to issue certificates of servers. The user may have taken it away.
  const untrusted = entries.filter(({ nickname, trust }) => wanted.includes(nickname) && !/^[^,]*C/.test(trust));
  const add = [...missing, ...untrusted.map(({ nickname }) => nickname)];
  if (present.size === 0) return { state: 'absent', add, remove };
  if (add.length === 0 && remove.length === 0) return { state: 'installed', add, remove };
  const reasons = [
    ...(remove.length > 0 ? ['it has another certificate of this server'] : []),
    ...(missing.length > 0 ? ['it lacks a certificate of this server'] : []),
    ...(untrusted.length > 0 ? ['it does not trust the certificate for servers'] : []),
  ];
  return { state: 'out of date', reason: reasons.join(', and '), add, remove };
}
