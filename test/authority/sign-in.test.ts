import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { decodeJwt } from 'jose';
import { portalClientId } from '../../src/directory/well-known.ts';
import { findObject } from '../../src/directory/objects.ts';
import { updateUser } from '../../src/directory/users.ts';
import { errorOf, hiddenOf, redirectOf } from './browser.ts';
import type { Page } from './browser.ts';
import {
  azureCli,
  browserOf,
  commit,
  managementResource,
  origin,
  password,
  postToken,
  secret,
  startAuthority,
  tenant,
  user,
  vaultResource,
  web,
} from './world.ts';
import type { TestAuthority } from './world.ts';

const verifier = randomBytes(32).toString('base64url');
const challenge = createHash('sha256').update(verifier).digest('base64url');
const redirectUri = 'http://localhost:53682';

/** The request that MSAL sends for az. */
const query = {
  client_id: azureCli,
  response_type: 'code',
  redirect_uri: redirectUri,
  scope: `${managementResource}/.default openid profile offline_access`,
  state: 'state & <b>',
  nonce: 'n0nce',
  code_challenge: challenge,
  code_challenge_method: 'S256',
};

const credentials = { login: user.userPrincipalName, passwd: password };

function addressOf(parameters: Record<string, string> = {}, at = `organizations/oauth2/v2.0/authorize`): string {
  const entries = Object.entries({ ...query, ...parameters }).filter(([, value]) => value !== '');
  return `${origin}/${at}?${new URLSearchParams(entries).toString()}`;
}

const redeemForm = {
  grant_type: 'authorization_code',
  client_id: azureCli,
  redirect_uri: redirectUri,
  code_verifier: verifier,
  client_info: '1',
};

async function codeFrom(authority: TestAuthority, parameters: Record<string, string> = {}): Promise<string> {
  const browser = browserOf(authority);
  const answer = redirectOf(await browser.submit(await browser.open(addressOf(parameters)), credentials));
  return answer.searchParams.get('code') ?? '';
}

test('from the page to the tokens, with the state returned and the nonce in the id_token', async (t) => {
  const authority = await startAuthority(t);
  const browser = browserOf(authority);
  const page = await browser.open(addressOf({ login_hint: 'ada"><script>@x', client_info: '1' }));
  assert.equal(page.status, 200);
  assert.match(page.text, /to continue to <b>Microsoft Azure CLI<\/b>/);
  assert.match(page.text, /value="ada&#34;&#62;&#60;script&#62;@x"/);
  const target = redirectOf(await browser.submit(page, credentials));
  assert.equal(`${target.origin}${target.pathname}`, `${redirectUri}/`);
  assert.equal(target.searchParams.get('state'), query.state);
  const info = Buffer.from(target.searchParams.get('client_info') ?? '', 'base64url').toString();
  assert.deepEqual(JSON.parse(info), { uid: user.id, utid: tenant });

  const code = target.searchParams.get('code') ?? '';
  const { status, body } = await postToken(authority, { ...redeemForm, code }, { tenant: 'organizations' });
  assert.equal(status, 200, JSON.stringify(body));
  assert.equal(decodeJwt(String(body['access_token'])).aud, managementResource);
  assert.equal(decodeJwt(String(body['id_token']))['nonce'], 'n0nce');
  assert.equal(typeof body['refresh_token'], 'string');
});

