import { findClient } from '../../directory/clients.ts';
import { registeredAs } from '../../directory/redirect-uris.ts';
import type { Answer } from '../../http/answer.ts';
import type { Form } from '../form.ts';
import type { Authority } from '../world.ts';
import { endSession } from './cookies.ts';
import { messagePage } from './page.ts';

/**
 * `GET /{tenant}/oauth2/v2.0/logout` (OpenID Connect RP-Initiated Logout 1.0): the browser is signed out, and sent to
 * `post_logout_redirect_uri` where that is registered for the client of `client_id`. Tokens run out by themselves.
 */
export async function signOut(
  { form, tenant, origin }: { readonly form: Form; readonly tenant: string; readonly origin: string },
  { store }: Authority,
): Promise<Answer> {
  const target = form.get('post_logout_redirect_uri');
  const client = await findClient(store, tenant, form.get('client_id') ?? '');
  if (target !== undefined && client !== undefined && registeredAs(client.redirectUris, target, origin) !== undefined) {
    const state = form.get('state');
    const query =
      state === undefined ? '' : `${target.includes('?') ? '&' : '?'}${new URLSearchParams({ state }).toString()}`;
    return { status: 302, headers: { location: `${target}${query}`, 'set-cookie': endSession } };
  }
  return messagePage('Signed out', 'You are signed out in this browser.', { cookie: endSession });
}
