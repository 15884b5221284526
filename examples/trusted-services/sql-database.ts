/**
 * Azure SQL Database: "Transparent Data Encryption with Bring Your Own Key support for Azure SQL Database and Data Warehouse."
 *
 * A logical server encrypts the pages of its database files under a database encryption key, and the customer's key in the
 * vault, the TDE protector, wraps that. Here the database is SQLite's, in memory; this program is the part of the server that
 * writes its pages to a file and reads them again.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { systemAssigned } from './parts/callers.ts';
import { answerTo, inWords } from './parts/cells.ts';
import { CustomerKey, decryptWith } from './parts/customer-key.ts';
import { temporaryFolder } from './parts/folder.ts';
import { lookAlike } from './parts/impostors.ts';
import { decryptPages, encryptPages, fromFile, pageKeySize, pageSize, toFile } from './parts/pages.ts';
import { play } from './parts/play.ts';
import type { Stage } from './parts/play.ts';
import { revocations } from './parts/revocations.ts';
import { Vault } from './parts/vault.ts';

const keyName = 'tde-protector';
/** "The key must be RSA 2048 or RSA 3072" ("TDE with customer-managed keys", requirements). */
const demands = { sizes: [2048, 3072] };
const grant = { keys: ['get', 'wrapKey', 'unwrapKey', 'decrypt'] };
const countOrders = 'SELECT count(*) AS orders FROM orders';

async function work(stage: Stage): Promise<void> {
  using folder = temporaryFolder();
  const server = new Server(folder.path, new CustomerKey(stage.service, keyName, demands));
  await refuseUnfit(stage, server);
  await encrypt(stage, server);
  await rotate(stage, server);
  await revoke(stage, server);
}

/** The server takes no protector that could be lost, or that the document rules out. */
async function refuseUnfit({ postern, owner, party, say }: Stage, server: Server): Promise<void> {
  const day = 24 * 60 * 60 * 1000;
  await owner.keys.updateKeyProperties(keyName, { notBefore: new Date(Date.now() + day) });
  await assert.rejects(server.enable(), /it is not valid before .+; wait, or change that\.$/);
  await owner.keys.updateKeyProperties(keyName, { notBefore: new Date(Date.now() - day) });

  const unprotected = new Vault(postern.connection, `fabrikam-${randomBytes(4).toString('hex')}`, {
    purgeProtection: false,
  });
  await unprotected.create();
  await unprotected.grant(party, grant);
  await unprotected.owner().keys.createRsaKey(keyName, { keySize: 2048 });
  const other = new CustomerKey(unprotected.as(party), keyName, demands);
  await assert.rejects(other.enable(), /its vault is Recoverable\+Purgeable; switch purge protection on\.$/);
  say('The server refused a protector that is not valid yet, and one in a vault without purge protection.');
}

async function encrypt({ say }: Stage, server: Server): Promise<void> {
  await server.enable();
  say('The server proved that it can wrap and unwrap with the protector.');
  await server.create('sales');
  server.write('sales', 'CREATE TABLE orders (id INTEGER PRIMARY KEY, customer TEXT NOT NULL)');
  for (let id = 1; id <= 500; id += 1) server.change('sales', `INSERT INTO orders VALUES (${id}, 'Ada Lovelace')`);
  server.save('sales');

  const file = server.stored('sales');
  for (const text of ['SQLite format 3', 'orders', 'Ada Lovelace']) assert.equal(file.includes(text), false, text);
  await server.restart();
  assert.deepEqual(server.query('sales', countOrders), [{ orders: 500 }]);
  const pages = file.length / pageSize - 1;
  say(`sales has 500 orders in ${pages} pages; its file is encrypted. The server restarted, and reads them.`);
}

async function rotate({ owner, say }: Stage, server: Server): Promise<void> {
  const old = await owner.keys.getKey(keyName);
  server.backUp('sales', 'sales.bak');
  server.write('sales', "INSERT INTO orders VALUES (501, 'Grace Hopper')");
  const before = server.stored('sales');

  await owner.keys.rotateKey(keyName);
  await server.followKey();
  const after = server.stored('sales');
  assert.notDeepEqual(after.subarray(0, pageSize), before.subarray(0, pageSize));
  assert.deepEqual(after.subarray(pageSize), before.subarray(pageSize));
  say('The protector was rotated: only the page with the wrapped key was written again.');

  const version = old.properties.version ?? '';
  await owner.keys.updateKeyProperties(keyName, version, { enabled: false });
  await server.restart();
  assert.deepEqual(server.query('sales', countOrders), [{ orders: 501 }]);
  const refused = await answerTo(() => server.restore('sales.bak', 'sales-copy'));
  assert.equal(inWords(refused), '403 KeyDisabled');
  say(`With the old version disabled, sales opens, and the backup from before does not: ${inWords(refused)}.`);

  await owner.keys.updateKeyProperties(keyName, version, { enabled: true });
  await server.restore('sales.bak', 'sales-copy');
  assert.deepEqual(server.query('sales-copy', countOrders), [{ orders: 500 }]);
  say('With it enabled, the backup is restored, with the 500 orders of its day.');
}

