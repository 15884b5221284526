import * as oauth from 'oauth4webapi';
import { dropKept, leaving } from './kept-draft.ts';
import type { Settings } from './settings.ts';
import { typedJson } from './typed-json.ts';

export interface User {
  readonly name: string;
  readonly userName: string;
  readonly objectId: string;
}

/** A signed-in user. All tokens are in this object's memory and nowhere else: a reload signs in again by the session's cookie. */
export interface Session {
  readonly user: User;
  /** An access token for the resource, renewed before it ends. Signs in again, which leaves the page, where it cannot be. */
  readonly tokenFor: (resource: string) => Promise<string>;
  /** Forgets the access token for the resource, which a service no longer takes; the next is another. */
  readonly dropToken: (resource: string) => void;
  /** Ends the session at the server too; leaves the page. */
  readonly signOut: () => void;
}

interface Token {
  readonly value: string;
  readonly endsAtMs: number;
}

/** Kept while the browser is at the sign-in page. */
interface Pending {
  readonly verifier: string;
  readonly state: string;
  readonly nonce: string;
  /** The path below the origin where the user wanted to go. */
  readonly returnTo: string;
}

const pendingKey = 'postern.sign-in';
/** Tells the other tabs of the browser that the user signs out. */
const channelName = 'postern';
const renewBeforeMs = 5 * 60_000;
/** As Entra's libraries: the server's clock and the user's differ. */
const clockToleranceSeconds = 300;

/** Thrown where the sign-in page answered with an error; the message is the server's. */
export class SignInFailed extends Error {}

/**
 * The session of the signed-in user. Without one, goes to the server's sign-in page and never returns.
 * @throws {SignInFailed} when the sign-in was cancelled, or its answer is not the one to our request
 */
export async function openSession(settings: Settings): Promise<Session> {
  const at = await Authority.of(settings);
  const url = new URL(window.location.href);
  if (!url.searchParams.has('state')) return at.begin(url.pathname + url.search + url.hash);
  // The code leaves the address bar, and so the history, before anything else is done with it.
  window.history.replaceState(null, '', '/portal/');
  return at.finish(url);
}

class Authority {
  readonly #settings: Settings;
  readonly #server: oauth.AuthorizationServer;
  readonly #client: oauth.Client;
  readonly #redirectUri: string;

  private constructor(settings: Settings, server: oauth.AuthorizationServer) {
    this.#settings = settings;
    this.#server = server;
    this.#client = { client_id: settings.clientId, [oauth.clockTolerance]: clockToleranceSeconds };
    this.#redirectUri = `${settings.origin}/portal/`;
  }

  static async of(settings: Settings): Promise<Authority> {
    const issuer = new URL(`${settings.origin}/${settings.tenantId}/v2.0`);
    const response = await oauth.discoveryRequest(issuer);
    return new Authority(settings, await oauth.processDiscoveryResponse(issuer, response));
  }

  /** `afresh`: signs in by the password, also while the server's session still lasts. */
  async begin(returnTo: string, { afresh = false } = {}): Promise<never> {
    const verifier = oauth.generateRandomCodeVerifier();
    const pending: Pending = {
      verifier,
      state: oauth.generateRandomState(),
      nonce: oauth.generateRandomNonce(),
      returnTo,
    };
    window.sessionStorage.setItem(pendingKey, JSON.stringify(pending));
    return leaveFor(this.#server.authorization_endpoint, {
      client_id: this.#client.client_id,
      response_type: 'code',
      redirect_uri: this.#redirectUri,
      scope: scopeOf(this.#settings.resourceManagerResource),
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state: pending.state,
      nonce: pending.nonce,
      ...(afresh && { prompt: 'login' }),
    });
  }

  async finish(answer: URL): Promise<Session> {
    const pending = takePending();
    if (pending === undefined) return this.begin('/portal/');
    const parameters = authorizationAnswer(this.#server, this.#client, { answer, state: pending.state });
    const response = await oauth.authorizationCodeGrantRequest(
      this.#server,
      this.#client,
      oauth.None(),
      parameters,
      this.#redirectUri,
      pending.verifier,
    );
    const answered = await oauth.processAuthorizationCodeResponse(this.#server, this.#client, response, {
      expectedNonce: pending.nonce,
      requireIdToken: true,
    });
    window.history.replaceState(null, '', pending.returnTo);
    return this.#session(answered);
  }

