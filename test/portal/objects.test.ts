/** Secrets, keys and certificates in the portal: the vault itself answers, to the browser's own address. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, before, it } from 'node:test';
import type { TestContext } from 'node:test';
import { CertificateAuthority } from '../../examples/trusted-services/parts/certificate-authority.ts';
import { acls, auditRecords, networks, ok, putVault } from '../data-plane/vaults.ts';
import { runProgram } from '../data-plane/sdk-run.ts';
import { describeInBrowser } from '../world/browser/browser.ts';
import type { Tab } from '../world/browser/tab.ts';
import { expectUsable } from '../world/browser/usable.ts';
import { ada, startPortal } from './portal-world.ts';
import type { PortalWorld } from './portal-world.ts';

const banner = 'Firewall is turned on and your client IP address is not authorized to access this key vault.';
const listTitles = ['Secrets', 'Keys', 'Certificates'] as const;

describeInBrowser('secrets, keys and certificates in the portal', () => {
  let portal: PortalWorld;
  before(async () => {
    portal = await startPortal();
  });
  after(async () => {
    await portal[Symbol.asyncDispose]();
  });

  const all = ['all'];
  const adas = { objectId: ada.objectId, secrets: all, keys: all, certificates: all };
  const vault = async (name: string, more: object = { networkAcls: acls.deny }, policies = [adas]) => {
    const { objectId } = portal.server.client.identity;
    await putVault(portal.server.client, name, { policies: [...policies, { ...adas, objectId }], ...more });
  };
  const open = (t: TestContext, path: string, from: string = networks.allowed) =>
    portal.open(t, { from, path: `vaults/rg/${path}` });
  const setSecret = (name: string, secret: string, value: string) =>
    ok(portal.server.client.vault(name, 'PUT', `/secrets/${secret}`, { body: { value }, from: networks.allowed }));

  const goTo = (tab: Tab, title: string) =>
    tab.page
      .getByRole('navigation', { name: /^The vault/ })
      .getByRole('link', { name: title })
      .click();

  it('are behind the firewall, and everything else of the vault is not', async (t) => {
    await vault('kv-row14');
    await setSecret('kv-row14', 'only-inside', 'hidden');
    const outside = await open(t, 'kv-row14', networks.refused);
    outside.expectFault(/status of 403/);
    for (const title of listTitles) {
      await goTo(outside, title);
      await outside.sees(banner);
      await outside.sees('The vault sees your browser as 203.0.113.8');
      await expectUsable(outside);
    }
    for (const [title, shown] of [
      ['Networking', 'Allow access from'],
      ['Access', 'Permission model'],
    ] as const) {
      await goTo(outside, title);
      await outside.sees(shown);
      assert.equal(await outside.page.getByText(banner).count(), 0, title);
    }
    await outside.page.getByRole('link', { name: 'Vaults' }).click();
    await outside.sees(outside.page.getByRole('link', { name: 'kv-row14' }));

    const inside = await open(t, 'kv-row14/secrets');
    await inside.sees(inside.page.getByRole('link', { name: 'only-inside' }));
    for (const title of ['Keys', 'Certificates']) {
      await goTo(inside, title);
      await inside.sees(`There is no ${title.toLowerCase().slice(0, -1)} in kv-row14 yet.`);
    }
    for (const tab of [outside, inside]) {
      const listedByArm = /\/subscriptions\/\S*\/vaults\/[^/]+\/(?:secrets|keys|certificates)/i;
      assert.deepEqual(tab.requestsTo(listedByArm), []);
      const lists = tab.requestsTo(/GET \S*kv-row14\.vault\S*\/(?:secrets|keys|certificates)\?api-version=7\.6$/);
      assert.deepEqual([...new Set(lists.map(({ status }) => status))], [tab === outside ? 403 : 200]);
      assert.equal(lists.length, 3);
    }
    const lists = auditRecords(portal.server).filter(({ operationName }) =>
      /^(?:Secret|Key|Certificate)List$/.test(operationName),
    );
    const seen = lists.map(({ callerIpAddress, properties }) => `${callerIpAddress} ${properties.httpStatusCode}`);
    for (const [line, count] of [
      ['203.0.113.8 403', 3],
      ['203.0.113.7 200', 3],
    ] as const) {
      assert.equal(seen.filter((each) => each === line).length, count, seen.join(', '));
    }
  });

  it('of a certificate wait for an authority elsewhere, and take what it signed', async (t) => {
    await vault('kv-signed');
    const { client } = portal.server;
    const from = networks.allowed;
    const policy = { issuer: { name: 'Unknown' }, x509_props: { subject: 'CN=signed' } };
    await ok(client.vault('kv-signed', 'POST', '/certificates/signed/create', { body: { policy }, from }), 202);
    const tab = await open(t, 'kv-signed/certificates/signed');
    const { page } = tab;
    await tab.sees('The certificate waits for its authority.');
    await expectUsable(tab);
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download the request (CSR)' }).click();
    const request = readFileSync(await (await download).path(), 'utf8');
    using authority = new CertificateAuthority();
    const [signed] = authority.sign(Buffer.from(request.replaceAll(/-----.*-----|\s/g, ''), 'base64'));
    const buffer = Buffer.from(signed ?? '');
    await page.getByLabel('Signed certificate').setInputFiles({ name: 's.cer', mimeType: 'text/plain', buffer });
    await page.getByRole('button', { name: 'Merge' }).click();
    await tab.sees('Current version');
    await tab.sees('X.509 SHA-1 thumbprint');
    await tab.losesSight('The certificate waits for its authority.');
  });

  it('say which permission is missing, and where it is given', async (t) => {
    await vault('kv-policy', { networkAcls: acls.deny }, []);
    const tab = await open(t, 'kv-policy/keys');
    tab.expectFault(/status of 403/);
    await tab.sees('You are unauthorized to view these contents.');
    await tab.sees('No access policy of this vault gives you keys/list.');
    await tab.sees(tab.page.getByRole('link', { name: 'Open Access' }));
    await vault('kv-reader', { networkAcls: acls.deny }, [{ ...adas, secrets: ['get', 'list'] }]);
    await setSecret('kv-reader', 'kept', 'x');
    await tab.page.goto(tab.page.url().replace('kv-policy/keys', 'kv-reader/secrets/kept'));
    await tab.page.getByRole('button', { name: 'Delete' }).click();
    await tab.page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await tab.sees('No access policy of this vault gives you secrets/delete.');
    assert.equal(await tab.page.getByText('You are unauthorized to view').count(), 0);
    await tab.page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
    await vault('kv-rbac', { networkAcls: acls.deny, enableRbacAuthorization: true }, []);
    await tab.page.goto(tab.page.url().replace('kv-reader/secrets/kept', 'kv-rbac/secrets'));
    await tab.sees('None of your roles has the action Microsoft.KeyVault/vaults/secrets/readMetadata/action here.');
  });

  it('show a value on a click alone, and not for long', async (t) => {
    await vault('kv-show');
    await setSecret('kv-show', 'greeting', 'open sesame');
    const tab = await open(t, 'kv-show/secrets/greeting');
    const { page } = tab;
    const show = page.getByRole('button', { name: 'Show secret value' });
    const value = page.getByText('open sesame');
    await tab.sees(show);
    assert.deepEqual(tab.requestsTo(/\/secrets\/greeting\/[0-9a-f]{32}/), []);
    await show.click();
    await tab.sees(value);
    assert.doesNotMatch(`${page.url()} ${await page.title()}`, /sesame/);
    await page.evaluate(`Object.defineProperty(document, 'hidden', { value: true, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
      delete document.hidden;`);
    await tab.losesSight(value);
    await show.click();
    await tab.sees(value);
    await page.getByRole('link', { name: '← Secrets' }).click();
    await tab.losesSight(value);
    await page.goBack();
    await tab.sees(show);
    assert.equal(await value.count(), 0);
    await page.clock.install();
    await show.click();
    await tab.sees(value);
    await page.clock.runFor(29_000);
    assert.equal(await value.count(), 1);
    await page.clock.runFor(1500);
    await tab.losesSight(value);
    await tab.sees(show);
  });

  it('are made, changed, deleted and brought back, and the official clients read the same', async (t) => {
    await vault('kv-made');
    const tab = await open(t, 'kv-made/secrets?view=new');
    const { page } = tab;
    const create = (name = 'Create') => page.getByRole('button', { name, exact: true }).click();
    const field = (label: string) => page.getByLabel(label, { exact: true });
    const choice = (name: string) => page.getByRole('combobox', { name, exact: true });

    await create();
    await tab.sees('The name is missing.');
    assert.equal(await page.getByRole('alert').count(), 1);
    await tab.sees(field('Name').and(page.locator(':focus')));
    await field('Name').fill('bad name');
    await tab.sees('A name has 1 to 127 letters from a to z, digits and hyphens.');
    await field('Name').fill('db-password');
    await create();
    await tab.sees('The value is missing.');
    await field('Secret value').fill('correct <b>horse</b> & "battery"\nsecond line');
    await field('Content type').fill('<i>text</i>/plain');
    await field('Name of tag 1').fill('<b>owner</b>');
    await field('Value of tag 1').fill('"><img src=x onerror=alert(1)>');
    await expectUsable(tab);
    await create();
    await tab.sees('<b>owner</b> = "><img src=x onerror=alert(1)>');
    assert.equal(await page.locator('main img, main b, main i').count(), 0);
    await expectUsable(tab);

    await goTo(tab, 'Keys');
    await page.getByRole('link', { name: 'New key' }).first().click();
    await field('Name').fill('signing');
    await choice('Key type').selectOption('EC');
    await choice('Elliptic curve name').selectOption('P-384');
    await field('verify').uncheck();
    await create();
    await tab.sees('EC P-384');
    await page.getByRole('button', { name: 'Rotate now' }).click();
    await tab.until('there are two versions', async () => (await page.locator('.versions > li').count()) === 2);
    await page.getByRole('link', { name: '← Keys' }).click();
    await page.getByRole('link', { name: 'Import' }).click();
    await field('Name').fill('imported');
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const buffer = Buffer.from(privateKey.export({ format: 'pem', type: 'pkcs1' }));
    await page.getByLabel('Private key, a PEM file').setInputFiles({ name: 'k.pem', mimeType: 'text/plain', buffer });
    await create('Import');
    await tab.sees('RSA 2048-bit');

    await goTo(tab, 'Certificates');
    await page.getByRole('link', { name: 'New certificate' }).first().click();
    await field('Name').fill('www');
    await field('Subject').fill('CN=www.contoso.example');
    await field('DNS names').fill('www.contoso.example\nshop.contoso.example');
    await field('Validity, in months').fill('6');
    await choice('Key').selectOption('RSA 3072');
    assert.equal(await page.getByLabel('Expiration date').count(), 0);
    await create();
    await tab.sees('Issuance policy');
    for (const made of ['keys', 'secrets']) await tab.sees(page.locator(`dd a[href*="/kv-made/${made}/www/"]`));
    await page.getByRole('button', { name: 'Edit' }).click();
    await page.getByRole('dialog').getByLabel('Name of tag 1').fill('team');
    await page.getByRole('dialog').getByLabel('Value of tag 1').fill('shop');
    await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
    await tab.sees('team = shop');
    await expectUsable(tab);
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download .cer' }).click();
    assert.equal((await download).suggestedFilename(), 'www.cer');
    await runProgram(portal.server, {
      program: new URL('../data-plane/sdk/portal.ts', import.meta.url),
      scenario: 'what the portal made',
      vault: 'kv-made',
      from: networks.allowed,
    });

    await goTo(tab, 'Secrets');
    await page.getByRole('link', { name: 'db-password' }).click();
    await page.getByRole('button', { name: 'Edit' }).click();
    await page.getByRole('dialog').getByLabel('Enabled').uncheck();
    await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
    await tab.sees(page.locator('dd', { hasText: 'Disabled' }));
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await tab.sees(page.getByRole('link', { name: 'Deleted secrets' }));
    assert.equal(await page.getByRole('link', { name: 'db-password' }).count(), 0);
    portal.server.advance(1000);
    await page.getByRole('link', { name: 'Deleted secrets' }).click();
    await page.getByRole('button', { name: 'Recover db-password' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Recover' }).click();
    await tab.sees('db-password is back.');
    portal.server.advance(1000);
    await ok(portal.server.client.vault('kv-made', 'DELETE', '/secrets/db-password', { from: networks.allowed }));
    portal.server.advance(1000);
    await page.reload();
    const purge = page.getByRole('dialog').getByRole('button', { name: 'Purge for good' });
    await page.getByRole('button', { name: 'Purge db-password' }).click();
    await page.getByLabel('Type the name, db-password').fill('db-passwor');
    assert.equal(await purge.isDisabled(), true);
    await page.getByLabel('Type the name, db-password').fill('db-password');
    await expectUsable(tab);
    await purge.click();
    await tab.sees('db-password is gone for good.');
  });

  it('are listed and shown where somebody gave one an expiry that no calendar has', async (t) => {
    await vault('kv-far');
    await setSecret('kv-far', 'near', 'v');
    const body = { value: 'v', attributes: { exp: 8_640_000_000_001 } };
    await ok(portal.server.client.vault('kv-far', 'PUT', '/secrets/far', { body, from: networks.allowed }));
    const tab = await open(t, 'kv-far/secrets');
    await tab.sees(tab.page.getByRole('link', { name: 'near' }));
    await tab.page.getByRole('link', { name: 'far' }).click();
    await tab.sees('Expiration date');
    await tab.sees('outside of the calendar');
  });
});
