import { get, recordPut } from '../../store/records.ts';
import type { Reading } from '../../store/records.ts';
import { certificateKeys, refused } from '../object.ts';
import type { Outcome, VaultScope } from '../object.ts';
import { requireUnchanged } from '../state.ts';

/** A person to be told about a vault's certificates. */
export interface Contact {
  readonly email: string;
  readonly name?: string;
  readonly phone?: string;
}

export function* getContacts(vault: VaultScope): Reading<Outcome<readonly Contact[]>> {
  const [record] = yield* get(certificateKeys(vault).contacts());
  if (record === undefined) return refused({ kind: 'contactsNotFound' });
  return { ok: true, value: record.value };
}

/** Replaces the vault's contacts. */
export function* setContacts(vault: VaultScope, contacts: readonly Contact[]): Reading<Outcome<readonly Contact[]>> {
  const key = certificateKeys(vault).contacts();
  const [record] = yield* get(key);
  const change = { require: [...vault.require, requireUnchanged(key, record)], put: [recordPut(key, contacts)] };
  return { ok: true, value: contacts, change };
}

export function* deleteContacts(vault: VaultScope): Reading<Outcome<readonly Contact[]>> {
  const key = certificateKeys(vault).contacts();
  const [record] = yield* get(key);
  if (record === undefined) return refused({ kind: 'contactsNotFound' });
  const change = { require: [...vault.require, requireUnchanged(key, record)], delete: [key] };
  return { ok: true, value: record.value, change };
}
