/** Sign-ins that begin at one node and go on at others, as a balancer sends their requests. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { DeviceCodeCredential } from '@azure/identity';
import { browserAt } from '../authority/browser-at.ts';
import { redirectOf } from '../authority/browser.ts';
import type { Browser, Page } from '../authority/browser.ts';
import { claimsOf } from '../control-plane/resources.ts';
import { putVault } from '../data-plane/vaults.ts';
import type { Answered } from '../world/client.ts';
import { haveBalancer } from './balancer.ts';
import { havePostgres } from './cluster.ts';
import type { Node } from './nodes.ts';
import { startPlace } from './place.ts';
import type { Place } from './place.ts';

const ada = { userPrincipalName: 'ada@contoso.example', password: 'correct horse & battery' };
const bob = { userPrincipalName: 'bob@contoso.example', password: 'staple & more' };
const adasId = 'f0000000-0000-4000-8000-000000000001';
const desktop = 'a0000000-0000-4000-8000-000000000001';
const redirectUri = 'http://localhost';
const credentials = { login: ada.userPrincipalName, passwd: ada.password };

type Form = Readonly<Record<string, string>>;

/** A user's browser, which the balancer sends to another node for each request. */
class Visitor {
  readonly #browsers: ReadonlyMap<Node, Browser>;
  readonly #cookies = new Map<string, string>();

  constructor(nodes: readonly Node[]) {
    const found = nodes.map((node) => {
      const { ready, client } = node.running();
      return [node, browserAt({ port: ready.port, ca: client.ca })] as const;
    });
    this.#browsers = new Map(found);
  }

  open(node: Node, url: string): Promise<Page> {
    return this.#at(node, (browser) => browser.open(url));
  }

  submit(node: Node, page: Page, fields: Form): Promise<Page> {
    return this.#at(node, (browser) => browser.submit(page, fields));
  }

  /** Another browser that has got hold of the cookies. */
  copy(nodes: readonly Node[]): Visitor {
    const copied = new Visitor(nodes);
    for (const [name, value] of this.#cookies) copied.#cookies.set(name, value);
    return copied;
  }

  async #at(node: Node, visit: (browser: Browser) => Promise<Page>): Promise<Page> {
    const browser = this.#browsers.get(node);
    assert.ok(browser);
    browser.cookies.clear();
    for (const [name, value] of this.#cookies) browser.cookies.set(name, value);
    const page = await visit(browser);
    this.#cookies.clear();
    for (const [name, value] of browser.cookies) this.#cookies.set(name, value);
    return page;
  }
}

function post(node: Node, endpoint: string, form: Form): Promise<Answered> {
  const { send, home, identity } = node.client();
  return send(`${home}/${identity.tenantId}/oauth2/v2.0/${endpoint}`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ client_id: desktop, ...form }).toString(),
  });
}

/** Exactly one of the answers has tokens, which are returned; the others have this error and number. */
function onceOf(answers: readonly Answered[], error: string, number: number): Answered['body'] {
  const [granted, refused] = [true, false].map((is) => answers.filter(({ status }) => (status === 200) === is));
  assert.equal(granted?.length, 1, JSON.stringify(answers.map(({ body }) => body)));
  for (const { status, body } of refused ?? []) {
    const found = [status, body['error'], body['error_codes']?.[0]];
    assert.deepEqual(found, [400, error, number], JSON.stringify(body));
  }
  return granted[0]?.body ?? assert.fail();
}

const name = 'sign-ins over several nodes';

