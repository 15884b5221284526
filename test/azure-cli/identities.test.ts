import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { exchangeAudience, startCluster } from '../authority/cluster.ts';
import { at, claimsOf, expectStatus, group, json, location, startWithGroup } from '../control-plane/resources.ts';
import { notRun } from '../not-run.ts';
import { startServerWith } from '../world/server.ts';
import { azAt, azIsInstalled, registerCloud } from './az.ts';
import type { AzResult } from './az.ts';

function expectDone(result: AzResult): AzResult {
  assert.equal(result.status, 0, result.stderr);
  return result;
}

function runSuite(): void {
  test('az finds the identity of a web app in the directory, gives it a role, and tags its group', async () => {
    await using world = await startWithGroup();
    const { client } = world;
    const { tenantId, clientId, clientSecret, subscriptionId } = client.identity;
    using az = await azAt(world);
    expectDone(await registerCloud(az, client.home));
    expectDone(await az.run('login', '--service-principal', '--tenant', tenantId, '-u', clientId, '-p', clientSecret));
    const site = `${group}/providers/Microsoft.Web/sites/app`;
    const made = await client.arm('PUT', site, { location, identity: { type: 'SystemAssigned' } });
    const id = String(at(expectStatus(made, 201).body, 'identity', 'principalId'));
    const shown = json(expectDone(await az.run('ad', 'sp', 'show', '--id', id)).output);
    assert.deepEqual([shown['displayName'], shown['servicePrincipalType']], ['app', 'ManagedIdentity']);
    const scope = `/subscriptions/${subscriptionId}${group}`;
    const assignee = ['--assignee-object-id', id, '--assignee-principal-type', 'ServicePrincipal'];
    const assigned = await az.run('role', 'assignment', 'create', ...assignee, '--role', 'Reader', '--scope', scope);
    assert.equal(json(expectDone(assigned).output)['principalId'], id);
    const tag = (...options: readonly string[]) => az.run('tag', ...options, '--resource-id', scope);
    expectDone(await tag('update', '--operation', 'Merge', '--tags', 'a=b'));
    expectDone(await tag('update', '--operation', 'Merge', '--tags', 'c=d'));
    expectDone(await tag('update', '--operation', 'Delete', '--tags', 'a=b'));
    assert.deepEqual(at(json(expectDone(await tag('list')).output), 'properties', 'tags'), { c: 'd' });
    expectStatus(await client.arm('DELETE', site), 200);
    const gone = await az.run('ad', 'sp', 'show', '--id', id);
    assert.notEqual(gone.status, 0);
    assert.match(gone.stderr, /does not exist or one of its queried reference-property objects are not present/);
  });

  test('az federates a user-assigned identity with a cluster, and signs in as it with a token of the cluster', async () => {
    await using cluster = await startCluster();
    await using world = await startServerWith({ config: { issuers: [cluster.configured] } });
    const { client } = world;
    const { tenantId, clientId, clientSecret } = client.identity;
    expectStatus(await client.arm('PUT', group, { location, tags: { env: 'test' } }), 201);
    using az = await azAt(world);
    expectDone(await registerCloud(az, client.home));
    expectDone(await az.run('login', '--service-principal', '--tenant', tenantId, '-u', clientId, '-p', clientSecret));
    const made = json(expectDone(await az.run('identity', 'create', '-g', 'rg', '-n', 'app', '-l', location)).output);
    const identity = String(made['clientId']);
    const subject = 'system:serviceaccount:shop:cart';
    const credential = (command: string, ...options: readonly string[]) =>
      az.run('identity', 'federated-credential', command, '-g', 'rg', '--identity-name', 'app', ...options);
    const said = ['--issuer', cluster.issuer, '--subject', subject, '--audiences', exchangeAudience];
    const created = json(expectDone(await credential('create', '-n', 'aks', ...said)).output);
    assert.deepEqual(
      [created['name'], created['issuer'], created['subject'], created['audiences']?.[0]],
      ['aks', cluster.issuer, subject, exchangeAudience],
    );
    const twice = await credential('create', '-n', 'again', ...said);
    assert.match(twice.stderr, /Issuer and subject combination already exists for this Managed Identity/);
    const listed = json(expectDone(await credential('list')).output);
    assert.deepEqual([listed[0]?.['name'], listed[1]], ['aks', undefined]);
    const tags = json(expectDone(await az.run('tag', 'list')).output);
    assert.deepEqual([tags[0]?.['tagName'], tags[0]?.['count']?.['value'], tags[1]], ['env', 1, undefined]);

    const signIn = async () => {
      const who = ['--service-principal', '--tenant', tenantId, '-u', identity, '--allow-no-subscriptions'];
      return az.run('login', ...who, '--federated-token', await cluster.sign({ subject }));
    };
    expectDone(await signIn());
    const { output } = expectDone(await az.run('account', 'get-access-token'));
    assert.equal(claimsOf(String(output['accessToken']))['oid'], made['principalId']);
    expectDone(await az.run('login', '--service-principal', '--tenant', tenantId, '-u', clientId, '-p', clientSecret));
    expectDone(await credential('delete', '-n', 'aks', '--yes'));
    assert.deepEqual(json(expectDone(await credential('list')).output)[0], undefined);
    // Else it shows the token that it keeps.
    expectDone(await az.run('account', 'clear'));
    assert.match((await signIn()).stderr, /AADSTS70025: .* has no configured federated identity credentials/);
  });
}

if (azIsInstalled()) suite('the Azure CLI', { concurrency: 1 }, runSuite);
else notRun('the Azure CLI finds identities and tags', 'az is not installed (Debian: apt-get install azure-cli)');