async function revoke(stage: Stage, server: Server): Promise<void> {
  const { say } = stage;
  const stored = server.stored('sales');
  for (const { title, answer, take, giveBack } of revocations(stage, keyName)) {
    await take();
    await server.checkProtector();
    assert.throws(() => server.query('sales', countOrders), new Inaccessible('sales', answer));
    assert.equal(inWords(await answerTo(() => server.create('more'))), answer);
    await giveBack();
    await server.checkProtector();
    assert.deepEqual(server.query('sales', countOrders), [{ orders: 501 }]);
    say(`After ${title}, sales is Inaccessible (${answer}), until that is undone.`);
  }
  assert.deepEqual(server.stored('sales'), stored);
  say('Its file is the same as before.');

  const [first] = revocations(stage, keyName);
  await first?.take();
  await server.checkProtector();
  assert.throws(() => server.query('sales-copy', countOrders), Inaccessible);
  server.drop('sales-copy');
  await first?.giveBack();
  await server.checkProtector();
  assert.deepEqual(server.databases(), ['sales']);
  say('An Inaccessible database can still be dropped: sales-copy is gone.');
}

/** The server's own error for a database whose key is gone. */
class Inaccessible extends Error {
  constructor(database: string, answer: string) {
    super(`Database '${database}' is not accessible, because the vault refused its key: ${answer}.`);
  }
}

/** An open database, with its key in memory, or the vault's answer when it refused the key. */
type State = { readonly open: DatabaseSync; readonly key: Buffer } | { readonly refused: string };

/** A logical server, whose database files are in a folder. */
class Server {
  readonly #folder: string;
  readonly #protector: CustomerKey;
  readonly #databases = new Map<string, State>();

  constructor(folder: string, protector: CustomerKey) {
    this.#folder = folder;
    this.#protector = protector;
  }

  enable(): Promise<void> {
    return this.#protector.enable();
  }

  databases(): readonly string[] {
    return [...this.#databases.keys()];
  }

  async create(name: string): Promise<void> {
    const key = randomBytes(pageKeySize);
    const envelope = await this.#protector.wrap(key);
    const open = new DatabaseSync(':memory:');
    open.exec(`PRAGMA page_size = ${pageSize}`);
    writeFileSync(this.#path(name), toFile({ envelope, pages: Buffer.alloc(0) }));
    this.#databases.set(name, { open, key });
  }

  query(name: string, statement: string): readonly unknown[] {
    return this.#opened(name)
      .open.prepare(statement)
      .all()
      .map((row) => ({ ...row }));
  }

  /** Changes the database in memory. */
  change(name: string, statement: string): void {
    this.#opened(name).open.exec(statement);
  }

  /** Writes the pages, under the key that the file's first page has. */
  save(name: string): void {
    const { open, key } = this.#opened(name);
    const { envelope } = fromFile(this.stored(name));
    const pages = encryptPages(key, Buffer.from(open.serialize()));
    writeFileSync(this.#path(name), toFile({ envelope, pages }));
  }

  write(name: string, statement: string): void {
    this.change(name, statement);
    this.save(name);
  }

  /** The bytes at rest. */
  stored(name: string): Buffer {
    return readFileSync(this.#path(name));
  }

  /** A backup is the file as it is: nothing is decrypted for it, and it needs the version that wrapped its key. */
  backUp(name: string, file: string): void {
    copyFileSync(this.#path(name), join(this.#folder, file));
  }

  async restore(file: string, name: string): Promise<void> {
    const bytes = readFileSync(join(this.#folder, file));
    const opened = await this.#read(bytes);
    writeFileSync(this.#path(name), bytes);
    this.#databases.set(name, opened);
  }

  drop(name: string): void {
    rmSync(this.#path(name));
    this.#databases.delete(name);
  }

  /** All that was in memory is lost. */
  async restart(): Promise<void> {
    for (const state of this.#databases.values()) if ('open' in state) state.open.close();
    await this.checkProtector();
  }

  /** Asks the vault for each database's key, as Azure does every few minutes. What is refused closes, and opens again by itself. */
  async checkProtector(): Promise<void> {
    for (const name of this.databases()) {
      let opened: State | undefined;
      const answer = await answerTo(async () => {
        opened = await this.#read(this.stored(name));
      });
      this.#databases.set(name, opened ?? { refused: inWords(answer) });
    }
  }

  /** Wraps each database's key by the protector's current version. Azure does so within an hour, with automatic rotation. */
  async followKey(): Promise<void> {
    for (const name of this.databases()) {
      const { envelope, pages } = fromFile(this.stored(name));
      writeFileSync(this.#path(name), toFile({ envelope: await this.#protector.follow(envelope), pages }));
    }
  }

  async #read(file: Buffer): Promise<State> {
    const { envelope, pages } = fromFile(file);
    const key = await this.#protector.open(envelope);
    const open = new DatabaseSync(':memory:');
    if (pages.length > 0) open.deserialize(decryptPages(key, pages));
    return { open, key };
  }

  #opened(name: string): Extract<State, { open: DatabaseSync }> {
    const state = this.#databases.get(name) ?? { refused: 'there is no such database' };
    if ('refused' in state) throw new Inaccessible(name, state.refused);
    return state;
  }

  #path(name: string): string {
    return join(this.#folder, `${name}.mdf`);
  }
}

await play({
  service: 'Azure SQL Database',
  caller: systemAssigned('Microsoft.Sql/servers', 'contososql'),
  grant,
  furnish: async ({ keys }) => {
    await keys.createRsaKey(keyName, { keySize: 2048 });
  },
  work,
  call: (clients) => new CustomerKey(clients, keyName).newDataKey(),
  outside: { title: 'decrypts with the key', call: decryptWith(keyName) },
  forged: { caller: lookAlike('Microsoft.Sql/servers/databases', 'contososql/sales') },
});
