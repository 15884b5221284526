import { signedInSince } from '../user-authentication.ts';
import type { SignedIn } from '../user-authentication.ts';
import type { Authority } from '../world.ts';
import { setSession } from './cookies.ts';

/** A browser stays signed in for a working day. */
const sessionMs = 8 * 3_600_000;

interface Session {
  readonly tenant: string;
  readonly userId: string;
  /** Milliseconds since 1970. */
  readonly authTime: number;
}

/** The cookie by which the browser of somebody who has signed in is known. */
export function sessionCookieOf({ user, authTime }: SignedIn, { opaqueTokens }: Authority): string {
  const session: Session = { tenant: user.tenantId, userId: user.id, authTime };
  return setSession(opaqueTokens.seal('session', session));
}

/** Who is signed in in this browser, `undefined` for nobody of the tenant any more. */
export async function sessionOf(
  cookie: string | undefined,
  tenant: string,
  authority: Authority,
): Promise<SignedIn | undefined> {
  const session = cookie === undefined ? undefined : authority.opaqueTokens.open('session', cookie);
  if (!isSession(session) || session.tenant !== tenant) return undefined;
  if (authority.now() >= session.authTime + sessionMs) return undefined;
  const answer = await signedInSince(session, authority);
  return answer.ok ? answer.signedIn : undefined;
}

function isSession(value: unknown): value is Session {
  return typeof value === 'object' && value !== null && 'userId' in value && 'authTime' in value;
}
