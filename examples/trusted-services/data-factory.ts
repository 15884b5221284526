/**
 * Azure Data Factory: "Fetch data store credentials in Key Vault from Data Factory"
 *
 * A factory's linked service says where a data store is, and names a secret in place of its password. Each run of a
 * copy activity gets the secret, logs in, and copies. Here the store is a real PostgreSQL, the copy goes as CSV into
 * Azurite, and this program is the factory: it reads the linked services in the form in which the factory keeps them.
 *
 * A self-hosted runtime does the same work on a machine of the customer's. The firewall does not trust that machine.
 */
import assert from 'node:assert/strict';
import type { ContainerClient } from '@azure/storage-blob';
import { startAzurite } from './parts/azurite.ts';
import { userAssigned } from './parts/callers.ts';
import { answerTo } from './parts/cells.ts';
import { temporaryFolder } from './parts/folder.ts';
import { play } from './parts/play.ts';
import type { Stage } from './parts/play.ts';
import { Postgres, newPassword, postgresPrograms, query } from './parts/postgres.ts';
import type { Row } from './parts/postgres.ts';
import type { Clients } from './parts/vault.ts';

const factoryName = 'contosofactory';
const secretName = 'ledger-password';
const csv = 'month,crowns,remark\r\n1,1204,\r\n2,877,"late, but ""in full"""\r\n';

async function work({ vault, owner, service, party, grant, say }: Stage): Promise<void> {
  using folder = temporaryFolder();
  await using azurite = await startAzurite(folder.path);
  await using store = await Postgres.start();
  const sink = azurite.blobs.getContainerClient('copies');
  await sink.create();
  const first = newPassword();
  await store.administer(`CREATE ROLE loader LOGIN PASSWORD '${first}'`);
  await store.administer('CREATE TABLE ledger (month int, crowns int, remark text)');
  await store.administer(`INSERT INTO ledger VALUES (1, 1204, NULL), (2, 877, 'late, but "in full"')`);
  await store.administer('GRANT SELECT ON ledger TO loader');
  const { properties } = await owner.secrets.setSecret(secretName, first);
  say('A PostgreSQL database has a table and a role that may read it. A secret of the vault holds its password.');

  const stores = [storeService(store, 'ledger'), storeService(store, 'ledger-pinned', properties.version)];
  const runtime = new IntegrationRuntime(service, sink, { vault: vaultService(vault.url), stores });
  assert.equal(runtime.definitions.includes(first), false);
  await runtime.copy('ledger', 'first.csv');
  assert.equal(await runtime.copied('first.csv'), csv);
  say('The copy activity logged in with the secret and copied the table; the linked service has no password.');

  const second = newPassword();
  await store.administer(`ALTER ROLE loader PASSWORD '${second}'`);
  await assert.rejects(runtime.copy('ledger', 'early.csv'), { code: '28P01' });
  await owner.secrets.setSecret(secretName, second);
  await runtime.copy('ledger', 'second.csv');
  assert.equal(await runtime.copied('second.csv'), csv);
  await assert.rejects(runtime.copy('ledger-pinned', 'pinned.csv'), { code: '28P01' });
  say(
    'The password was changed: the copy failed with 28P01 until the secret had a new version. A pinned reference still fails.',
  );

  const newest = (await owner.secrets.getSecret(secretName)).properties.version ?? '';
  await owner.secrets.updateSecretProperties(secretName, newest, { enabled: false });
  const disabled = await answerTo(() => runtime.copy('ledger', 'refused.csv'));
  assert.deepEqual([disabled.status, disabled.code], [403, 'SecretDisabled']);
  await owner.secrets.updateSecretProperties(secretName, newest, { enabled: true });
  await vault.revoke(party);
  const denied = await answerTo(() => runtime.copy('ledger', 'refused.csv'));
  assert.deepEqual([denied.status, denied.code], [403, 'AccessDenied']);
  await vault.grant(party, grant);
  await runtime.copy('ledger', 'third.csv');
  assert.deepEqual(await runtime.copies(), ['first.csv', 'second.csv', 'third.csv']);
  say(
    'With the secret disabled (403 SecretDisabled) or without the grant (403 AccessDenied) nothing is copied. With both, it is.',
  );
}

