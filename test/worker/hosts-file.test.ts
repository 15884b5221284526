import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { nameSet } from '../../src/http/host.ts';
import { vaultPrefix } from '../../src/resources/keys.ts';
import type { Store } from '../../src/store/store.ts';
import { HostsFile } from '../../src/worker/hosts-file.ts';

/** Rows whose answers wait for `gate`, and have what was there when they began. */
class Rows implements Pick<Store, 'list' | 'read'> {
  vaults: readonly string[];
  gate: Promise<void> = Promise.resolve();
  fails = false;
  lists = 0;

  constructor(vaults: readonly string[]) {
    this.vaults = vaults;
  }

  async list({ after = '' }: { readonly after?: string | undefined }) {
    this.lists += 1;
    const rows = this.vaults.map(rowOf);
    await this.gate;
    return rows.filter(({ key }) => key > after);
  }

  async read({ get }: { readonly get: readonly string[] }) {
    if (this.fails) throw new Error('The store cannot be read');
    const rows = this.vaults.map(rowOf);
    await this.gate;
    return get.map((wanted) => rows.find(({ key }) => key === wanted));
  }
}

const rowOf = (vault: string) => ({ key: vaultPrefix + vault, version: '1', value: new Uint8Array() });

const committed = (hosts: HostsFile, vault: string) => hosts.committed([vaultPrefix + vault]);

/** Longer than a hosts file waits before it looks again. */
const afterLook = () => sleep(2_300);

async function openIn(t: TestContext, rows: Rows) {
  const folder = mkdtempSync(join(tmpdir(), 'postern-hosts-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'hosts');
  const failures: string[] = [];
  const logError = (error: unknown) => void failures.push(String(error));
  const hosts = await HostsFile.open({ path, rows, names: nameSet('localhost', 8443), address: '127.0.0.1', logError });
  const written = () =>
    readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line.includes('.vault.'));
  const line = (vault: string) => `127.0.0.1 ${vault}.vault.localhost`;
  return { folder, hosts, failures, written, expected: (...vaults: readonly string[]) => vaults.map(line) };
}

describe('the hosts file', () => {
  it('moves no line when it looks again, and drops the names that are gone', async (t) => {
    const rows = new Rows(['gone', 'second']);
    const { hosts, written, expected } = await openIn(t, rows);
    rows.vaults = ['first', 'second'];
    committed(hosts, 'first');
    committed(hosts, 'gone');
    assert.deepEqual(written(), expected('gone', 'second', 'first'));
    await afterLook();
    assert.deepEqual(written(), expected('second', 'first'));
    await hosts.close();
  });

  it('reads the vaults of the commits alone, and all of them where changes were missed', async (t) => {
    const rows = new Rows(['gone', 'second']);
    const { hosts, written, expected } = await openIn(t, rows);
    const { lists } = rows;
    rows.vaults = ['second', 'third'];
    committed(hosts, 'second');
    await afterLook();
    assert.deepEqual([rows.lists, written()], [lists, expected('gone', 'second')]);
    hosts.changed();
    await afterLook();
    assert.deepEqual(written(), expected('second', 'third'));
    await hosts.close();
  });

  it('reads all of them after a look that failed', async (t) => {
    const rows = new Rows(['gone', 'second']);
    const { hosts, failures, written, expected } = await openIn(t, rows);
    Object.assign(rows, { vaults: ['second'], fails: true });
    committed(hosts, 'gone');
    await afterLook();
    assert.deepEqual([failures, written()], [['Error: The store cannot be read'], expected('gone', 'second')]);
    rows.fails = false;
    committed(hosts, 'second');
    await afterLook();
    assert.deepEqual(written(), expected('second'));
    await hosts.close();
  });

  it('keeps a name that was added while it looked', async (t) => {
    const rows = new Rows(['first']);
    const { hosts, written, expected } = await openIn(t, rows);
    const gate = Promise.withResolvers<void>();
    rows.gate = gate.promise;
    committed(hosts, 'first');
    await afterLook();
    committed(hosts, 'second');
    gate.resolve();
    await sleep(10);
    assert.deepEqual(written(), expected('first', 'second'));
    await hosts.close();
  });

  it('skips a key that is not the name of a vault', async (t) => {
    const { hosts, written, expected } = await openIn(t, new Rows(['a.vault.localhost\n6.6.6.6 elsewhere #', 'first']));
    assert.deepEqual(written(), expected('first'));
    committed(hosts, 'b.vault.localhost # elsewhere');
    assert.deepEqual(written(), expected('first'));
    await hosts.close();
  });

  it('writes nothing after it was closed, when its descriptor may be another file’s', async (t) => {
    const rows = new Rows(['first']);
    const { folder, hosts } = await openIn(t, rows);
    const gate = Promise.withResolvers<void>();
    rows.gate = gate.promise;
    committed(hosts, 'first');
    await afterLook();
    await hosts.close();
    const other = join(folder, 'other');
    writeFileSync(other, 'untouched');
    const descriptors = Array.from({ length: 8 }, () => openSync(other, 'r+'));
    t.after(() => descriptors.forEach((descriptor) => closeSync(descriptor)));
    gate.resolve();
    committed(hosts, 'second');
    await sleep(10);
    assert.equal(readFileSync(other, 'utf8'), 'untouched');
  });
});
