import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { azIsInstalled, signedIn, typed } from '../azure-cli/az.ts';
import { incarnationOf, networks, putNetwork, putVault, subnetId, vaults } from '../control-plane/resources.ts';
import { notRun } from '../not-run.ts';
import { describeInBrowser } from '../world/browser/browser.ts';
import { signIn } from '../world/browser/sign-in.ts';
import { expectUsable } from '../world/browser/usable.ts';
import { connect } from '../world/client.ts';
import type { Json } from '../world/client.ts';
import { freePort } from '../world/free-port.ts';
import { press, write } from './keyboard.ts';
import { ada, startPortal } from './portal-world.ts';
import type { PortalWorld } from './portal-world.ts';

/** The server's words for values that no rule may have. */
const refusals: readonly (readonly [string, RegExp])[] = [
  ['203.0.113.0/31', /small range, .*use individual addresses instead: 203\.0\.113\.0 and 203\.0\.113\.1\./],
  ['203.0.113.7/32', /small range/],
  ['10.0.0.0/8', /belongs to forbidden range 10\.0\.0\.0–10\.255\.255\.255 \(private IP addresses\)/],
  ['2001:db8::1', /is IPv6; only IPv4 addresses are supported\./],
  ['203.0.113.7/24', /has bits set after the prefix; use 203\.0\.113\.0\/24 for the range/],
];

