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

/** Rows whose list waits for `gate`, and has what was there when it began. */
class Rows implements Pick<Store, 'list'> {
  vaults: readonly string[];
  gate: Promise<void> = Promise.resolve();

  constructor(vaults: readonly string[]) {
    this.vaults = vaults;
  }

  async list({ after = '' }: { readonly after?: string | undefined }) {
    const rows = this.vaults.map((vault) => ({ key: vaultPrefix + vault, version: '1', value: new Uint8Array() }));
    await this.gate;
    return rows.filter(({ key }) => key > after);
  }
}

const committed = (hosts: HostsFile, vault: string) => hosts.committed([vaultPrefix + vault]);

/** Longer than a hosts file waits before it looks again. */
const afterLook = () => sleep(2_300);

async function openIn(t: TestContext, rows: Rows) {
  const folder = mkdtempSync(join(tmpdir(), 'postern-hosts-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'hosts');
  const logError = (error: unknown) => assert.fail(String(error));
  const hosts = await HostsFile.open({ path, rows, names: nameSet('localhost', 8443), address: '127.0.0.1', logError });
  const written = () =>
    readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line.includes('.vault.'));
  const line = (vault: string) => `127.0.0.1 ${vault}.vault.localhost`;
  return { folder, hosts, written, expected: (...vaults: readonly string[]) => vaults.map(line) };
}

describe('the hosts file', () => {
  it('moves no line when it looks again, and drops the names that are gone', async (t) => {
    const rows = new Rows(['gone', 'second']);
    const { hosts, written, expected } = await openIn(t, rows);
    rows.vaults = ['first', 'second'];
    committed(hosts, 'first');
    assert.deepEqual(written(), expected('gone', 'second', 'first'));
    await afterLook();
    assert.deepEqual(written(), expected('second', 'first'));
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
