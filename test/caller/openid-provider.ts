import { createHash, generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { mock } from 'node:test';
import { exportJWK } from 'jose';
import { Provider } from 'oidc-provider';
import type { Configuration, JWKS } from 'oidc-provider';

/** The certified OpenID provider of `oidc-provider`, on loopback, with access tokens that are JWTs for one audience. */
export interface OpenIdProvider extends AsyncDisposable {
  readonly issuer: string;
  /** Its one client: a GUID, which is the `sub` of its own tokens. */
  readonly clientId: string;
  /** A token of the client itself. */
  readonly clientToken: (audience: string) => Promise<string>;
  /** Signs a user in with a code and its challenge, as a browser does; returns the user's access token. */
  readonly userToken: (user: string, audience: string) => Promise<string>;
  /** Signs with a new key from now on; with `keep` the keys before stay in the JWKS. */
  readonly rotate: (keep: boolean) => Promise<void>;
  /** The requests of other programs, by path. */
  readonly asked: string[];
  /** It no longer answers: connections are closed at once. */
  stop(): void;
  go(): void;
}

const redirectUri = 'http://127.0.0.1:9/callback';
const clientSecret = 'the secret of the client';

/** @param port a free port, which its issuer's name has */
export async function startOpenIdProvider(): Promise<OpenIdProvider> {
  const clientId = randomUUID();
  const asked: string[] = [];
  let [isDown, keys]: [boolean, JWKS['keys']] = [false, []];
  let answer: (...request: Parameters<ReturnType<Provider['callback']>>) => unknown = () => undefined;
  const server = createServer((request, response) => {
    if (isDown) {
      request.socket.destroy();
      return;
    }
    asked.push(request.url ?? '');
    void answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const issuer = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  const rotate = async (keep: boolean) => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const jwk = { ...(await exportJWK(privateKey)), kid: randomUUID(), alg: 'RS256', use: 'sig' };
    keys = [jwk, ...(keep ? keys : [])] as JWKS['keys'];
    answer = quietly(() => new Provider(issuer, configurationOf(clientId, { keys }))).callback();
  };
  await rotate(false);
  const basic = `Basic ${Buffer.from(`${clientId}:${encodeURIComponent(clientSecret)}`).toString('base64')}`;
  const tokenFor = async (form: Readonly<Record<string, string>>) => {
    const answered = await fetch(`${issuer}/token`, {
      method: 'POST',
      headers: { authorization: basic },
      body: new URLSearchParams(form),
    });
    const body = (await answered.json()) as { readonly access_token?: string };
    if (body.access_token === undefined) throw new Error(JSON.stringify(body));
    return body.access_token;
  };
  return {
    issuer,
    clientId,
    asked,
    rotate,
    clientToken: (audience) => tokenFor({ grant_type: 'client_credentials', resource: audience, scope: 'vault' }),
    async userToken(user, audience) {
      const verifier = randomBytes(32).toString('base64url');
      const code = await signIn(issuer, user, {
        client_id: clientId,
        response_type: 'code',
        redirect_uri: redirectUri,
        scope: 'openid vault',
        resource: audience,
        code_challenge: createHash('sha256').update(verifier).digest('base64url'),
        code_challenge_method: 'S256',
      });
      return tokenFor({ grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: redirectUri });
    },
    stop: () => void (isDown = true),
    go: () => void (isDown = false),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function configurationOf(clientId: string, jwks: JWKS): Configuration {
  return {
    jwks,
    clients: [
      {
        client_id: clientId,
        client_secret: clientSecret,
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code', 'client_credentials'],
        application_type: 'native',
      },
    ],
    cookies: { keys: ['of a test'] },
    findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: true },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => true,
        getResourceServerInfo: (_, audience) => ({
          scope: 'vault',
          audience,
          accessTokenFormat: 'jwt',
          accessTokenTTL: 3600,
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
  };
}

/** Without its warnings that the pages for a sign-in are for development. */
function quietly<T>(make: () => T): T {
  const silenced = (['warn', 'info'] as const).map((name) => mock.method(console, name, () => undefined));
  try {
    return make();
  } finally {
    for (const { mock: method } of silenced) method.restore();
  }
}

/** Follows the redirects and fills in the forms of a sign-in, and returns the code. */
async function signIn(issuer: string, user: string, asked: Readonly<Record<string, string>>): Promise<string> {
  const cookies = new Map<string, string>();
  const send = async (url: URL, form?: Readonly<Record<string, string>>) => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const body = form && new URLSearchParams(form);
    const answered = await fetch(url, {
      method: body ? 'POST' : 'GET',
      body: body ?? null,
      headers: { cookie },
      redirect: 'manual',
    });
    for (const set of answered.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
      if (value === '') cookies.delete(name);
      else cookies.set(name, value);
    }
    return { location: answered.headers.get('location'), page: await answered.text() };
  };
  let url = new URL(`${issuer}/auth?${new URLSearchParams(asked).toString()}`);
  for (let steps = 0; steps < 12; steps += 1) {
    const { location, page } = await send(url);
    const prompt = /name="prompt" value="(\w+)"/.exec(page)?.[1];
    const next = location ?? (prompt && (await send(url, { prompt, login: user, password: 'any' })).location);
    if (next === null || next === undefined || next === '')
      throw new Error(`no way from ${url.href}: ${page.slice(0, 500)}`);
    url = new URL(next, url);
    if (next.startsWith(redirectUri)) return url.searchParams.get('code') ?? '';
  }
  throw new Error(`the sign-in does not end: ${url.href}`);
}
