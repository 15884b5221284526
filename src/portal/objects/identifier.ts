import type { Collection } from '../../types/collection.ts';

/** An object by its address: `https://demo.vault.localhost:8443/keys/disk/0123…`. */
export interface ObjectIdentifier {
  /** `https://demo.vault.localhost:8443/`, as the resource manager writes it. */
  readonly vaultUri: string;
  readonly vaultName: string;
  readonly collection: Collection;
  readonly name: string;
  /** `''`: whichever is current. */
  readonly version: string;
}

export type ReadIdentifier =
  { readonly ok: true; readonly value: ObjectIdentifier } | { readonly ok: false; readonly fault: string };

const namePattern = /^[0-9a-z-]{1,127}$/i;
const versionPattern = /^[0-9a-f]{32}$/i;

/** Why an object cannot have the name; `undefined` if it can. */
export function nameFault(name: string): string | undefined {
  if (name === '') return 'The name is missing.';
  if (namePattern.test(name)) return undefined;
  return 'A name has 1 to 127 letters from a to z, digits and hyphens.';
}

/** Reads an identifier that the user typed, by its form alone: the vault says whether the object exists. */
export function readIdentifier(
  text: string,
  { vaultSuffix, collection }: { readonly vaultSuffix: string; readonly collection: Collection },
): ReadIdentifier {
  const example = `https://NAME${vaultSuffix}/${collection}/NAME`;
  const given = text.trim();
  const url = URL.parse(given);
  if (url?.protocol !== 'https:') return refused(`An identifier begins with https://: ${example}`);
  if (url.username !== '' || url.search !== '' || url.hash !== '')
    return refused(`An identifier has an address and a path, and nothing else: ${example}`);
  const vaultName = url.host.endsWith(vaultSuffix) ? url.host.slice(0, -vaultSuffix.length) : '';
  if (!/^[a-z][0-9a-z-]*$/i.test(vaultName)) return refused(`The address is not a vault's of this server: ${example}`);
  const [, found, name = '', version = '', ...more] = url.pathname.split('/');
  if (found !== collection) return refused(`The path begins with /${collection}/: ${example}`);
  if (!namePattern.test(name) || more.length > 0)
    return refused(`After /${collection}/ follow a name and, if you like, a version: ${example}/VERSION`);
  if (version !== '' && !versionPattern.test(version)) return refused('A version has 32 hexadecimal digits.');
  return { ok: true, value: { vaultUri: `${url.origin}/`, vaultName, collection, name, version } };
}

export function writeIdentifier({ vaultUri, collection, name, version }: ObjectIdentifier): string {
  return `${vaultUri}${collection}/${name}${version === '' ? '' : `/${version}`}`;
}

function refused(fault: string): ReadIdentifier {
  return { ok: false, fault };
}
