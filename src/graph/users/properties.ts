import type { UserProperties } from '../../directory/users.ts';
import { flag, object, only, text } from '../body.ts';

const read = object({
  accountEnabled: flag,
  displayName: text,
  givenName: text,
  mail: text,
  mailNickname: text,
  // Whoever signs in for the first time keeps the password: there is no page to change it on.
  passwordProfile: object({
    password: text,
    forceChangePasswordNextSignIn: only(false),
    forceChangePasswordNextSignInWithMfa: only(false),
  }),
  surname: text,
  userPrincipalName: text,
});

/** What a body says of a user. */
export function userPropertiesOf(body: unknown): UserProperties {
  const { passwordProfile, ...properties } = read(body, '');
  const password = passwordProfile?.password;
  return { ...properties, ...(password !== undefined && { password }) };
}
