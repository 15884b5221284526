/**
 * Azure Databricks: "Fast, easy, and collaborative Apache Spark–based analytics service"
 *
 * A workspace has secret scopes, and one can be a key vault: listing the scope lists the vault's secrets, reading one gets it
 * from the vault, and nothing is written to it. Here this program is the workspace, with the interface of its secrets
 * (`/api/2.0/secrets`), and a job of the customer's that logs in to a real PostgreSQL with what it reads. Whatever the job
 * prints, the workspace strikes out the secrets in it.
 */
import assert from 'node:assert/strict';
import { application, systemAssigned } from './parts/callers.ts';
import { play } from './parts/play.ts';
import type { Stage } from './parts/play.ts';
import { Postgres, newPassword, postgresPrograms, query } from './parts/postgres.ts';
import type { Vault } from './parts/vault.ts';
import { startWorkspace } from './parts/workspace.ts';
import type { Notebook, Workspace } from './parts/workspace.ts';

const secretName = 'warehouse-password';
const scope = 'contoso';

async function work({ vault, owner, service, party, grant, say }: Stage): Promise<void> {
  await vault.revoke(party);
  await using store = await Postgres.start();
  const first = newPassword();
  await store.administer(`CREATE ROLE analyst LOGIN PASSWORD '${first}'`);
  await owner.secrets.setSecret(secretName, first);
  await using workspace = await startWorkspace(service, {
    // The workspace makes the access policy by itself, with the rights of the person who creates the scope.
    admit: () => vault.grant(party, { secrets: ['get', 'list'] }),
  });

  await createScope(workspace, vault);
  const { body: known } = await workspace.api('GET', 'scopes/list');
  assert.equal(JSON.stringify(known).includes(first), false);
  say(`The scope ${scope} was created; that gave the service its access policy. It lists ${secretName}.`);
  await assertReadOnly(workspace);
  say('The workspace refuses to write to the scope and to delete from it: it only reads the vault.');

  const job = jobOf(store);
  assert.equal(await workspace.run(job), printed);
  say(`A job read the secret, logged in to PostgreSQL, and printed: ${printed}`);

  const second = newPassword();
  await store.administer(`ALTER ROLE analyst PASSWORD '${second}'`);
  await assert.rejects(workspace.run(job), { code: '28P01' });
  await owner.secrets.setSecret(secretName, second);
  assert.equal(await workspace.run(job), printed);
  say('The password was changed: the job failed, until the secret had a new version. The next read had it.');

  await vault.revoke(party);
  const refused = await workspace.api('GET', `get?scope=${scope}&key=${secretName}`);
  assert.deepEqual([refused.status, refused.body['error_code']], [403, 'PERMISSION_DENIED']);
  assert.match(String(refused.body['message']), /does not have secrets get permission/);
  await assert.rejects(workspace.run(job), /^Error: PERMISSION_DENIED/);
  await vault.grant(party, grant);
  assert.equal(await workspace.run(job), printed);
  say('Without the access policy the job fails: PERMISSION_DENIED. With it, it works again.');
}

async function createScope(workspace: Workspace, vault: Vault): Promise<void> {
  const backend = { resource_id: vault.id, dns_name: vault.url };
  const asked = { scope, scope_backend_type: 'AZURE_KEYVAULT', backend_azure_keyvault: backend };
  assert.deepEqual(await workspace.api('POST', 'scopes/create', asked), { status: 200, body: {} });
  const listed = await workspace.api('GET', `list?scope=${scope}`);
  assert.deepEqual(listed, { status: 200, body: { secrets: [{ key: secretName }] } });
}

async function assertReadOnly(workspace: Workspace): Promise<void> {
  const put = await workspace.api('POST', 'put', { scope, key: 'mine', string_value: 'word' });
  const remove = await workspace.api('POST', 'delete', { scope, key: secretName });
  for (const { status, body } of [put, remove]) {
    assert.deepEqual([status, body['error_code']], [400, 'BAD_REQUEST']);
  }
}

const printed = 'Logged in as analyst with [REDACTED].';

/** The job in the customer's notebook. It logs in with the secret, and prints too much. */
function jobOf({ host, port, database }: Postgres) {
  return async ({ secrets, print }: Notebook): Promise<void> => {
    const password = await secrets.get(scope, secretName);
    const login = { host, port, database, user: 'analyst', password };
    const [row] = await query(login, 'SELECT current_user AS user');
    print(`Logged in as ${row?.['user']} with ${password}.`);
  };
}

await play({
  service: 'Azure Databricks',
  programs: postgresPrograms,
  caller: application('Azure Databricks'),
  grant: { secrets: ['get', 'list', 'set'] },
  work,
  call: ({ secrets }) => secrets.getSecret(secretName),
  outside: { title: 'sets a secret', call: ({ secrets }) => secrets.setSecret(secretName, 'from the workspace') },
  forged: { caller: systemAssigned('Microsoft.Databricks/accessConnectors', 'contoso-connector') },
});