/** A linked service to the vault. */
interface VaultService {
  readonly name: string;
  readonly type: 'AzureKeyVault';
  readonly typeProperties: { readonly baseUrl: string };
}

/** A linked service to the database. */
interface StoreService {
  readonly name: string;
  readonly type: 'PostgreSqlV2';
  readonly typeProperties: {
    readonly server: string;
    readonly port: number;
    readonly database: string;
    readonly username: string;
    readonly password: SecretReference;
  };
}

/** A secret in place of a password. Without a version it is the latest one. */
interface SecretReference {
  readonly type: 'AzureKeyVaultSecret';
  readonly secretName: string;
  readonly secretVersion?: string;
  readonly store: { readonly referenceName: string; readonly type: 'LinkedServiceReference' };
}

function vaultService(baseUrl: string): VaultService {
  return { name: 'vault', type: 'AzureKeyVault', typeProperties: { baseUrl } };
}

function storeService({ host, port, database }: Postgres, name: string, secretVersion?: string): StoreService {
  const store = { referenceName: 'vault', type: 'LinkedServiceReference' } as const;
  const version = secretVersion === undefined ? {} : { secretVersion };
  const reference = { type: 'AzureKeyVaultSecret', secretName, ...version, store } as const;
  const typeProperties = { server: host, port, database, username: 'loader', password: reference };
  return { name, type: 'PostgreSqlV2', typeProperties };
}

interface Services {
  readonly vault: VaultService;
  readonly stores: readonly StoreService[];
}

/** Runs the factory's copy activities. It keeps definitions only: each run reads the password that it needs. */
class IntegrationRuntime {
  /** All that it keeps. */
  readonly definitions: string;
  readonly #vault: Clients;
  readonly #sink: ContainerClient;

  constructor(vault: Clients, sink: ContainerClient, services: Services) {
    this.#vault = vault;
    this.#sink = sink;
    this.definitions = JSON.stringify(services);
  }

  /** Copies the table that a linked service reaches into a blob. */
  async copy(serviceName: string, blob: string): Promise<void> {
    const { vault, stores }: Services = JSON.parse(this.definitions);
    const service = stores.find(({ name }) => name === serviceName);
    if (service === undefined) throw new Error(`No linked service has the name ${serviceName}.`);
    const { server, port, database, username, password } = service.typeProperties;
    if (password.store.referenceName !== vault.name)
      throw new Error(`${password.store.referenceName} is not a linked vault.`);
    const { secretName: name, secretVersion: version } = password;
    const { value = '' } = await this.#vault.secrets.getSecret(name, version === undefined ? {} : { version });
    const login = { host: server, port, database, user: username, password: value };
    const rows = await query(login, 'SELECT month, crowns, remark FROM ledger ORDER BY month');
    const text = asCsv(['month', 'crowns', 'remark'], rows);
    await this.#sink.getBlockBlobClient(blob).upload(text, Buffer.byteLength(text));
  }

  async copied(blob: string): Promise<string> {
    return (await this.#sink.getBlockBlobClient(blob).downloadToBuffer()).toString();
  }

  async copies(): Promise<readonly string[]> {
    const names: string[] = [];
    for await (const { name } of this.#sink.listBlobsFlat()) names.push(name);
    return names;
  }
}

/** RFC 4180. A null is an empty field. */
function asCsv(columns: readonly string[], rows: readonly Row[]): string {
  const field = (value: Row[string] = '') => {
    const text = String(value ?? '');
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [columns, ...rows.map((row) => columns.map((column) => row[column]))]
    .map((fields) => `${fields.map(field).join(',')}\r\n`)
    .join('');
}

const factoryType = 'Microsoft.DataFactory/factories';

await play({
  service: 'Azure Data Factory',
  programs: postgresPrograms,
  caller: userAssigned(factoryType, factoryName),
  grant: { secrets: ['get', 'list', 'set'] },
  work,
  call: ({ secrets }) => secrets.getSecret(secretName),
  outside: { title: 'sets a secret', call: ({ secrets }) => secrets.setSecret(secretName, 'from the factory') },
  forged: {
    caller: {
      ...userAssigned('Microsoft.Compute/virtualMachines', factoryName),
      title: "the factory's identity, used by the virtual machine of a self-hosted runtime",
    },
  },
});
