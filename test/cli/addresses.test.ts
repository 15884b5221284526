/** The address that the command line connects to, for each way to listen. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { secretShow } from '../../src/cli/commands/secret-show.ts';
import { hosts } from '../../src/cli/commands/hosts.ts';
import { readConnection } from '../../src/cli/connection.ts';
import { localAddress, localAddresses } from '../../src/settings/values.ts';
import { notRun } from '../not-run.ts';
import { dataFolder, startPostern } from '../world/process.ts';

const given = { flags: new Set<string>(), operands: [] };

async function greeting(data: string, options: Readonly<Record<string, string>> = {}): Promise<string> {
  const output = await secretShow.run({ data, vault: 'open', name: 'greeting', ...options }, given);
  assert.ok(typeof output === 'string');
  return (JSON.parse(output) as { readonly value: string }).value;
}

const hello = 'hello from the open vault';

describe('the address on this machine', () => {
  it('is the one that is listened on, IPv4 before IPv6, and loopback for all addresses', () => {
    const rows: readonly (readonly [readonly string[], string, readonly string[]])[] = [
      [['::1'], '::1', ['::1']],
      [['127.0.0.5'], '127.0.0.5', ['127.0.0.5']],
      [['::1', '192.0.2.10'], '192.0.2.10', ['::1', '192.0.2.10']],
      [['192.0.2.10', '127.0.0.1'], '127.0.0.1', ['192.0.2.10', '127.0.0.1']],
      [['0.0.0.0', '::'], '127.0.0.1', ['127.0.0.1', '::1']],
      [['::', '::1'], '::1', ['::1']],
    ];
    for (const [listen, address, addresses] of rows) {
      assert.deepEqual([localAddress(listen), localAddresses(listen)], [address, addresses], listen.join(' '));
    }
  });
});

describe('a command reaches a server', () => {
  it('that listens on ::1 alone', async () => {
    using data = dataFolder();
    await using _ = await startPostern(['--data', data.path, '--listen', '::1']);
    assert.equal(await greeting(data.path), hello);
    await assert.rejects(greeting(data.path, { 'local-address': '127.0.0.7' }), { code: 'ServerUnreachable' });
  });

  it('that listens on one address of each family, from the family that it is told', async () => {
    using data = dataFolder();
    await using _ = await startPostern(['--data', data.path, '--listen', '127.0.0.5', '--listen', '::1']);
    assert.deepEqual(readConnection(data.path).addresses, ['127.0.0.5', '::1']);
    for (const address of ['127.0.0.9', '::1']) {
      assert.equal(await greeting(data.path, { 'local-address': address }), hello);
    }
    const lines = await hosts.run({ data: data.path, vaults: 'open' }, given);
    assert.ok(typeof lines === 'object' && 'text' in lines);
    assert.equal(lines.text, '127.0.0.5 open.vault.localhost\n::1 open.vault.localhost');
  });

  it('that listens on all addresses', async () => {
    using data = dataFolder();
    await using _ = await startPostern(['--data', data.path, '--listen', '0.0.0.0']);
    assert.equal(await greeting(data.path), hello);
  });

  it('that listens on an address of the network alone', () => {
    if (process.geteuid?.() !== 0 || spawnSync('unshare', ['--net', 'true']).status !== 0) {
      return notRun('the command line at 192.0.2.10', 'needs root and network namespaces');
    }
    using data = dataFolder();
    const inNamespace = `
      ip link set lo up && ip address add 192.0.2.10/32 dev lo
      bin/postern start --json --port 0 --data "$0/data" --listen 192.0.2.10 >"$0/ready" & server=$!
      until [ -s "$0/ready" ] || ! kill -0 $server 2>/dev/null; do sleep 0.05; done
      bin/postern secret show --vault open --name greeting --data "$0/data"; status=$?
      kill $server; wait $server; exit $status`;
    const { status, stdout, stderr } = spawnSync('unshare', ['--net', 'sh', '-c', inNamespace, data.path], {
      cwd: `${import.meta.dirname}/../..`,
      encoding: 'utf8',
    });
    assert.equal(status, 0, stderr);
    assert.equal((JSON.parse(stdout) as { readonly value: string }).value, hello);
  });
});
