import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { TestContext } from 'node:test';
import { readPortal } from '../../src/site/portal-files.ts';
import { group, location } from '../control-plane/resources.ts';
import { openBrowser } from '../world/browser/browser.ts';
import type { OpenBrowser } from '../world/browser/browser.ts';
import type { Look } from '../world/browser/look.ts';
import { signIn } from '../world/browser/sign-in.ts';
import type { Tab } from '../world/browser/tab.ts';
import { startServerWith } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';

export const ada = { user: 'ada@contoso.example', password: 'correct horse & battery', objectId: randomUUID() };

/** Azure's id of the role Owner. */
const owner = '8e3af657-a8ff-443c-a75c-2fe8c4bcb635';

/** A server with the portal as it was built, the resource group `rg`, a user who owns the subscription, and a browser. */
export interface PortalWorld extends AsyncDisposable {
  readonly server: TestServer;
  readonly browser: OpenBrowser;
  /** A page below `/portal/`, from a loopback address, signed in as the user. */
  readonly open: (
    t: TestContext,
    at: { readonly from: string; readonly path: string; readonly look?: Partial<Look> },
  ) => Promise<Tab>;
}

export async function startPortal(): Promise<PortalWorld> {
  const portal = readPortal();
  assert.ok(portal.ok, `${portal.ok ? '' : portal.why} Build it: npm run build:portal`);
  const user = { userPrincipalName: ada.user, password: ada.password, objectId: ada.objectId, displayName: 'Ada' };
  const server = await startServerWith({ config: { users: [user] }, portal });
  const { client } = server;
  const { subscriptionId } = client.identity;
  assert.equal((await client.arm('PUT', group, { location })).status, 201);
  const roleDefinitionId = `/subscriptions/${subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${owner}`;
  const assigned = await client.arm('PUT', `/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}`, {
    properties: { roleDefinitionId, principalId: ada.objectId, principalType: 'User' },
  });
  assert.equal(assigned.status, 201, JSON.stringify(assigned.body));
  const browser = await openBrowser(client);
  return {
    server,
    browser,
    async open(t, { from, path, look = {} }) {
      const tab = await browser.pageFrom(t, from, look);
      await tab.page.goto(`${client.home}/portal/${path}`);
      await signIn(tab, ada);
      return tab;
    },
    async [Symbol.asyncDispose]() {
      await browser[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}
