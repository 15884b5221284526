import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { notRun } from '../not-run.ts';
import { startPostern } from '../world/process.ts';
import type { RunningPostern } from '../world/process.ts';

const title = "the document's steps, as a playbook of Ansible's azure.azcollection";
const root = join(import.meta.dirname, '../..');

const why = reasonNotToRun();
if (why !== undefined) notRun(title, why);
else
  test(title, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'postern-ansible-'));
    try {
      await using postern = await startPostern(['--memory']);
      const { status, shown } = await play(postern, folder);
      assert.equal(status, 0, shown);
      assert.match(shown, /ok=7 +changed=6 +unreachable=0 +failed=0/);

      // The playbook's result, seen by another client.
      const { client } = postern;
      const properties = await client.arm(
        'GET',
        '/resourceGroups/by-ansible/providers/Microsoft.KeyVault/vaults/ansible-vault',
      );
      const acls = properties.body['properties']?.['networkAcls'];
      assert.deepEqual(acls?.['ipRules'], [{ value: '203.0.113.7' }]);
      const secret = (from: string) => client.vault('ansible-vault', 'GET', '/secrets/greeting', { from });
      const allowed = await secret('127.0.0.7');
      assert.equal(allowed.body['value'], 'hello from behind the boundary');
      const denied = await secret('127.0.0.8');
      assert.equal(denied.status, 403);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

/** Plays it by the command of its page, with the variables that the page exports. */
async function play({ ready }: RunningPostern, folder: string) {
  const readyFile = join(folder, 'ready.json');
  writeFileSync(readyFile, JSON.stringify(ready), { mode: 0o600 });
  const page = readFileSync(join(root, 'docs/how-to/ansible.md'), 'utf8');
  const settings = new Map(
    Object.entries<unknown>(ready).map(([name, value]) => [name, typeof value === 'string' ? value : '']),
  );
  const exported: readonly (readonly [name: string, value: string | undefined])[] = Array.from(
    page.matchAll(/\b(\w+)=\$\(setting (\w+)\)/g),
    ([, name = '', setting = '']) => [name, settings.get(setting)],
  );
  const [, typed = ''] = /^\$ ansible-playbook (.*)$/m.exec(page) ?? [];
  const child = spawn('ansible-playbook', typed.replace('@ready.json', `@${readyFile}`).split(' '), {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      HOME: folder,
      // Ansible asks who runs it, and the uid of a container may have no account.
      LOGNAME: process.env['LOGNAME'] ?? 'postern',
      ANSIBLE_NOCOLOR: '1',
      PYTHONPATH: join(import.meta.dirname, 'shim'),
      PYTHONWARNINGS: 'ignore',
      AZURE_CONFIG_DIR: folder,
      AZURE_DISABLE_INSTANCE_DISCOVERY: 'true',
      ...Object.fromEntries(exported),
    },
  });
  const ended = new Promise<number | null>((resolve) => {
    child.on('close', resolve);
  });
  const [shown, errors, status] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { status, shown: `${shown}\n${errors}` };
}

function reasonNotToRun(): string | undefined {
  const collection = ['-c', 'import ansible_collections.azure.azcollection, azure.cli.core'];
  if (spawnSync('/usr/bin/python3', collection, { stdio: 'ignore' }).status !== 0) {
    return 'there is no azure.azcollection for /usr/bin/python3 (Debian: apt-get install ansible azure-cli)';
  }
  const resolved = spawnSync('getent', ['hosts', 'ansible-vault.vault.localhost'], { stdio: 'ignore' }).status === 0;
  return resolved ? undefined : 'names below localhost are not resolved (Debian: apt-get install libnss-myhostname)';
}
