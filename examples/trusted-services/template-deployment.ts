/**
 * Azure Resource Manager template deployment service: "Pass secure values during deployment."
 *
 * The parameters of a deployment name a secret in place of a value. The resource manager reads it while it deploys, if
 * the vault has `enabledForTemplateDeployment` and whoever deploys may do `Microsoft.KeyVault/vaults/deploy/action` on
 * the vault. Here the resource manager itself does all of it: the customer's release pipeline deploys an SQL server by
 * the official client, with the password of its administrator from the vault.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { AuthorizationManagementClient } from '@azure/arm-authorization';
import { DeploymentsClient } from '@azure/arm-resourcesdeployments';
import { administrator, application, client, location, resourceGroup, resourceId, resources } from './parts/callers.ts';
import type { Party } from './parts/callers.ts';
import { answerTo } from './parts/cells.ts';
import { ownApplication } from './parts/impostors.ts';
import { play } from './parts/play.ts';
import type { Stage } from './parts/play.ts';
import type { Connection } from './parts/postern.ts';

const service = 'Azure Resource Manager template deployment service';
const secretName = 'sql-password';
const firstPassword = 'Correct-horse-1';
const secondPassword = 'Battery-staple-2';
const serverType = 'Microsoft.Sql/servers';
const serverName = 'contoso-sql';
const grant = { secrets: ['get', 'list'] };
const pipeline = client("the customer's release pipeline", {});

const template = {
  $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
  contentVersion: '1.0.0.0',
  parameters: { administratorLoginPassword: { type: 'securestring' } },
  resources: [
    {
      type: serverType,
      apiVersion: '2021-11-01',
      name: serverName,
      location,
      properties: {
        administratorLogin: 'ada',
        administratorLoginPassword: "[parameters('administratorLoginPassword')]",
        version: '12.0',
      },
    },
  ],
};

async function work({ postern, vault, owner, party, say }: Stage): Promise<void> {
  await vault.revoke(party);
  const deployer = await pipeline.enter(postern);
  const release = new Release(postern.connection, deployer, vault.id);
  const roles = new Roles(postern.connection, deployer);

  await roles.give('SQL deployment', release.group, ['Microsoft.Resources/deployments/*', `${serverType}/*`]);
  const refused = await answerTo(() => release.deploy('release-1'));
  assert.deepEqual([refused.status, refused.code], [403, 'KeyVaultParameterReferenceAuthorizationFailed']);
  assert.match(refused.message ?? '', /Microsoft\.KeyVault\/vaults\/deploy\/action/);
  say(`The pipeline may make SQL servers, but not use the vault for that: ${refused.status} ${refused.code}.`);

  await roles.give('Key Vault template deployment', vault.id, ['Microsoft.KeyVault/vaults/deploy/action']);
  const { operationName, properties } = postern.recordOf(await release.deploy('release-1'), 'SecretGet');
  assert.equal(properties.trustedService, service);
  assert.equal(await release.password(), firstPassword);
  say(`With vaults/deploy/action the server is made with the password: the vault's log has a ${operationName} of the`);
  say('trusted service. No access policy names it or the pipeline.');

  const { value: secret, properties: old } = await owner.secrets.getSecret(secretName);
  assert.equal(secret, firstPassword);
  await owner.secrets.setSecret(secretName, secondPassword);
  assert.equal(await release.password(), firstPassword);
  await release.deploy('release-2');
  assert.equal(await release.password(), secondPassword);
  await release.deploy('release-3', old.version);
  assert.equal(await release.password(), firstPassword);
  say('A new version of the secret waits for the next deployment. A reference with secretVersion gets that version.');

  const history = JSON.stringify(await release.history());
  assert.match(history, /release-1.*release-2.*release-3/);
  for (const password of [firstPassword, secondPassword]) assert.equal(history.includes(password), false);
  say(
    `The history of the deployments, ${history.length} characters with all operations and templates, has no password.`,
  );

  await vault.set({ enabledForTemplateDeployment: false });
  const closed = await answerTo(() => release.deploy('release-4'));
  assert.deepEqual([closed.status, closed.code], [400, 'KeyVaultParameterReferenceSecretRetrieveFailed']);
  assert.match(closed.message ?? '', /'403'.*Access denied to first party service/);
  assert.equal(await release.password(), firstPassword);
  await vault.set({ enabledForTemplateDeployment: true });
  await release.deploy('release-4');
  assert.equal(await release.password(), secondPassword);
  say('With the switch off, release-4 fails before it changes anything. With the switch on again it succeeds.');
  await vault.grant(party, grant);
}

/** The pipeline's deployments: always of the same template, with a reference to the vault's secret. */
class Release {
  readonly group: string;
  readonly #vaultId: string;
  readonly #connection: Connection;
  readonly #client: DeploymentsClient;