if (havePostgres(name) && haveBalancer(name)) {
  describe(name, () => {
    let place: Place;
    let nodes: readonly [Node, Node, Node];

    before(async () => {
      const users = [
        { ...ada, displayName: 'Ada', objectId: adasId },
        { ...bob, displayName: 'Bob', objectId: 'f0000000-0000-4000-8000-000000000002' },
      ];
      const clients = [{ clientId: desktop, publicClient: true, redirectUris: { publicClient: [redirectUri] } }];
      place = await startPlace('direct', { config: { users, clients } });
      const [a, b, c] = place.nodes.nodes;
      assert.ok(a && b && c);
      nodes = [a, b, c];
      await putVault(place.nodes.client, 'kv-ada', { policies: [{ objectId: adasId, secrets: ['list'] }] });
    });
    after(() => place[Symbol.asyncDispose]());

    const scopeOf = (node: Node) => `${node.client().vaultOrigin('x').replace('x.', '')}/.default offline_access`;
    const authorize = (verifier: string, more: Form = {}) => {
      const { home, identity } = nodes[0].client();
      const query = {
        client_id: desktop,
        response_type: 'code',
        redirect_uri: redirectUri,
        scope: scopeOf(nodes[0]),
        code_challenge: createHash('sha256').update(verifier).digest('base64url'),
        code_challenge_method: 'S256',
        ...more,
      };
      return `${home}/${identity.tenantId}/oauth2/v2.0/authorize?${new URLSearchParams(query).toString()}`;
    };
    const redeem = (node: Node, code: string, verifier: string) =>
      post(node, 'token', {
        grant_type: 'authorization_code',
        code,
        redirect_uri: redirectUri,
        code_verifier: verifier,
      });
    const codeIn = (page: Page) => redirectOf(page).searchParams.get('code') ?? '';
    const errorIn = (page: Page) => redirectOf(page).searchParams.get('error');

    it('a code is asked for at one node, given by another, and redeemed once by all; what it gives is good at each', async () => {
      const [a, b, c] = nodes;
      const visitor = new Visitor(nodes);
      const verifier = randomBytes(32).toString('base64url');
      const page = await visitor.open(a, authorize(verifier));
      const code = codeIn(await visitor.submit(b, page, credentials));
      const tokens = onceOf(
        await Promise.all([a, b, c, a, b, c].map((node) => redeem(node, code, verifier))),
        'invalid_grant',
        54005,
      );
      let [access, refresh] = [String(tokens['access_token']), String(tokens['refresh_token'])];
      for (const node of nodes) {
        const { vault } = node.client();
        assert.equal((await vault('kv-ada', 'GET', '/secrets', { token: access })).status, 200);
        assert.equal((await vault('kv-ada', 'GET', '/secrets/x', { token: access })).status, 403);
        const again = await post(node, 'token', {
          grant_type: 'refresh_token',
          refresh_token: refresh,
          scope: scopeOf(node),
        });
        assert.equal(again.status, 200, JSON.stringify(again.body));
        [access, refresh] = [String(again.body['access_token']), String(again.body['refresh_token'])];
        assert.equal(claimsOf(access)['oid'], adasId);
      }
    });

    it('a code is not redeemed at another node with another verifier', async () => {
      const [a, b, c] = nodes;
      const visitor = new Visitor(nodes);
      const [verifier, other] = ['v', 'w'].map((letter) => letter.repeat(43));
      assert.ok(verifier !== undefined && other !== undefined);
      const code = codeIn(await visitor.submit(b, await visitor.open(c, authorize(verifier)), credentials));
      const { status, body } = await redeem(a, code, other);
      assert.deepEqual([status, body['error_codes']?.[0]], [400, 501481], JSON.stringify(body));
    });

    it('a session of one node is known to the others, also its end', async () => {
      const [a, b, c] = nodes;
      const visitor = new Visitor(nodes);
      const verifier = 'v'.repeat(43);
      const silent = authorize(verifier, { prompt: 'none' });
      assert.equal(errorIn(await visitor.open(a, silent)), 'login_required');
      await visitor.submit(a, await visitor.open(a, authorize(verifier)), credentials);
      const thief = visitor.copy(nodes);
      for (const node of nodes) {
        assert.equal((await redeem(a, codeIn(await visitor.open(node, silent)), verifier)).status, 200);
        assert.equal((await redeem(a, codeIn(await thief.open(node, silent)), verifier)).status, 200);
      }
      await visitor.open(b, `${a.client().home}/common/oauth2/v2.0/logout`);
      for (const each of [visitor, thief]) assert.equal(errorIn(await each.open(c, silent)), 'login_required');
    });

    it('a device begins at one node, its user goes to others, and one of all gives the tokens once', async () => {
      const [a, b, c] = nodes;
      const begun = await post(a, 'devicecode', { scope: scopeOf(a) });
      const { user_code: userCode, device_code: code, verification_uri: page } = begun.body;
      const poll = (node: Node) =>
        post(node, 'token', {
          grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
          device_code: String(code),
        });
      assert.equal((await poll(b)).body['error'], 'authorization_pending');
      const visitor = new Visitor(nodes);
      const asked = await visitor.submit(c, await visitor.open(b, String(page)), { otc: String(userCode) });
      const done = await visitor.submit(b, asked, credentials);
      assert.match(done.text, /You have signed in/);
      const tokens = onceOf(await Promise.all([a, b, c, a, b, c].map(poll)), 'bad_verification_code', 70019);
      assert.equal(claimsOf(String(tokens['access_token']))['oid'], adasId);
      const refreshed = await post(b, 'token', {
        grant_type: 'refresh_token',
        refresh_token: String(tokens['refresh_token']),
        scope: scopeOf(b),
      });
      assert.equal(refreshed.status, 200, JSON.stringify(refreshed.body));
    });

    it('the official client waits for its device at whichever nodes the balancer chooses', async () => {
      const { home, ca, identity } = place.nodes.client;
      const stopped = new AbortController();
      const signIn = async (page: string, userCode: string) => {
        const browser = browserAt({ port: Number(new URL(home).port), ca });
        const asked = await browser.submit(await browser.open(page), { otc: userCode });
        assert.match((await browser.submit(asked, credentials)).text, /You have signed in/);
      };
      let signedIn = Promise.resolve();
      const credential = new DeviceCodeCredential({
        authorityHost: home,
        disableInstanceDiscovery: true,
        tlsOptions: { ca },
        tenantId: identity.tenantId,
        clientId: desktop,
        userPromptCallback: ({ userCode, verificationUri }) => {
          signedIn = signIn(verificationUri, userCode);
          signedIn.catch(() => stopped.abort());
        },
      });
      const { token } = await credential.getToken(scopeOf(nodes[0]), { abortSignal: stopped.signal });
      await signedIn;
      assert.equal(claimsOf(token)['oid'], adasId);
    });

    it('wrong passwords are counted together, and lock the name at every node', async () => {
      const signIn = (node: Node, { userPrincipalName: username, password }: typeof bob) =>
        post(node, 'token', { grant_type: 'password', username, password, scope: scopeOf(node) });
      const numberOf = ({ body }: Answered) => body['error_codes']?.[0];
      for (let wrong = 0; wrong < 10; wrong += 1) {
        const [a, b] = nodes;
        assert.equal(numberOf(await signIn(wrong % 2 === 0 ? a : b, { ...bob, password: 'wrong' })), 50126);
      }
      for (const node of nodes) {
        assert.equal(numberOf(await signIn(node, bob)), 50053, node.name);
        assert.equal((await signIn(node, ada)).status, 200);
      }
    });
  });
}
