import { decode, encode } from '../store/store.ts';
import { asSeen, certificateKeys } from './certificate.ts';
import { refused } from './object.ts';
import type { Outcome, VaultScope } from './object.ts';

/** Somebody who is to hear of a vault's certificates. */
export interface Contact {
  readonly email: string;
  readonly name?: string;
  readonly phone?: string;
}

export async function getContacts(vault: VaultScope): Promise<Outcome<readonly Contact[]>> {
  const [record] = await vault.store.read({ require: vault.require, get: [certificateKeys(vault).contacts] });
  if (record === undefined) return refused({ kind: 'contactsNotFound' });
  return { ok: true, value: decode<readonly Contact[]>(record) };
}

/** Sets the vault's contacts, in place of those that it had. */
export async function setContacts(
  vault: VaultScope,
  contacts: readonly Contact[],
): Promise<Outcome<readonly Contact[]>> {
  const key = certificateKeys(vault).contacts;
  const [record] = await vault.store.read({ require: vault.require, get: [key] });
  const change = { require: [...vault.require, asSeen(key, record)], put: [{ key, value: encode(contacts) }] };
  return { ok: true, value: contacts, change };
}

export async function deleteContacts(vault: VaultScope): Promise<Outcome<readonly Contact[]>> {
  const key = certificateKeys(vault).contacts;
  const [record] = await vault.store.read({ require: vault.require, get: [key] });
  if (record === undefined) return refused({ kind: 'contactsNotFound' });
  const change = { require: [...vault.require, asSeen(key, record)], delete: [key] };
  return { ok: true, value: decode<readonly Contact[]>(record), change };
}
