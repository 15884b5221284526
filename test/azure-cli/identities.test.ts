import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { at, expectStatus, group, json, location, startWithGroup } from '../control-plane/resources.ts';
import { notRun } from '../not-run.ts';
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
    using az = azAt(world);
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
}

if (azIsInstalled()) suite('the Azure CLI', { concurrency: 1 }, runSuite);
else notRun('the Azure CLI finds identities and tags', 'az is not installed (Debian: apt-get install azure-cli)');