test('the page loads nothing, cannot be framed, leads nowhere else, and its cookies are for this host only', async (t) => {
  const browser = browserOf(await startAuthority(t));
  const page = await browser.open(addressOf());
  const { headers } = page;
  const policy = String(headers['content-security-policy']);
  assert.match(policy, /^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self' http:\/\/localhost:53682; /);
  assert.match(policy, /frame-ancestors 'none'; base-uri 'none'$/);
  assert.equal(headers['x-frame-options'], 'DENY');
  assert.equal(headers['cache-control'], 'no-store');
  const style = /<style>(.*)<\/style>/.exec(page.text)?.[1] ?? '';
  assert.ok(policy.includes(createHash('sha256').update(style).digest('base64')), 'the style in the page');
  assert.equal(page.text.includes('<script'), false);
  const cookie = String(headers['set-cookie']);
  assert.match(cookie, /^__Host-postern-sign-in=[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Strict$/);
  const session = String((await browser.submit(page, credentials)).headers['set-cookie']);
  assert.match(session, /^__Host-postern-session=[\w-]+; Path=\/; Secure; HttpOnly; SameSite=Strict$/);
});

test('a wrong password is shown on the page, which can be used again and shows the user name escaped', async (t) => {
  const authority = await startAuthority(t);
  const browser = browserOf(authority);
  const wrong = await browser.submit(await browser.open(addressOf()), { login: '"><i>', passwd: 'wrong' });
  assert.equal(wrong.status, 400);
  assert.equal(errorOf(wrong), 'AADSTS50126: Error validating credentials due to invalid username or password.');
  assert.match(wrong.text, /value="&#34;&#62;&#60;i&#62;"/);
  assert.equal(wrong.text.includes('wrong'), false);
  assert.equal(browser.cookies.has('__Host-postern-session'), false);
  assert.ok(redirectOf(await browser.submit(wrong, credentials)).searchParams.has('code'));
  assert.deepEqual(
    authority.failed.map(({ category, resultType, properties }) => [category, resultType, properties['appId']]),
    [['SignInLogs', '50126', azureCli]],
  );
});

test('a form is accepted only from the browser and the page that it was given to, and in time', async (t) => {
  const authority = await startAuthority(t);
  const [mine, other] = [browserOf(authority), browserOf(authority)];
  const page = await mine.open(addressOf());
  await other.open(addressOf());
  const forged = 'AADSTS165000: Invalid Request: The request tokens do not match the user context.';
  const expectForged = (answer: Page) => {
    assert.equal(answer.status, 400);
    assert.ok(errorOf(answer).startsWith(forged), answer.text);
    assert.equal(answer.headers['set-cookie'], undefined);
  };
  expectForged(await other.submit(page, credentials));
  expectForged(await browserOf(authority).submit(page, credentials));
  expectForged(await mine.submit(page, credentials, { 'sec-fetch-site': 'cross-site' }));
  expectForged(await mine.submit(page, { ...credentials, state: 'x' }));
  const session = authority.world.opaqueTokens.seal('session', { purpose: { kind: 'authorize' }, nonce: '' });
  expectForged(await mine.submit(page, { ...credentials, state: session }));
  authority.clock.ms += 15 * 60_000;
  expectForged(await mine.submit(page, credentials));
  authority.clock.ms -= 1;
  redirectOf(await mine.submit(page, credentials));
});

test('two pages can be open in one browser', async (t) => {
  const browser = browserOf(await startAuthority(t));
  const [first, second] = [await browser.open(addressOf()), await browser.open(addressOf({ state: 'second' }))];
  assert.equal(redirectOf(await browser.submit(first, credentials)).searchParams.get('state'), query.state);
  assert.equal(redirectOf(await browser.submit(second, credentials)).searchParams.get('state'), 'second');
});

test('a signed-in user is not asked again, unless the client requires it, a working day has passed or they signed out', async (t) => {
  const authority = await startAuthority(t);
  const browser = browserOf(authority);
  const silent = addressOf({ prompt: 'none' });
  const before = redirectOf(await browser.open(silent));
  assert.equal(before.searchParams.get('error'), 'login_required');
  assert.match(before.searchParams.get('error_description') ?? '', /^AADSTS50058: /);
  await browser.submit(await browser.open(addressOf()), credentials);
  for (const address of [silent, addressOf()]) {
    assert.ok(redirectOf(await browser.open(address)).searchParams.has('code'));
  }
  for (const prompt of ['login', 'select_account'])
    assert.equal((await browser.open(addressOf({ prompt }))).status, 200);

  authority.clock.ms += 8 * 3_600_000 - 1;
  assert.ok(redirectOf(await browser.open(silent)).searchParams.has('code'));
  authority.clock.ms += 1;
  assert.equal(redirectOf(await browser.open(silent)).searchParams.get('error'), 'login_required');

  await browser.submit(await browser.open(addressOf()), credentials);
  const out = await browser.open(`${origin}/common/oauth2/v2.0/logout`);
  assert.match(out.text, /You are signed out in this browser/);
  assert.equal(redirectOf(await browser.open(silent)).searchParams.get('error'), 'login_required');
});

test('a page of another origin gets no code for a native client without the user', async (t) => {
  const authority = await startAuthority(t);
  const browser = browserOf(authority);
  await browser.submit(await browser.open(addressOf()), credentials);
  for (const site of ['same-site', 'cross-site']) {
    const page = await browser.open(addressOf(), { 'sec-fetch-site': site });
    assert.match(page.text, /to continue to <b>Microsoft Azure CLI<\/b>/, site);
    const silent = redirectOf(await browser.open(addressOf({ prompt: 'none' }), { 'sec-fetch-site': site }));
    assert.equal(silent.searchParams.get('error'), 'login_required', site);
  }
  // The address that az opens, and the redirects of this server's own pages.
  for (const site of ['none', 'same-origin']) {
    const back = redirectOf(await browser.open(addressOf({ prompt: 'none' }), { 'sec-fetch-site': site }));
    assert.ok(back.searchParams.has('code'), site);
  }
  // A page's redirect URI is its own, so that no other program gets the code.
  const ofPortal = { client_id: portalClientId, redirect_uri: `${origin}/portal/`, prompt: 'none' };
  const back = redirectOf(await browser.open(addressOf(ofPortal), { 'sec-fetch-site': 'same-site' }));
  assert.ok(back.searchParams.has('code'));
});

test('a session ends with the password', async (t) => {
  const authority = await startAuthority(t);
  const browser = browserOf(authority);
  await browser.submit(await browser.open(addressOf()), credentials);
  authority.clock.ms += 1;
  const { store, now } = authority.world;
  const before = await findObject(store, { tenantId: tenant, kind: 'user' }, user.id);
  assert.ok(before !== undefined);
  await commit(store, await updateUser(store, { before, now: now() }, { password: 'another password' }));
  assert.equal((await browser.open(addressOf())).status, 200);
});

test('signing out redirects to an address of the client, and to no other', async (t) => {
  const browser = browserOf(await startAuthority(t));
  const leave = (target: string) => {
    const parameters = { post_logout_redirect_uri: target, client_id: web.clientId, state: 's' };
    return browser.open(`${origin}/${tenant}/oauth2/logout?${new URLSearchParams(parameters).toString()}`);
  };
  assert.equal(redirectOf(await leave(web.redirectUri)).href, `${web.redirectUri}?state=s`);
  assert.equal((await leave('https://evil.example/')).status, 200);
});

test('the answer goes into the fragment or a form where the client wants it there', async (t) => {
  const browser = browserOf(await startAuthority(t));
  const fragment = await browser.submit(await browser.open(addressOf({ response_mode: 'fragment' })), credentials);
  const { hash, search } = redirectOf(fragment);
  assert.equal(search, '');
  assert.ok(new URLSearchParams(hash.slice(1)).has('code'));
  const form = await browser.open(addressOf({ response_mode: 'form_post' }));
  assert.equal(form.status, 200);
  assert.match(form.text, /<form method="post" action="http:\/\/localhost:53682">/);
  assert.match(form.text, /To go back to <b>http:\/\/localhost:53682<\/b>, choose Continue\./);
  const fields = hiddenOf(form);
  assert.equal(fields['state'], query.state);
  assert.match(fields['code'] ?? '', /^[\w-]{43}$/);
});

const shownToUser: Readonly<
  Record<string, { parameters?: Record<string, string>; at?: string; status?: number; says: string }>
> = {
  'a client that nobody registered': { parameters: { client_id: user.id }, says: 'AADSTS700016: ' },
  'no client': { parameters: { client_id: '' }, says: 'AADSTS900144: ' },
  'no redirect URI': { parameters: { redirect_uri: '' }, says: 'AADSTS900144: ' },
  'a redirect URI of somebody else': {
    parameters: { redirect_uri: 'https://evil.example/<b>' },
    says: "AADSTS50011: The redirect URI 'https://evil.example/<b>' specified in the request does not match",
  },
  'a redirect URI of another client': { parameters: { redirect_uri: web.redirectUri }, says: 'AADSTS50011: ' },
  'a tenant that is not served': { at: `${user.id}/oauth2/authorize`, says: 'AADSTS90002: ' },
};

for (const [name, { parameters = {}, at, says }] of Object.entries(shownToUser)) {
  test(`${name} is shown to the user, without a redirect`, async (t) => {
    const page = await browserOf(await startAuthority(t)).open(addressOf(parameters, at));
    assert.equal(page.status, 400);
    assert.equal(page.headers['location'], undefined);
    assert.ok(errorOf(page).startsWith(says), page.text);
  });
}

const toldToClient: Readonly<Record<string, { parameters: Record<string, string>; error: string; says: string }>> = {
  'another response type': {
    parameters: { response_type: 'token' },
    error: 'unsupported_response_type',
    says: "AADSTS700054: response_type 'token' is not enabled",
  },
  'another response mode': {
    parameters: { response_mode: 'web_message' },
    error: 'invalid_request',
    says: "AADSTS70007: 'web_message' is not a supported value for 'response_mode'",
  },
  'no code challenge of a client that keeps no secret': {
    parameters: { code_challenge: '' },
    error: 'invalid_request',
    says: 'AADSTS9002325: Proof Key for Code Exchange is required',
  },
  'a plain code challenge': {
    parameters: { code_challenge_method: 'plain' },
    error: 'invalid_request',
    says: "AADSTS90023: The code_challenge_method 'plain' is not supported",
  },
  'a resource that is not known': {
    parameters: { scope: 'https://elsewhere.example/.default' },
    error: 'invalid_resource',
    says: 'AADSTS500011: ',
  },
};

for (const [name, { parameters, error, says }] of Object.entries(toldToClient)) {
  test(`${name} is sent to the client, with its state`, async (t) => {
    const { searchParams } = redirectOf(await browserOf(await startAuthority(t)).open(addressOf(parameters)));
    assert.equal(searchParams.get('error'), error);
    assert.equal(searchParams.get('state'), query.state);
    assert.ok(searchParams.get('error_description')?.startsWith(says), searchParams.get('error_description') ?? '');
  });
}

test('a code is valid once, for ten minutes, with the parameters it was requested with', async (t) => {
  const authority = await startAuthority(t);
  const redeem = async (form: Record<string, string>, at = 'organizations') => {
    const { status, body } = await postToken(authority, { ...redeemForm, ...form }, { tenant: at });
    return status === 200 ? 'granted' : String(body['error_description']);
  };
  const once = await codeFrom(authority);
  assert.equal(await redeem({ code: once }), 'granted');
  assert.match(await redeem({ code: once }), /^AADSTS54005: OAuth2 Authorization code was already redeemed/);
  assert.match(await redeem({ code: 'x' }), /^AADSTS70000: /);

  const wrong = [
    [{ code_verifier: verifier.slice(1) }, /^AADSTS501481: The Code_Verifier does not match/],
    [{ code_verifier: challenge }, /^AADSTS501481: /],
    [{ code_verifier: '' }, /^AADSTS900144: .*'code_verifier'/],
    [{ redirect_uri: 'http://localhost:1' }, /^AADSTS500112: The reply address 'http:\/\/localhost:1' does not match/],
    [{ client_id: '1950a258-227b-4e31-a9cf-717495945fc2' }, /^AADSTS70000: /],
  ] as const;
  for (const [form, says] of wrong) {
    const code = await codeFrom(authority);
    assert.match(await redeem({ code, ...form }), says);
    assert.match(await redeem({ code }), /^AADSTS54005: /, 'a code is used up by a failed attempt');
  }

  const late = await codeFrom(authority);
  authority.clock.ms += 600_000;
  assert.match(await redeem({ code: late }), /^AADSTS70008: /);
});

test('a code is valid once, however many clients show it at the same moment', async (t) => {
  const authority = await startAuthority(t);
  const code = await codeFrom(authority);
  const shown = Array.from({ length: 16 }, () =>
    postToken(authority, { ...redeemForm, code }, { tenant: 'organizations' }),
  );
  const statuses = (await Promise.all(shown)).map(({ status }) => status);
  assert.equal(statuses.filter((status) => status === 200).length, 1);
  assert.equal(statuses.filter((status) => status === 400).length, 15);
});

test("a web application redeems its code with its secret, with or without a code challenge, for the code's own resource", async (t) => {
  const authority = await startAuthority(t);
  const parameters = {
    client_id: web.clientId,
    redirect_uri: web.redirectUri,
    scope: `openid ${vaultResource}/.default`,
    code_challenge: '',
    code_challenge_method: '',
  };
  const browser = browserOf(authority);
  const page = await browser.open(addressOf(parameters));
  assert.match(page.text, /to continue to <b>&#60;b&#62;Web&#60;\/b&#62; &#38; &#34;co&#34;<\/b>/);
  const code = redirectOf(await browser.submit(page, credentials)).searchParams.get('code') ?? '';
  const form = { grant_type: 'authorization_code', client_id: web.clientId, redirect_uri: web.redirectUri };
  const again = async () => redirectOf(await browser.open(addressOf(parameters))).searchParams.get('code') ?? '';
  const bare = await postToken(authority, { ...form, code });
  assert.deepEqual(bare.body['error_codes'], [7000218]);
  const { status, body } = await postToken(authority, { ...form, code: await again(), client_secret: secret });
  assert.equal(status, 200, JSON.stringify(body));
  const claims = decodeJwt(String(body['access_token']));
  assert.deepEqual([claims.aud, claims['appidacr'], claims['oid']], [vaultResource, '1', user.id]);
  const stray = { ...form, code: await again(), client_secret: secret, code_verifier: verifier };
  assert.deepEqual((await postToken(authority, stray)).body['error_codes'], [501481]);
});

test('version 1 has the resource in its own parameter', async (t) => {
  const authority = await startAuthority(t);
  const browser = browserOf(authority);
  const address = addressOf({ scope: 'openid', resource: vaultResource }, 'common/oauth2/authorize');
  const code =
    redirectOf(await browser.submit(await browser.open(address), credentials)).searchParams.get('code') ?? '';
  const { body } = await postToken(authority, { ...redeemForm, code }, { endpoint: 'v1', tenant: 'common' });
  assert.equal(decodeJwt(String(body['access_token'])).aud, vaultResource);
});

test('a host of no name set is told so', async (t) => {
  const browser = browserOf(await startAuthority(t));
  const page = await browser.open(addressOf().replace(origin, 'https://elsewhere.example'));
  assert.equal(page.status, 421);
  assert.match(page.text, /"code":"MisdirectedRequest"/);
});

test('the realm of any name is managed, whether the user exists or not', async (t) => {
  const { app } = await startAuthority(t);
  for (const name of [user.userPrincipalName, 'bob@contoso.example']) {
    const url = `/common/userrealm/${name}?api-version=1.0`;
    const response = await app.inject({ method: 'GET', url, headers: { host: 'localhost:8443' } });
    assert.deepEqual(response.json(), {
      ver: '1.0',
      account_type: 'Managed',
      domain_name: 'contoso.example',
      cloud_instance_name: 'localhost:8443',
      cloud_audience_urn: 'urn:federation:MicrosoftOnline',
    });
  }
});
