import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { globalAdministrators } from '../../src/directory/groups.ts';
import { browserAt } from '../authority/browser-at.ts';
import { notRun } from '../not-run.ts';
import { startServerWith } from '../world/server.ts';
import { azAt, azIsInstalled, registerCloud } from './az.ts';
import type { AzResult } from './az.ts';

const ada = { userPrincipalName: 'ada@contoso.example', password: 'correct horse & battery' };
const user = { ...ada, displayName: 'Ada', groups: [globalAdministrators] };
const credentials = { login: ada.userPrincipalName, passwd: ada.password };
const noSubscription = '--allow-no-subscriptions';

const program = fileURLToPath(new URL('user-of-browser.ts', import.meta.url));

function startWithAda() {
  return startServerWith({ config: { users: [user] } });
}

function expectDone(result: AzResult): AzResult {
  assert.equal(result.status, 0, result.stderr);
  return result;
}

function runSuite(): void {
  test('the resource manager’s address alone is enough for a service principal to sign in and to make another', async () => {
    await using world = await startWithAda();
    const { identity, home } = world.client;
    using az = await azAt(world);
    expectDone(await registerCloud(az, home));
    const { output: cloud } = expectDone(await az.run('cloud', 'show', '--name', 'Postern'));
    assert.equal(cloud['endpoints']?.['activeDirectory'], home);
    assert.equal(cloud['endpoints']?.['microsoftGraphResourceId'], home);
    assert.equal(cloud['suffixes']?.['keyvaultDns'], `.vault.localhost:${world.port}`);

    const asPrincipal = ['login', '--service-principal', '--tenant', identity.tenantId, '-u', identity.clientId];
    const wrong = await az.run(...asPrincipal, '-p', 'wrong');
    assert.equal(wrong.status, 1);
    assert.match(wrong.stderr, /AADSTS7000215: Invalid client secret provided/);
    expectDone(await az.run(...asPrincipal, '-p', identity.clientSecret));
    const { output: account } = expectDone(await az.run('account', 'show'));
    assert.equal(account['id'], identity.subscriptionId);
    assert.equal(account['tenantId'], identity.tenantId);
    assert.deepEqual(account['user'], { name: identity.clientId, type: 'servicePrincipal' });

    const role = ['--role', 'Reader', '--scopes', `/subscriptions/${identity.subscriptionId}`];
    const { output: made } = expectDone(await az.run('ad', 'sp', 'create-for-rbac', '--name', 'robot', ...role));
    const [appId, password] = [String(made['appId']), String(made['password'])];
    assert.equal(made['tenant'], identity.tenantId);
    const { output: found } = expectDone(await az.run('ad', 'sp', 'show', '--id', appId));
    assert.equal(found['displayName'], 'robot');
    const asRobot = ['login', '--service-principal', '--tenant', identity.tenantId, '-u', appId, '-p', password];
    const { output: accounts } = expectDone(await az.run(...asRobot));
    assert.equal(accounts[0]?.['id'], identity.subscriptionId, 'by its role');
    const refused = await az.run('ad', 'app', 'create', '--display-name', 'x');
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /directory permission is needed/i);
  });

  test('a device code lets az in as whoever types it into the page', async () => {
    await using world = await startWithAda();
    using az = await azAt(world);
    expectDone(await registerCloud(az, world.client.home));
    const { child, ended } = az.start('login', '--use-device-code', noSubscription);
    const prompt = await new Promise<string>((resolve, reject) => {
      let said = '';
      child.stderr?.on('data', (chunk: Buffer) => {
        said += chunk.toString();
        if (/enter the code [A-Z]{9} /.test(said)) resolve(said);
      });
      child.on('close', () => reject(new Error(said)));
    });
    const browser = browserAt({ port: world.port, ca: world.client.ca });
    const address = /https:\/\/\S+\/devicelogin/.exec(prompt)?.[0] ?? '';
    const otc = /enter the code ([A-Z]{9})/.exec(prompt)?.[1] ?? '';
    const page = await browser.submit(await browser.open(address), { otc });
    assert.match((await browser.submit(page, credentials)).text, /You have signed in to Microsoft Azure CLI/);
    expectDone(await ended);
    const { output: me } = expectDone(await az.run('ad', 'signed-in-user', 'show'));
    assert.equal(me['userPrincipalName'], ada.userPrincipalName);
  });

  test('az login opens the sign-in page in a browser, and is answered on its loopback address', async () => {
    await using world = await startWithAda();
    // In the background, or az would wait for the browser, and the browser for az.
    const environment = {
      BROWSER: `${process.execPath} ${program} %s &`,
      POSTERN_TEST: JSON.stringify({ ...credentials, ca: world.client.ca }),
    };
    using az = await azAt(world, environment);
    expectDone(await registerCloud(az, world.client.home));
    const { output } = expectDone(await az.run('login', noSubscription));
    assert.deepEqual(output[0]?.['user'], { name: ada.userPrincipalName, type: 'user' });
  });

  test('a user name and password sign in, and the user changes the directory', async () => {
    await using world = await startWithAda();
    // MSAL asks for the realm of a user at the host's port 443, whatever port the authority has.
    const opened = await world.server.ingress.addPublic({ host: '127.0.0.1', port: 443 }).catch(() => undefined);
    if (opened === undefined) {
      notRun('az login by user name and password', 'port 443 of this machine cannot be had');
      return;
    }
    using az = await azAt(world);
    expectDone(await registerCloud(az, 'https://localhost'));
    const login = ['login', '-u', ada.userPrincipalName, noSubscription, '-p'];
    const wrong = await az.run(...login, 'wrong');
    assert.equal(wrong.status, 1);
    assert.match(wrong.stderr, /AADSTS50126: Error validating credentials/);
    expectDone(await az.run(...login, ada.password));
    const bob = ['--user-principal-name', 'bob@contoso.example', '--display-name', 'Bob'];
    const { output: made } = expectDone(await az.run('ad', 'user', 'create', ...bob, '--password', 'another password'));
    expectDone(await az.run('ad', 'group', 'create', '--display-name', 'Readers', '--mail-nickname', 'readers'));
    const member = ['--group', 'Readers', '--member-id', String(made['id'])];
    expectDone(await az.run('ad', 'group', 'member', 'add', ...member));
    const again = await az.run('ad', 'group', 'member', 'add', ...member);
    assert.match(again.stderr, /One or more added object references already exist/);
    const { output: checked } = expectDone(await az.run('ad', 'group', 'member', 'check', ...member));
    assert.equal(checked['value'], true);
  });
}

if (azIsInstalled()) suite('the Azure CLI', { concurrency: 1 }, runSuite);
else notRun('the Azure CLI signs in', 'az is not installed (Debian: apt-get install azure-cli)');