  #session(first: oauth.TokenEndpointResponse): Session {
    const claims = oauth.getValidatedIdTokenClaims(first);
    const tokens = new Map<string, Promise<Token>>();
    let refreshToken = first.refresh_token;
    tokens.set(this.#settings.resourceManagerResource, Promise.resolve(tokenOf(first)));
    const channel = new BroadcastChannel(channelName);
    channel.addEventListener('message', () => {
      tokens.clear();
      refreshToken = undefined;
      window.dispatchEvent(new Event(leaving));
      dropKept();
      // The tab where the user signs out may not have ended the session yet.
      void this.begin(here(), { afresh: true });
    });
    const refreshed = async (resource: string): Promise<Token> => {
      if (refreshToken === undefined) return this.#signInAgain();
      try {
        const response = await oauth.refreshTokenGrantRequest(this.#server, this.#client, oauth.None(), refreshToken, {
          additionalParameters: { scope: scopeOf(resource) },
        });
        const answered = await oauth.processRefreshTokenResponse(this.#server, this.#client, response);
        refreshToken = answered.refresh_token ?? refreshToken;
        return tokenOf(answered);
      } catch (error) {
        // The session ended or the user was signed out elsewhere; anything else is a failure to show.
        if (error instanceof oauth.ResponseBodyError && error.error === 'invalid_grant') return this.#signInAgain();
        throw error;
      }
    };
    return {
      user: {
        name: claimOf(claims, 'name') ?? claimOf(claims, 'preferred_username') ?? '',
        userName: claimOf(claims, 'preferred_username') ?? '',
        objectId: claimOf(claims, 'oid') ?? '',
      },
      dropToken: (resource) => {
        tokens.delete(resource);
      },
      tokenFor: async (resource) => {
        const known = await tokens.get(resource)?.catch(() => undefined);
        if (known !== undefined && known.endsAtMs - renewBeforeMs > performance.now()) return known.value;
        const next = refreshed(resource);
        tokens.set(resource, next);
        return (await next).value;
      },
      signOut: () => {
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel is of one origin, and takes none
        channel.postMessage('signed out');
        leaveFor(this.#server.end_session_endpoint, {
          client_id: this.#client.client_id,
          post_logout_redirect_uri: this.#redirectUri,
        }).catch(() => undefined);
      },
    };
  }

  #signInAgain(): Promise<never> {
    window.dispatchEvent(new Event(leaving));
    return this.begin(here());
  }
}

function here(): string {
  return window.location.pathname + window.location.search;
}

function takePending(): Pending | undefined {
  const kept = window.sessionStorage.getItem(pendingKey);
  window.sessionStorage.removeItem(pendingKey);
  return kept === null ? undefined : typedJson<Pending>(kept);
}

function authorizationAnswer(
  server: oauth.AuthorizationServer,
  client: oauth.Client,
  { answer, state }: { readonly answer: URL; readonly state: string },
): URLSearchParams {
  try {
    return oauth.validateAuthResponse(server, client, answer, state);
  } catch (error) {
    if (error instanceof oauth.AuthorizationResponseError)
      throw new SignInFailed(error.error_description ?? error.error, { cause: error });
    throw new SignInFailed('The answer of the sign-in page is not the one to this request.', { cause: error });
  }
}

function scopeOf(resource: string): string {
  return `${resource}/.default openid profile offline_access`;
}

function tokenOf({ access_token: value, expires_in: seconds = 0 }: oauth.TokenEndpointResponse): Token {
  return { value, endsAtMs: performance.now() + seconds * 1000 };
}

function claimOf(claims: oauth.IDToken | undefined, name: string): string | undefined {
  const value = claims?.[name];
  return typeof value === 'string' ? value : undefined;
}

function leaveFor(endpoint: string | undefined, parameters: Readonly<Record<string, string>>): Promise<never> {
  if (endpoint === undefined) throw new Error('the authority does not say where to sign in');
  window.location.assign(`${endpoint}?${new URLSearchParams(parameters).toString()}`);
  // The browser is on its way to another page: nothing that waits for the session goes on.
  return new Promise(() => undefined);
}