describeInBrowser('the Networking tab', () => {
  let portal: PortalWorld;
  before(async () => {
    portal = await startPortal();
  });
  after(async () => {
    await portal[Symbol.asyncDispose]();
  });

  const open = (t: TestContext, vault: string, from = '127.0.0.7') =>
    portal.open(t, { from, path: `vaults/rg/${vault}/networking` });

  const aclsOf = async (vault: string): Promise<Json | undefined> => {
    const { body } = await portal.server.client.arm('GET', `${vaults}/${vault}`);
    return body['properties']?.['networkAcls'];
  };

  /** The settings as the official client reads them, after it has set the given ones. */
  const bySdk = async (vault: string, given?: object): Promise<unknown> => {
    const { client, folder } = portal.server;
    const program = fileURLToPath(new URL('sdk-vault.ts', import.meta.url));
    const words = [program, vault, ...(given === undefined ? [] : [JSON.stringify(given)])];
    const { stdout } = await promisify(execFile)(process.execPath, words, {
      env: {
        ...process.env,
        NODE_EXTRA_CA_CERTS: join(folder.path, 'ca.pem'),
        POSTERN_TEST: JSON.stringify({ ...client.identity, home: client.home }),
      },
      timeout: 120_000,
    });
    return JSON.parse(stdout);
  };

  it('sets every field by the keyboard alone, as the official clients read it, and shows what they set', async (t) => {
    const { client } = portal.server;
    await putVault(client, 'kv-all');
    await putNetwork(client, 'net', ['apps', 'ops'], {});
    const tab = await open(t, 'kv-all');
    const { page } = tab;
    await tab.sees('You get in from 203.0.113.7.');
    await press(tab, page.getByLabel('Allow public access from all networks'), 'ArrowDown');
    await tab.sees('You would lose access from 203.0.113.7.');
    await press(tab, page.getByRole('button', { name: '+ Add existing virtual networks' }));
    const dialog = page.getByRole('dialog');
    await press(tab, dialog.getByLabel(/^apps/), 'Space');
    await tab.sees('no service endpoint');
    await press(tab, dialog.getByRole('button', { name: 'Add', exact: true }));
    await tab.sees(page.getByRole('button', { name: 'Remove net / apps' }));
    const field = page.getByLabel('IPv4 address or CIDR');
    for (const [value, words] of refusals) {
      await write(tab, field, value);
      await tab.sees(page.getByRole('status').filter({ hasText: words }));
      await page.keyboard.press('Enter');
      assert.equal(await field.inputValue(), value, 'a refused value stays in the field');
    }
    await write(tab, field, '198.51.100.0/24');
    await page.keyboard.press('Enter');
    await press(tab, page.getByRole('button', { name: '+ Add your client IP address (203.0.113.7)' }));
    await tab.sees('You get in from 203.0.113.7.');
    await press(tab, page.getByLabel('Allow trusted Microsoft services to bypass this firewall'), 'Space');
    assert.equal(tab.requestsTo(/^PATCH/).length, 0);
    await page.keyboard.press('Control+s');
    await tab.sees('Saved and in force');
    const expected = {
      publicNetworkAccess: 'Enabled',
      networkAcls: {
        bypass: 'None',
        defaultAction: 'Deny',
        ipRules: [{ value: '198.51.100.0/24' }, { value: '203.0.113.7' }],
        virtualNetworkRules: [{ id: subnetId(client, 'net', 'apps') }],
      },
    };
    assert.deepEqual(await bySdk('kv-all'), expected);
    const subnet = await client.arm('GET', `${networks}/net/subnets/apps`);
    assert.equal(subnet.body['properties']?.['serviceEndpoints']?.[0]?.['service'], 'Microsoft.KeyVault');
    if (azIsInstalled()) {
      using az = await signedIn(portal.server);
      const rules = await typed(az, 'keyvault network-rule list --name kv-all');
      assert.deepEqual(rules['ipRules'], expected.networkAcls.ipRules);
    } else notRun('az reads what the portal set', 'there is no az');
    await bySdk('kv-all', {
      publicNetworkAccess: 'Disabled',
      networkAcls: { bypass: 'AzureServices', defaultAction: 'Deny', ipRules: [{ value: '192.0.2.0/28' }] },
    });
    await page.reload();
    await tab.sees(page.getByRole('button', { name: 'Remove 192.0.2.0/28' }));
    assert.ok(await page.getByLabel('Disable public access').isChecked());
    assert.ok(await page.getByLabel('Allow trusted Microsoft services to bypass this firewall').isChecked());
    assert.equal(await page.getByRole('list', { name: 'Virtual network rules' }).count(), 0);
  });

  it('takes 127 + 127 rules and refuses the 128th in the words of the server', async (t) => {
    const { client } = portal.server;
    const subnets = Array.from({ length: 127 }, (_, at) => `s${at}`);
    await putNetwork(client, 'wide', subnets);
    const ipRules = Array.from({ length: 127 }, (_, at) => ({ value: `20.${at}.0.0/25` }));
    const virtualNetworkRules = subnets.map((name) => ({ id: subnetId(client, 'wide', name) }));
    const full = { bypass: 'None', defaultAction: 'Deny', ipRules, virtualNetworkRules };
    assert.equal((await putVault(client, 'kv-full', { networkAcls: full })).status, 200);
    const tab = await open(t, 'kv-full', '127.0.0.9');
    const { page } = tab;
    await tab.sees('You do not get in from 203.0.113.9.');
    const field = page.getByLabel('IPv4 address or CIDR');
    await field.fill('203.0.113.9');
    await tab.sees('a vault takes at most 127 IPv4 rules (rule profile documented)');
    await field.press('Enter');
    assert.ok(await page.getByRole('button', { name: 'Save' }).isDisabled());
    assert.equal(await page.getByRole('list', { name: 'IP rules' }).getByRole('listitem').count(), 127);
    assert.equal(await page.getByRole('list', { name: 'Virtual network rules' }).getByRole('listitem').count(), 127);
    await page.getByRole('button', { name: 'Remove 20.1.0.0/25' }).click();
    await tab.sees('1 change, not saved yet');
    await page.getByRole('button', { name: 'Keep 20.1.0.0/25' }).click();
    assert.ok(await page.getByRole('button', { name: 'Save' }).isDisabled(), 'a rule that came back does not count');
    assert.equal(tab.requestsTo(/^PATCH/).length, 0);
    assert.deepEqual((await aclsOf('kv-full'))?.['ipRules'], ipRules);
  });

  it('says who loses before it saves, and what is saved decides the next request', async (t) => {
    const { client } = portal.server;
    const permissions = { secrets: ['get', 'list'] };
    const policies = [client.identity.objectId, ada.objectId].map((objectId) => ({
      tenantId: client.identity.tenantId,
      objectId,
      permissions,
    }));
    await putVault(client, 'kv-lose', {
      accessPolicies: policies,
      networkAcls: { defaultAction: 'Deny', ipRules: [{ value: '203.0.113.7' }, { value: '203.0.113.8' }] },
    });
    const list = async (from: string) => (await client.vault('kv-lose', 'GET', '/secrets', { from })).status;
    assert.deepEqual([await list('127.0.0.8'), await list('127.0.0.9')], [200, 403]);
    const tab = await open(t, 'kv-lose');
    const { page } = tab;
    await tab.sees(page.getByText(/Of 1 caller since .*: 1 stay, 0 lose/));
    await page.getByRole('button', { name: 'Remove 203.0.113.7' }).click();
    await page.getByRole('button', { name: 'Remove 203.0.113.8' }).click();
    await tab.sees('You would lose access from 203.0.113.7.');
    await tab.sees(page.getByText(/0 stay, 1 lose/));
    await page.getByLabel('Would this address get in?').fill('203.0.113.8');
    await tab.sees(
      page.getByText(
        /^Denied: defaultAction is Deny, 203\.0\.113\.8 is in none of the IP rules \(0\).* Today it does\.$/,
      ),
    );
    await page.keyboard.press('Control+s');
    const dialog = page.getByRole('dialog', { name: 'This change shuts somebody out' });
    await tab.sees(dialog.getByText('1 caller of the last 24 hours would be denied:'));
    await tab.sees(dialog.getByText('203.0.113.8'));
    await dialog.getByRole('button', { name: 'Go on editing' }).click();
    assert.equal(tab.requestsTo(/^PATCH/).length, 0);
    await page.getByRole('button', { name: 'Save' }).click();
    await dialog.getByRole('button', { name: 'Save anyway' }).click();
    await tab.sees('Saved and in force');
    await tab.sees('You do not get in from 203.0.113.7.');
    assert.equal(await list('127.0.0.8'), 403);
    await page.getByRole('button', { name: 'Add 203.0.113.7', exact: true }).click();
    await tab.sees('You would get in from 203.0.113.7.');
    await page.keyboard.press('Control+s');
    await tab.sees('You get in from 203.0.113.7.');
    assert.deepEqual([await list('127.0.0.7'), await list('127.0.0.8')], [200, 403]);
  });

  it('saves nothing before it is known who called lately', async (t) => {
    const { client } = portal.server;
    const { tenantId, objectId } = client.identity;
    const accessPolicies = [{ tenantId, objectId, permissions: { secrets: ['list'] } }];
    await putVault(client, 'kv-late', { accessPolicies, networkAcls: { defaultAction: 'Allow', bypass: 'None' } });
    assert.equal((await client.vault('kv-late', 'GET', '/secrets', { from: '127.0.0.8' })).status, 200);
    const tab = await portal.open(t, { from: '127.0.0.7', path: '' });
    const { page } = tab;
    const known = Promise.withResolvers<undefined>();
    await page.route(/Postern\.Insight\/callers/, async (route) => {
      await known.promise;
      await route.continue();
    });
    await page.goto(`${client.home}/portal/vaults/rg/kv-late/networking`);
    await page.getByLabel('Allow public access from specific virtual networks and IP addresses').check();
    await page.getByRole('button', { name: '+ Add your client IP address (203.0.113.7)' }).click();
    for (const time of [1, 2, 3]) await page.keyboard.press('Control+s', { delay: time });
    await tab.sees('Finding out who called lately');
    assert.equal(tab.requestsTo(/^PATCH/).length, 0);
    known.resolve(undefined);
    await tab.sees(page.getByRole('dialog', { name: 'This change shuts somebody out' }).getByText('203.0.113.8'));
    assert.equal(tab.requestsTo(/^PATCH/).length, 0);
    await page.getByRole('button', { name: 'Save anyway' }).click();
    await tab.sees('Saved and in force');
    assert.equal(tab.requestsTo(/^PATCH/).length, 1);
  });

  it('names a caller of a subnet whose rule is removed', async (t) => {
    const { client, server } = portal.server;
    await putNetwork(client, 'calling', ['apps']);
    const [id, incarnation] = [subnetId(client, 'calling', 'apps'), await incarnationOf(client, 'calling', 'apps')];
    const { tenantId, objectId } = client.identity;
    await putVault(client, 'kv-apps', {
      accessPolicies: [{ tenantId, objectId, permissions: { secrets: ['list'] } }],
      networkAcls: { defaultAction: 'Deny', virtualNetworkRules: [{ id }] },
    });
    const port = await freePort();
    await server.ingress.addSubnetListener({ port, host: '127.0.0.1' }, { subnet: id.toLowerCase(), incarnation });
    const apps = connect({ ...client, port, domain: 'localhost' });
    const asked = `${client.vaultOrigin('kv-apps')}/secrets?api-version=7.4`;
    assert.equal((await apps.send(asked, { token: await client.token('vault') })).status, 200);
    const tab = await open(t, 'kv-apps');
    await tab.sees(/Of 1 caller since .*: 1 stay, 0 lose/);
    await tab.page.getByRole('button', { name: /^Remove.*calling/ }).click();
    await tab.sees(/0 stay, 1 lose/);
  });

  it('puts two changes together that were made at the same time, and takes the address of a link', async (t) => {
    const { client } = portal.server;
    await putVault(client, 'kv-two', { networkAcls: { defaultAction: 'Deny', ipRules: [{ value: '203.0.113.7' }] } });
    const tab = await portal.open(t, { from: '127.0.0.7', path: 'vaults/rg/kv-two/networking?add=203.0.113.144' });
    const { page } = tab;
    await tab.sees(page.getByRole('button', { name: 'Remove 203.0.113.144' }));
    await tab.sees('1 change, not saved yet');
    const theirs = {
      bypass: 'None',
      defaultAction: 'Deny',
      ipRules: [{ value: '192.0.2.1' }, { value: '203.0.113.7' }],
    };
    await client.arm('PATCH', `${vaults}/kv-two`, { properties: { networkAcls: theirs } });
    tab.expectFault(/status of 412/);
    await page.keyboard.press('Control+s');
    await tab.sees('The rules were changed meanwhile, by another user or in another tab. Nothing was saved.');
    await tab.sees(page.getByRole('listitem').filter({ hasText: '− trusted Microsoft services' }));
    assert.deepEqual((await aclsOf('kv-two'))?.['ipRules'], theirs.ipRules);
    await page.getByRole('button', { name: 'Put both together' }).click();
    await page.keyboard.press('Control+s');
    await tab.sees('Saved and in force');
    assert.deepEqual(await aclsOf('kv-two'), {
      ...theirs,
      ipRules: [...theirs.ipRules, { value: '203.0.113.144' }],
      virtualNetworkRules: [],
    });
    await tab.until('the link is used up', () => !page.url().includes('add='));
    let stays = true;
    page.on('dialog', (dialog) => void (stays ? dialog.dismiss() : dialog.accept()));
    await page.getByLabel('Disable public access').check();
    await page.getByRole('link', { name: 'Vaults' }).click();
    await tab.sees('What this change does');
    await page.getByRole('button', { name: 'Discard' }).click();
    await tab.sees(page.getByRole('group', { name: 'Rules' }).and(page.locator(':focus')));
    await page.getByRole('link', { name: 'Vaults' }).click();
    await tab.sees(page.getByRole('heading', { name: 'Vaults' }));
    await page.getByRole('link', { name: 'kv-two', exact: true }).click();
    await page.getByLabel('Disable public access').check();
    await page.goBack();
    await tab.until('the address is that of the page', () => page.url().endsWith('/kv-two'));
    await tab.sees('What this change does');
    stays = false;
    await page.goBack();
    await tab.sees(page.getByRole('heading', { name: 'Vaults' }));
    await page.goForward();
    await tab.sees('Who gets in');
  });

  it('helps a rule whose subnet has no endpoint, or is another one by now', async (t) => {
    const { client } = portal.server;
    await putNetwork(client, 'life', ['off', 'again']);
    const ids = ['off', 'again'].map((name) => subnetId(client, 'life', name));
    await putVault(client, 'kv-life', {
      networkAcls: { defaultAction: 'Deny', virtualNetworkRules: ids.map((id) => ({ id })) },
    });
    const bare = { properties: { addressPrefix: '10.0.0.0/24' } };
    await client.arm('PUT', `${networks}/life/subnets/off`, bare);
    await client.arm('DELETE', `${networks}/life/subnets/again`);
    const endpoints = { addressPrefix: '10.0.1.0/24', serviceEndpoints: [{ service: 'Microsoft.KeyVault' }] };
    await client.arm('PUT', `${networks}/life/subnets/again`, { properties: endpoints });
    const tab = await open(t, 'kv-life');
    const { page } = tab;
    await tab.sees('lets nobody in: the subnet has no service endpoint for Microsoft.KeyVault');
    await tab.sees('lets nobody in: it was made for an earlier subnet of that name');
    await page.getByRole('button', { name: 'Switch the service endpoint on' }).click();
    await tab.losesSight('lets nobody in: the subnet has no service endpoint for Microsoft.KeyVault');
    await page.getByRole('button', { name: 'Make the rule again, for the subnet of today' }).click();
    await tab.losesSight('lets nobody in: it was made for an earlier subnet of that name');
    const rules = (await aclsOf('kv-life'))?.['virtualNetworkRules'];
    assert.deepEqual([rules?.[0]?.['id'], rules?.[1]?.['id'], rules?.[2]], [...ids, undefined]);
  });

  it('is usable with a draft, and where it asks, in every look', async (t) => {
    await putVault(portal.server.client, 'kv-look', {
      networkAcls: { defaultAction: 'Deny', ipRules: [{ value: '203.0.113.7' }] },
    });
    const tab = await open(t, 'kv-look');
    const { page } = tab;
    await page.getByRole('button', { name: 'Remove 203.0.113.7' }).click();
    await page.getByLabel('IPv4 address or CIDR').fill('10.0.0.0/8');
    await page.getByLabel('Would this address get in?').fill('10.1.0.4');
    await tab.sees('10.1.0.4 is not a public address (private IP addresses)');
    await page.getByLabel('Would this address get in?').fill('203.0.113.9');
    await tab.sees('You would lose access from 203.0.113.7.');
    await expectUsable(tab);
    await page.getByRole('button', { name: 'Save' }).click();
    await tab.sees('This change shuts somebody out');
    await expectUsable(tab);
  });

  // The last one: the server's clock does not go back, and the client keeps its tokens.
  it('goes on with a draft when the token has ended, and after a sign-in that became due', async (t) => {
    const { client, advance } = portal.server;
    await putVault(client, 'kv-later', { networkAcls: { defaultAction: 'Deny', ipRules: [{ value: '203.0.113.7' }] } });
    const tab = await open(t, 'kv-later');
    const { page } = tab;
    tab.expectFault(/status of 401/);
    await page.getByLabel('IPv4 address or CIDR').fill('198.51.100.0/25');
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    // The browser's clock goes with the server's, as it does for a user.
    const later = async (hours: number) => {
      advance(hours * 3_600_000);
      await page.clock.setSystemTime(portal.server.now());
    };
    await later(2);
    await page.getByRole('button', { name: 'Save' }).click();
    await tab.sees('Saved and in force');

    await page.getByLabel('IPv4 address or CIDR').fill('198.51.100.128/25');
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await later(25);
    tab.expectFault(/status of 400/);
    await page.getByRole('button', { name: 'Save' }).click();
    // Another user lets an address in while the page is away.
    await tab.sees(page.getByRole('heading', { name: 'Sign in' }));
    const ipRules = ['203.0.113.7', '198.51.100.0/25', '203.0.113.50'].map((value) => ({ value }));
    const { port, hostname: domain } = new URL(client.home);
    const other = connect({ ...client, port: Number(port), domain });
    await putVault(other, 'kv-later', { networkAcls: { defaultAction: 'Deny', ipRules } });
    await signIn(tab, ada);
    await tab.sees('1 change, not saved yet');
    await tab.sees(page.getByRole('button', { name: 'Remove 198.51.100.128/25' }));
    await tab.sees(page.getByRole('button', { name: 'Remove 203.0.113.50' }));
    assert.equal(await page.evaluate('sessionStorage.length'), 0);
  });
});
