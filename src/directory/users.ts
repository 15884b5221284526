import type { Store } from '../store/store.ts';
import { changeObject } from './objects.ts';
import type { Changed, Stored } from './objects.ts';
import type { UserRecord } from './records.ts';
import type { DirectoryRefusal } from './refusal.ts';
import { hashPassword } from './secret.ts';

/** The properties of a user that can be set. An omitted one stays as it is, or gets Entra's default. */
export interface UserProperties {
  readonly userPrincipalName?: string;
  readonly displayName?: string;
  readonly accountEnabled?: boolean;
  /** In clear; only its hash is stored. */
  readonly password?: string;
  readonly mailNickname?: string;
  readonly mail?: string;
  readonly givenName?: string;
  readonly surname?: string;
}

export interface NewUser extends UserProperties {
  readonly id: string;
  readonly tenantId: string;
  readonly userPrincipalName: string;
  readonly displayName: string;
}

/** Entra's bounds (Microsoft, "Password policies"; "Microsoft Entra service limits"). */
const limits = { principalName: 113, name: 256, passwordMin: 8, passwordMax: 256 };

/** Creates a user. `now` in milliseconds since 1970. */
export async function createUser(store: Store, user: NewUser, now: number): Promise<Changed<UserRecord>> {
  const refusal = propertyRefusal(user);
  if (refusal !== undefined) return { ok: false, refusal };
  const { password, accountEnabled = true, ...rest } = user;
  const record: UserRecord = {
    ...rest,
    createdAt: now,
    accountEnabled,
    signInSessionsValidFrom: now,
    ...(password !== undefined && { passwordHash: await hashPassword(password) }),
  };
  return changeObject(store, { kind: 'user', record, before: undefined });
}

/** Changes a user. A new password or a disabled account ends every session and refresh token from before. */
export async function updateUser(
  store: Store,
  { before, now }: { readonly before: Stored<'user'>; readonly now: number },
  properties: UserProperties,
): Promise<Changed<UserRecord>> {
  const refusal = propertyRefusal(properties);
  if (refusal !== undefined) return { ok: false, refusal };
  const { password, ...rest } = properties;
  const record: UserRecord = {
    ...before.record,
    ...rest,
    ...(password !== undefined && { passwordHash: await hashPassword(password) }),
    ...((password !== undefined || rest.accountEnabled === false) && { signInSessionsValidFrom: now }),
  };
  return changeObject(store, { kind: 'user', record, before });
}

function propertyRefusal({ userPrincipalName, displayName, password }: UserProperties): DirectoryRefusal | undefined {
  const invalid = (property: string, rule: string) => ({ kind: 'propertyInvalid' as const, property, rule });
  const { principalName, name, passwordMin, passwordMax } = limits;
  if (userPrincipalName !== undefined) {
    const wellFormed = userPrincipalName.isWellFormed() && /^[^\s@]+@[^\s@]+$/.test(userPrincipalName);
    if (!wellFormed || userPrincipalName.length > principalName) {
      return invalid('userPrincipalName', `it must be alias@domain, of at most ${principalName} characters`);
    }
  }
  if (displayName !== undefined && (displayName === '' || displayName.length > name)) {
    return invalid('displayName', `it must have 1 to ${name} characters`);
  }
  if (password !== undefined && (password.length < passwordMin || password.length > passwordMax)) {
    return invalid('passwordProfile.password', `it must have ${passwordMin} to ${passwordMax} characters`);
  }
  return undefined;
}
