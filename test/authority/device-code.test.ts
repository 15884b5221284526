import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeJwt } from 'jose';
import { DeviceCodes } from '../../src/authority/device-codes.ts';
import { errorOf } from './browser.ts';
import {
  azureCli,
  browserOf,
  clientId,
  managementResource,
  origin,
  password,
  postToken,
  startAuthority,
  tenant,
  user,
  vaultResource,
} from './world.ts';
import type { TestAuthority } from './world.ts';

const credentials = { login: user.userPrincipalName, passwd: password };
const scope = `${managementResource}/.default openid offline_access`;

async function begin({ app }: TestAuthority, form: Record<string, string> = {}, path = 'oauth2/v2.0/devicecode') {
  const response = await app.inject({
    method: 'POST',
    url: `/organizations/${path}`,
    headers: { host: 'localhost:8443', 'content-type': 'application/x-www-form-urlencoded' },
    payload: new URLSearchParams({ client_id: azureCli, scope, ...form }).toString(),
  });
  const body: Readonly<Record<string, unknown>> = response.json();
  return body;
}

async function poll(authority: TestAuthority, code: unknown, form: Record<string, string> = {}) {
  const { body } = await postToken(
    authority,
    {
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
      client_id: azureCli,
      device_code: String(code),
      ...form,
    },
    { tenant: 'organizations' },
  );
  return body;
}

/** The user enters the code and signs in. */
async function enter(authority: TestAuthority, userCode: string) {
  const browser = browserOf(authority);
  return { browser, page: await browser.submit(await browser.open(`${origin}/devicelogin`), { otc: userCode }) };
}

test('a device waits until its user has signed in elsewhere, and gets the tokens once', async (t) => {
  const authority = await startAuthority(t);
  const { user_code: userCode, device_code: code, ...rest } = await begin(authority);
  assert.match(String(userCode), /^[BCDFGHJKLMNPQRSTVWXZ]{9}$/);
  assert.deepEqual(rest, {
    verification_uri: `${origin}/devicelogin`,
    expires_in: 900,
    interval: 5,
    message: `To sign in, use a web browser to open the page ${origin}/devicelogin and enter the code ${String(userCode)} to authenticate.`,
  });
  assert.equal((await poll(authority, code))['error'], 'authorization_pending');
  assert.equal((await poll(authority, code))['error'], 'slow_down');
  authority.clock.ms += 5000;
  const pending = await poll(authority, code);
  assert.deepEqual([pending['error'], pending['error_codes']], ['authorization_pending', [70016]]);

  // In any spelling.
  const { browser, page } = await enter(authority, String(userCode).toLowerCase().replace(/(...)/, '$1-'));
  assert.match(page.text, /You are signing in to <b>Microsoft Azure CLI<\/b> on another device\./);
  const wrong = await browser.submit(page, { ...credentials, passwd: 'x' });
  assert.match(errorOf(wrong), /^AADSTS50126: /);
  assert.match(
    (await browser.submit(wrong, credentials)).text,
    /You have signed in to Microsoft Azure CLI on your device/,
  );

  const powershell = '1950a258-227b-4e31-a9cf-717495945fc2';
  assert.equal((await poll(authority, code, { client_id: powershell }))['error'], 'bad_verification_code');
  assert.deepEqual((await poll(authority, code, { client_id: clientId }))['error_codes'], [7000218]);
  const tokens = await poll(authority, code);
  const claims = decodeJwt(String(tokens['access_token']));
  assert.deepEqual([claims.aud, claims['oid'], claims['appid']], [managementResource, user.id, azureCli]);
  assert.ok('refresh_token' in tokens && 'id_token' in tokens);
  assert.equal((await poll(authority, code))['error'], 'bad_verification_code');
});

test('a device gets the tokens once, however often it asks at the same moment', async (t) => {
  const authority = await startAuthority(t);
  const { user_code: userCode, device_code: code } = await begin(authority);
  const { browser, page } = await enter(authority, String(userCode));
  await browser.submit(page, credentials);
  const polls = await Promise.all(Array.from({ length: 16 }, () => poll(authority, code)));
  assert.equal(polls.filter((tokens) => 'access_token' in tokens).length, 1);
  assert.equal(polls.filter(({ error }) => error === 'bad_verification_code').length, 15);
});

