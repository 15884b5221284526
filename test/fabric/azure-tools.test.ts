/** The tools and SDKs as they are for Azure, in a subnet that the vault lets in and in one that it keeps out. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { azIsInstalled } from '../azure-cli/az.ts';
import { notRun } from '../not-run.ts';
import type { FabricLab } from './fabric-lab.ts';
import { printsIn, runIn } from './programs.ts';
import { putNetwork, putVault, secret, setRules, subnetAt, subnetId, testAtSite, vault } from './site.ts';

const python = '/usr/bin/python3';
const here = import.meta.dirname;
const letIn = { subnet: 'blue/web', as: 'app' };
const keptOut = { subnet: 'green/web', as: 'app' };
const secretShow = `az keyvault secret show --vault-name ${vault} --name ${secret.name} --query value --output tsv`;

interface Tool {
  readonly title: string;
  /** The reason that it cannot be used here. */
  readonly why: string | undefined;
  readonly see: (lab: FabricLab) => Promise<void>;
}

const tools: readonly Tool[] = [
  {
    title: 'az, which knows no other cloud, signs in as the managed identity and reads the secret',
    why: whyNotAz(),
    async see(lab) {
      const script = `az login --identity --allow-no-subscriptions --output none && ${secretShow}`;
      const command = ['sh', '-c', script];
      assert.equal(await printsIn(lab, letIn, { command }), `${secret.value}\n`);
      assertKeptOut(await runIn(lab, keptOut, { command }));
    },
  },
  {
    title: 'az signs in as a service principal, and manages and reads the vault',
    why: whyNotAz(),
    async see(lab) {
      const { tenantId, clientId, clientSecret } = lab.server.ready;
      const signIn = `az login --service-principal --tenant ${tenantId} --username ${clientId} --password "$SECRET" --output none`;
      const show = `az keyvault show --name ${vault} --query properties.vaultUri --output tsv`;
      const command = ['env', `SECRET=${clientSecret}`, 'sh', '-euc', `${signIn}\n${show}\n${secretShow}`];
      const printed = await printsIn(lab, letIn, { command });
      assert.equal(printed, `https://${vault}.vault.azure.net/\n${secret.value}\n`);
    },
  },
  {
    title: 'the SDKs for JavaScript find the vault by the resource manager, and set, list and read secrets',
    why: undefined,
    async see(lab) {
      const { tenantId, subscriptionId, clientId, clientSecret } = lab.server.ready;
      const variables = {
        AZURE_TENANT_ID: tenantId,
        AZURE_CLIENT_ID: clientId,
        AZURE_CLIENT_SECRET: clientSecret,
        AZURE_SUBSCRIPTION_ID: subscriptionId,
      };
      const set = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
      const app = join(here, '../network/azure-names/app.ts');
      const command = ['env', ...set, process.execPath, app, vault, 'rg'];
      const printed = JSON.parse(await printsIn(lab, letIn, { command })) as { readonly value: unknown };
      assert.equal(printed.value, 'value of second');
      assertKeptOut(await runIn(lab, keptOut, { command }));
    },
  },
  {
    title: 'the SDK for Python reads the secret as the managed identity',
    why:
      spawnSync(python, ['-c', 'import azure.identity, azure.keyvault.secrets']).status === 0
        ? undefined
        : 'the SDK is not installed (Debian: apt-get install python3-azure)',
    async see(lab) {
      const command = [python, '-B', join(here, 'sample.py'), vault, secret.name];
      assert.equal(await printsIn(lab, letIn, { command }), `${secret.value}\n`);
      assertKeptOut(await runIn(lab, keptOut, { command }));
    },
  },
  {
    title: 'a program in Go, without a library for C, reads the secret with a token of instance metadata',
    why: spawnSync('go', ['version']).status === 0 ? undefined : 'there is no Go (Debian: apt-get install golang-go)',
    async see(lab) {
      const cwd = mkdtempSync(join(tmpdir(), 'postern-go-'));
      try {
        chmodSync(cwd, 0o755);
        const env = { ...process.env, CGO_ENABLED: '0' };
        const built = spawnSync('go', ['build', '-o', join(cwd, 'app'), join(here, 'instance-metadata/main.go')], {
          env,
          encoding: 'utf8',
        });
        assert.equal(built.status, 0, built.stderr);
        const command = [join(cwd, 'app'), vault, secret.name];
        assert.equal(await printsIn(lab, letIn, { command, cwd }), `${secret.value}\n`);
        assertKeptOut(await runIn(lab, keptOut, { command, cwd }));
      } finally {
        rmSync(cwd, { recursive: true, force: true });
      }
    },
  },
];

function whyNotAz(): string | undefined {
  return azIsInstalled() ? undefined : 'az is not installed (Debian: apt-get install azure-cli)';
}

/** The program fails, and prints the refusal of the firewall. */
function assertKeptOut({ status, stdout, stderr }: Awaited<ReturnType<typeof runIn>>): void {
  assert.notEqual(status, 0);
  assert.match(stdout + stderr, /ForbiddenByFirewall|is not authorized and caller is not a trusted service/);
  assert.doesNotMatch(stdout, new RegExp(secret.value));
}

testAtSite('unchanged programs for Azure work in a subnet, and are kept out of another one', async (lab, test) => {
  const web = subnetAt('10.0.0.0/24', 'endpoint');
  await putNetwork(lab, 'blue', { space: '10.0.0.0/16', subnets: { web } });
  await putNetwork(lab, 'green', { space: '10.0.0.0/16', subnets: { web } });
  await putVault(lab);
  const virtualNetworkRules = [{ id: subnetId(lab, 'blue/web') }];
  await setRules(lab, { defaultAction: 'Deny', bypass: 'None', ipRules: [], virtualNetworkRules });
  await lab.up();
  for (const { title, why, see } of tools) {
    if (why === undefined) await test(title, () => see(lab));
    else notRun(title, why);
  }
});
