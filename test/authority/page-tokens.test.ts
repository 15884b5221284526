import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { portalClientId } from '../../src/directory/well-known.ts';
import { redirectOf } from './browser.ts';
import type { Browser } from './browser.ts';
import { azureCli, browserOf, managementResource, origin, password, postToken, startAuthority, user } from './world.ts';
import type { TestAuthority } from './world.ts';

const hour = 3_600_000;
const verifier = randomBytes(32).toString('base64url');
const portal = { client_id: portalClientId, redirect_uri: `${origin}/portal/` };
const cli = { client_id: azureCli, redirect_uri: 'http://localhost' };

/** Asks for a code, signing in where the page is shown. */
async function codeFor(browser: Browser, client: typeof portal): Promise<string> {
  const asked = new URLSearchParams({
    ...client,
    response_type: 'code',
    scope: `${managementResource}/.default offline_access`,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const page = await browser.open(`${origin}/organizations/oauth2/v2.0/authorize?${asked.toString()}`);
  const credentials = { login: user.userPrincipalName, passwd: password };
  const back = redirectOf(page.status === 302 ? page : await browser.submit(page, credentials));
  return back.searchParams.get('code') ?? '';
}

function redeem(authority: TestAuthority, code: string, client: typeof portal) {
  const form = { grant_type: 'authorization_code', ...client, code, code_verifier: verifier };
  return postToken(authority, form, { tenant: 'organizations' });
}

async function refreshTokenOf(authority: TestAuthority, browser: Browser, client: typeof portal): Promise<string> {
  const { status, body } = await redeem(authority, await codeFor(browser, client), client);
  assert.equal(status, 200, JSON.stringify(body));
  return String(body['refresh_token']);
}

async function refresh(authority: TestAuthority, token: string, { client_id }: typeof portal) {
  const form = { grant_type: 'refresh_token', client_id, refresh_token: token };
  const { status, body } = await postToken(authority, form, { tenant: 'organizations' });
  return { status, error: String(body['error_description']), next: String(body['refresh_token']) };
}

test("a page's refresh token ends a day after the sign-in, however often it is renewed", async (t) => {
  const authority = await startAuthority(t);
  const browser = browserOf(authority);
  let token = await refreshTokenOf(authority, browser, portal);
  const ofCli = await refreshTokenOf(authority, browser, cli);
  for (const hours of [6, 6, 6]) {
    authority.clock.ms += hours * hour;
    const renewed = await refresh(authority, token, portal);
    assert.equal(renewed.status, 200, renewed.error);
    token = renewed.next;
  }
  authority.clock.ms += 6 * hour - 1;
  token = (await refresh(authority, token, portal)).next;
  authority.clock.ms += 1;
  const ended = await refresh(authority, token, portal);
  assert.equal(ended.status, 400);
  assert.match(
    ended.error,
    /^AADSTS700084: The refresh token was issued to a single page app \(SPA\), .* lifetime of 1\.00:00:00/,
  );
  // Another client of the same browser keeps its ninety days.
  assert.equal((await refresh(authority, ofCli, cli)).status, 200);
});

test('the portal gets tokens by the sign-in page only, and az by the grants of programs too', async (t) => {
  const authority = await startAuthority(t);
  const scope = `${managementResource}/.default offline_access`;
  const asked = { grant_type: 'password', username: user.userPrincipalName, password, scope };
  const byPassword = ({ client_id }: typeof portal) =>
    postToken(authority, { ...asked, client_id }, { tenant: 'organizations' });
  const refused = await byPassword(portal);
  assert.equal(refused.status, 401);
  assert.match(String(refused.body['error_description']), /^AADSTS7000218: /);
  assert.equal((await byPassword(cli)).status, 200);
});

test('a code that the session gives without a new sign-in does not move the end', async (t) => {
  const authority = await startAuthority(t);
  const browser = browserOf(authority);
  await codeFor(browser, portal);
  authority.clock.ms += 7 * hour;
  const token = await refreshTokenOf(authority, browser, portal);
  authority.clock.ms += 17 * hour - 1;
  assert.equal((await refresh(authority, token, portal)).status, 200);
  authority.clock.ms += 1;
  assert.match((await refresh(authority, token, portal)).error, /^AADSTS700084: /);
});

test("signing out ends the page's tokens, codes and session, and no other browser's", async (t) => {
  const authority = await startAuthority(t);
  const [browser, other] = [browserOf(authority), browserOf(authority)];
  const token = await refreshTokenOf(authority, browser, portal);
  const ofCli = await refreshTokenOf(authority, browser, cli);
  const elsewhere = await refreshTokenOf(authority, other, portal);
  const code = await codeFor(browser, portal);
  const copied = new Map(browser.cookies);
  assert.equal((await refresh(authority, token, portal)).status, 200);

  const out = await browser.open(`${origin}/organizations/oauth2/v2.0/logout`);
  assert.match(out.text, /You are signed out/);
  assert.match((await refresh(authority, token, portal)).error, /^AADSTS50173: /);
  assert.match(String((await redeem(authority, code, portal)).body['error_description']), /^AADSTS50173: /);
  // Its cookie, had it been copied, is of no use either: the sign-in page is shown.
  for (const [name, value] of copied) browser.cookies.set(name, value);
  const silent = new URLSearchParams({ ...portal, response_type: 'code', prompt: 'none' });
  silent.set('scope', `${managementResource}/.default`);
  silent.set('code_challenge', createHash('sha256').update(verifier).digest('base64url'));
  silent.set('code_challenge_method', 'S256');
  const asked = await browser.open(`${origin}/organizations/oauth2/v2.0/authorize?${silent.toString()}`);
  assert.equal(redirectOf(asked).searchParams.get('error'), 'login_required');

  assert.equal((await refresh(authority, elsewhere, portal)).status, 200);
  assert.equal((await refresh(authority, ofCli, cli)).status, 200);
});

test("signing out ends the page's tokens of every sign-in in that browser, and those of an older cookie no sooner", async (t) => {
  const authority = await startAuthority(t);
  const browser = browserOf(authority);
  const first = await refreshTokenOf(authority, browser, portal);
  const older = new Map(browser.cookies);
  // The session of a working day is over, and the page in another tab still has its token.
  authority.clock.ms += 9 * hour;
  const second = await refreshTokenOf(authority, browser, portal);
  const signOut = () => browser.open(`${origin}/organizations/oauth2/v2.0/logout`);
  await signOut();
  for (const token of [first, second]) assert.match((await refresh(authority, token, portal)).error, /^AADSTS50173: /);

  for (const [name, value] of older) browser.cookies.set(name, value);
  await signOut();
  authority.clock.ms += 15 * hour;
  // This one forgets what may be forgotten.
  const third = await refreshTokenOf(authority, browser, portal);
  await signOut();
  assert.match((await refresh(authority, second, portal)).error, /^AADSTS50173: /);
  assert.match((await refresh(authority, third, portal)).error, /^AADSTS50173: /);
});

test('after signing out, the next sign-in begins another session', async (t) => {
  const authority = await startAuthority(t);
  const browser = browserOf(authority);
  await refreshTokenOf(authority, browser, portal);
  const ended = new Map(browser.cookies);
  await browser.open(`${origin}/organizations/oauth2/v2.0/logout`);
  // As if another program had put the cookie back.
  for (const [name, value] of ended) browser.cookies.set(name, value);
  const token = await refreshTokenOf(authority, browser, portal);
  assert.equal((await refresh(authority, token, portal)).status, 200);
});

test('sessions that have ended are forgotten once their tokens would have expired', async (t) => {
  const authority = await startAuthority(t);
  const ended = async () =>
    (await authority.world.store.list({ prefix: 'authority/ended-session/', limit: 100 })).length;
  const signOut = async () => {
    const browser = browserOf(authority);
    await refreshTokenOf(authority, browser, portal);
    await browser.open(`${origin}/organizations/oauth2/v2.0/logout`);
  };
  await signOut();
  await signOut();
  assert.equal(await ended(), 2);
  authority.clock.ms += 24 * hour;
  await signOut();
  assert.equal(await ended(), 1);
  // A browser without a session adds nothing.
  await browserOf(authority).open(`${origin}/organizations/oauth2/v2.0/logout`);
  assert.equal(await ended(), 1);
});