test('a code is valid for one sign-in, for a quarter of an hour', async (t) => {
  const authority = await startAuthority(t);
  const first = await begin(authority);
  const { browser, page } = await enter(authority, String(first['user_code']));
  await browser.submit(page, credentials);
  const again = await enter(authority, String(first['user_code']));
  assert.match(errorOf(again.page), /^AADSTS70018: That code didn't work/);

  const second = await begin(authority);
  authority.clock.ms += 1000;
  const open = await enter(authority, String(second['user_code']));
  authority.clock.ms += 899_000 - 1;
  assert.equal((await poll(authority, second['device_code']))['error'], 'authorization_pending');
  authority.clock.ms += 1;
  assert.match(errorOf(await open.browser.submit(open.page, credentials)), /^AADSTS70018: /);
  const expired = await poll(authority, second['device_code']);
  assert.deepEqual([expired['error'], expired['error_codes']], ['expired_token', [70020]]);
});

test('a wrong code is shown as an error, and the page can be used again', async (t) => {
  const authority = await startAuthority(t);
  const { user_code: userCode } = await begin(authority);
  const { browser, page } = await enter(authority, 'BCDFGHJKL');
  assert.equal(page.status, 400);
  assert.match((await browser.submit(page, { otc: String(userCode) })).text, /Microsoft Azure CLI/);
});

test('the code is accepted only from the page that asks for it', async (t) => {
  const authority = await startAuthority(t);
  const { user_code: userCode } = await begin(authority);
  const [mine, other] = [browserOf(authority), browserOf(authority)];
  const page = await mine.open(`${origin}/devicelogin`);
  await other.open(`${origin}/devicelogin`);
  const answer = await other.submit(page, { otc: String(userCode) });
  assert.match(errorOf(answer), /^AADSTS165000: /);
  // The page for the code does not accept a password either.
  const forged = { ...page, text: page.text.replace('/devicelogin', `/${tenant}/login`) };
  assert.match(errorOf(await mine.submit(forged, credentials)), /^AADSTS165000: /);
});

test('version 1 has other names for the same', async (t) => {
  const authority = await startAuthority(t);
  const body = await begin(authority, { scope: '', resource: vaultResource }, 'oauth2/devicecode');
  assert.deepEqual(
    [body['verification_url'], body['expires_in'], body['interval']],
    [`${origin}/devicelogin`, '900', '5'],
  );
  const { browser, page } = await enter(authority, String(body['user_code']));
  await browser.submit(page, credentials);
  const form = { grant_type: 'device_code', client_id: azureCli, code: String(body['device_code']) };
  const answer = await postToken(authority, form, { endpoint: 'v1', tenant: 'common' });
  assert.equal(decodeJwt(String(answer.body['access_token'])).aud, vaultResource);
});

test('an invalid request for a code is refused with the reason', async (t) => {
  const authority = await startAuthority(t);
  const cases = [
    [{ client_id: '' }, 900144],
    [{ client_id: user.id }, 700016],
    [{ scope: 'https://elsewhere.example/.default' }, 500011],
  ] as const;
  for (const [form, code] of cases) assert.deepEqual((await begin(authority, form))['error_codes'], [code]);
});

test("a requester's codes displace none but its own oldest ones", () => {
  let ms = 0;
  const codes = new DeviceCodes(() => ms);
  const request = { clientId: 'c', tenant, scope: 's', site: '192.0.2.1' };
  const begun = (others: Partial<typeof request> = {}) => {
    const made = codes.begin({ ...request, ...others });
    assert.ok(typeof made !== 'string');
    return made;
  };
  const isThere = ({ userCode }: { readonly userCode: string }) => codes.find(userCode) !== undefined;
  const [neighbour, elsewhere] = [begun({ clientId: 'd' }), begun({ site: '192.0.2.2' })];
  const mine = Array.from({ length: 10_000 }, () => begun());
  assert.ok(isThere(neighbour) && isThere(elsewhere));
  assert.deepEqual(mine.map(isThere).indexOf(true), mine.length - 500, 'the youngest 500 wait');
  // An approved code is not dropped in favor of one that may never be approved.
  const approved = mine.at(-1);
  assert.ok(approved !== undefined && codes.approve(approved.userCode, { userId: 'u', tenant, authTime: 0 }));
  for (let count = 0; count < 1000; count += 1) begun();
  assert.equal(codes.poll(approved.deviceCode, 'c').kind, 'approved');
  // From any number of places, there are at most 10,000 codes, and a new one still gets a place.
  for (let site = 0; site < 40; site += 1)
    for (let count = 0; count < 500; count += 1) begun({ site: `2001:db8::${site}` });
  assert.ok(isThere(neighbour) && isThere(elsewhere) && isThere(begun({ site: '192.0.2.3' })));
  ms = 900_000;
  assert.ok(!isThere(neighbour) && !isThere(elsewhere));
  assert.ok(isThere(begun()));
});
