import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { azIsInstalled } from '../azure-cli/az.ts';
import { notRun } from '../not-run.ts';
import { addresses, hostsFile, resourceGroup, vault } from './azure-names/places.ts';

const asUser = process.geteuid?.() === 0 ? [] : ['--user', '--map-current-user', '--keep-caps'];
const unshare = [...asUser, '--net', '--mount', '--'];
const vaultUri = `https://${vault}.vault.azure.net/`;

const titles = {
  sdk: "an application for Azure, unchanged, uses the fabric's listeners by Azure's names",
  az: "the Azure CLI in its default cloud signs in, manages a vault and reads a secret, both by Azure's names",
};

function whyNot(): string | undefined {
  if (process.platform !== 'linux') return 'network namespaces are a thing of Linux';
  const tried = spawnSync('unshare', [...unshare, 'ip', 'link', 'set', 'lo', 'up'], { encoding: 'utf8' });
  if (tried.status === 0) return undefined;
  return `a network namespace cannot be made: ${tried.error?.message ?? tried.stderr.trim()} (Debian: apt-get install util-linux iproute2)`;
}

const why = whyNot();
if (why === undefined) {
  test(titles.sdk, async () => {
    const app = fileURLToPath(import.meta.resolve('./azure-names/app.ts'));
    const stdout = await beside([process.execPath, app, vault, resourceGroup]);
    assert.deepEqual(JSON.parse(stdout), {
      vaultUri,
      found: ['first', 'second', 'third'].map((name) => `${name} ${vaultUri}secrets/${name}`),
      value: 'value of second',
    });
  });
} else notRun(titles.sdk, why);

const whyNotAz = why ?? (azIsInstalled() ? undefined : 'az is not installed (Debian: apt-get install azure-cli)');
if (whyNotAz === undefined) {
  test(titles.az, async () => {
    const commands = [
      'az login --service-principal --username "$AZURE_CLIENT_ID" --password "$AZURE_CLIENT_SECRET" --tenant "$AZURE_TENANT_ID" --output none',
      `az keyvault show --name ${vault} --query properties.vaultUri --output tsv`,
      `az keyvault secret set --vault-name ${vault} --name first --value one --query id --output tsv`,
      `az keyvault secret show --vault-name ${vault} --name first --query value --output tsv`,
      'az ad user list --query "length(@)" --output tsv',
    ];
    const [uri, id, value, users] = (await beside(['sh', '-euc', commands.join('\n')])).split('\n');
    assert.equal(uri, vaultUri);
    assert.ok(id?.startsWith(`${vaultUri}secrets/first/`), String(id));
    assert.equal(value, 'one');
    assert.match(users ?? '', /^\d+$/);
  });
} else notRun(titles.az, whyNotAz);

/** The output of a command beside a server that has Azure's names, in a network namespace with nothing else. */
async function beside(command: readonly string[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-names-'));
  try {
    const hosts = join(folder, 'hosts');
    writeFileSync(hosts, hostsFile());
    const steps = [
      'ip link set lo up',
      ...[...addresses.values()].map((address) => `ip address add ${address}/32 dev lo`),
      'mount --bind "$1" /etc/hosts',
      'shift',
      'exec "$@"',
    ];
    const rows = fileURLToPath(import.meta.resolve('./azure-names/rows.ts'));
    const inside = ['sh', '-euc', steps.join('\n'), 'sh', hosts, process.execPath, rows, ...command];
    const { stdout } = await promisify(execFile)('unshare', [...unshare, ...inside], { timeout: 120_000 });
    return stdout;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