  constructor(connection: Connection, { credential }: Party, vaultId: string) {
    const { home, subscriptionId } = connection;
    this.group = `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`;
    this.#vaultId = vaultId;
    this.#connection = connection;
    const where = { endpoint: home, credentials: { scopes: [`${home}/.default`] } };
    this.#client = new DeploymentsClient(credential, subscriptionId, where);
  }

  /** Returns the correlation id, under which the vault's log has the read of the secret. */
  async deploy(name: string, secretVersion?: string): Promise<string> {
    const reference = { keyVault: { id: this.#vaultId }, secretName, ...(secretVersion && { secretVersion }) };
    const parameters = { administratorLoginPassword: { reference } };
    const deployment = { properties: { mode: 'Incremental', template, parameters } } as const;
    const quickly = { updateIntervalInMs: 50 };
    const { properties } = await this.#client.deployments.createOrUpdate(resourceGroup, name, deployment, quickly);
    assert.equal(properties?.provisioningState, 'Succeeded');
    return properties.correlationId ?? '';
  }

  /** The password that the server was made with. Azure's would not show it; this resource manager keeps what it is sent. */
  async password(): Promise<unknown> {
    const id = resourceId(this.#connection, serverType, serverName);
    const { properties } = await resources(this.#connection).resources.getById(id, '2021-11-01');
    return Reflect.get(Object(properties), 'administratorLoginPassword');
  }

  /** All that the resource manager says about past deployments. */
  async history(): Promise<readonly unknown[]> {
    const { deployments, deploymentOperations } = this.#client;
    const told: unknown[] = [];
    for await (const deployment of deployments.listByResourceGroup(resourceGroup)) {
      const { name = '' } = deployment;
      told.push(deployment, (await deployments.exportTemplate(resourceGroup, name)).template);
      for await (const operation of deploymentOperations.list(resourceGroup, name)) told.push(operation);
    }
    return told;
  }
}

/** Roles of the customer's own for one principal. */
class Roles {
  readonly #client: AuthorizationManagementClient;
  readonly #principalId: string;
  readonly #subscription: string;

  constructor(connection: Connection, { objectId }: Party) {
    const { home, subscriptionId } = connection;
    const where = { endpoint: home, credentialScopes: `${home}/.default` };
    this.#client = new AuthorizationManagementClient(administrator(connection), subscriptionId, where);
    this.#principalId = objectId;
    this.#subscription = `/subscriptions/${subscriptionId}`;
  }

  async give(roleName: string, scope: string, actions: string[]): Promise<void> {
    const { id: roleDefinitionId = '' } = await this.#client.roleDefinitions.createOrUpdate(
      this.#subscription,
      randomUUID(),
      { roleName, roleType: 'CustomRole', permissions: [{ actions }], assignableScopes: [this.#subscription] },
    );
    const principal = { principalId: this.#principalId, principalType: 'ServicePrincipal' };
    await this.#client.roleAssignments.create(scope, randomUUID(), { roleDefinitionId, ...principal });
  }
}

await play({
  service,
  // The pipeline's configuration, because the server must know the pipeline too.
  caller: { ...pipeline, ...application(service) },
  grant,
  vaultSwitch: 'enabledForTemplateDeployment',
  furnish: async ({ secrets }) => {
    await secrets.setSecret(secretName, firstPassword);
  },
  work,
  call: ({ secrets }) => secrets.getSecret(secretName),
  outside: { title: 'lists the secrets', call: ({ secrets }) => secrets.listPropertiesOfSecrets().next() },
  forged: { caller: ownApplication('797f4846-ba00-4fd7-ba43-dac1f8f63013') },
});
