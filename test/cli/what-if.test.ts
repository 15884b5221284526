/** `postern explain` and `postern what-if` against a running server and its demo vaults. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { dataFolder, startPostern } from '../world/process.ts';
import type { RunningPostern } from '../world/process.ts';

const program = join(import.meta.dirname, '../../bin/postern');
const folder = dataFolder();
let server: RunningPostern;

before(async () => {
  server = await startPostern(['--data', join(folder.path, 'data')]);
});

after(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

/** Runs a command; its exit code, and what it printed. */
function run(...args: readonly string[]): { readonly code: number | null; readonly output: string } {
  const options = ['--data', server.ready.dataDir];
  const { status, stdout, stderr } = spawnSync(program, [...args, ...options], { encoding: 'utf8' });
  return { code: status, output: (stdout + stderr).trimEnd() };
}

suite('explain', () => {
  test('names the smallest change that lets a refused address in, and making it does', async () => {
    const asked = ['explain', '--vault', 'demo', '--from', '203.0.113.9'];
    assert.deepEqual(run(...asked), {
      code: 1,
      output: [
        'Denied: defaultAction is Deny, 203.0.113.9 is in none of the IP rules (1), and the caller is not a trusted service.',
        'The smallest change that lets it in:',
        '  az keyvault network-rule add --ip-address 203.0.113.9 --name demo',
      ].join('\n'),
    });
    const allowed = run('explain', '--vault', 'demo', '--from', '203.0.113.7');
    assert.deepEqual(allowed, { code: 0, output: 'Allowed: 203.0.113.7 is in ipRules[0] (203.0.113.7).' });
  });

  test('says as JSON what the change would let in besides', () => {
    const { code, output } = run('explain', '--vault', 'demo', '--from', '203.0.113.9', '--json');
    const { verdict, fixes } = JSON.parse(output) as Record<string, unknown>;
    assert.equal(code, 1);
    assert.deepEqual(verdict, { allowed: false, because: 'noIpRule' });
    assert.deepEqual(fixes, [
      {
        commands: ['az keyvault network-rule add --ip-address 203.0.113.9 --name demo'],
        gains: {
          ipv4: [{ range: '203.0.113.9', addresses: 1, rule: 'ipRules[1]' }],
          ipv6: false,
          subnets: [],
          services: [],
        },
      },
    ]);
  });

  test('tells a trusted service in its scenario from the same service outside it', () => {
    const asked = ['explain', '--vault', 'demo', '--from', '203.0.113.9', '--as', 'Databricks', '--permission'];
    assert.match(
      run(...asked, 'secrets/list').output,
      /^Allowed: the caller is the trusted service "Azure Databricks"/,
    );
    assert.match(run(...asked, 'secrets/set').output, /^Denied: .*secrets\/set does not belong to the scenario/);
    const gateway = ['explain', '--vault', 'demo', '--from', '203.0.113.9', '--as', 'Application Gateway v2'];
    assert.match(
      run(...gateway).output,
      /^Allowed: the caller is the trusted service "Azure Application Gateway v2 SKU"/,
    );
  });

  test('says why no rule can help a loopback address, and offers none', () => {
    const { output } = run('explain', '--vault', 'demo', '--from', '127.0.0.7');
    assert.match(output, /^Denied: .*\nNo IP rule can name 127\.0\.0\.7 \(loopback addresses\): [^\n]*$/);
  });

  test('refuses what is not a service or a permission', () => {
    const asked = ['explain', '--vault', 'demo', '--from', '203.0.113.9'];
    assert.deepEqual(run(...asked, '--as', 'Nobody'), {
      code: 1,
      output: 'error: There is no trusted service \'Nobody\'.\nhint: See "postern trusted-services".',
    });
    assert.match(
      run(...asked, '--permission', 'secrets/steal').output,
      /permission is "secrets\/steal"; it must be one/,
    );
  });
});

/** The demo vault's virtual network rule. */
function rule(): { readonly id: string } {
  const network = '/resourceGroups/demo/providers/Microsoft.Network/virtualNetworks/demo-blue';
  return { id: `/subscriptions/${server.ready.subscriptionId}${network}/subnets/workloads` };
}

suite('what-if', () => {
  const whatIf = (...options: readonly string[]) => run('what-if', '--vault', 'demo', ...options);

  test('shows who gains and who loses, and changes nothing', async () => {
    const path = `/subscriptions/${server.ready.subscriptionId}/resourceGroups/demo/providers/Microsoft.KeyVault/vaults/demo`;
    const read = async () => JSON.stringify((await server.client.arm('GET', path)).body);
    const present = await read();
    assert.deepEqual(whatIf('--add-ip', '198.51.100.0/28', '--remove-ip', '203.0.113.7/32'), {
      code: 1,
      output: ['+ 198.51.100.0/28   16 addresses   ipRules[0]', '- 203.0.113.7   1 address   was ipRules[0]'].join(
        '\n',
      ),
    });
    assert.deepEqual(whatIf('--add-ip', '203.0.113.7'), {
      code: 0,
      output: '= nobody gains or loses access\n! networkAcls.ipRules[1]: 203.0.113.7/32 is ipRules[0] already.',
    });
    assert.deepEqual(whatIf('--default-action', 'Allow'), {
      code: 0,
      output: [
        '+ every IPv4 address except 203.0.113.7',
        '+ every IPv6 address',
        '+ every subnet except demo-blue/workloads',
        '! networkAcls.defaultAction: Every network may reach the vault. ' +
          'Add rules for the networks that need it, then set defaultAction to Deny.',
        '! networkAcls: The rules (2) have no effect, because defaultAction is Allow.',
      ].join('\n'),
    });
    assert.equal(whatIf('--bypass', 'None').output, '- 18 trusted services, each for its scenario, from everywhere');
    assert.match(
      whatIf('--remove-subnet', 'demo-blue/workloads').output,
      /^- demo-blue\/workloads +subnet +was virtualNetworkRules\[0\]$/,
    );
    assert.equal(await read(), present);
  });

  test('takes the whole of the rules from a file, as az prints a vault', () => {
    const file = join(folder.path, 'vault.json');
    const networkAcls = {
      bypass: 'AzureServices',
      defaultAction: 'Deny',
      ipRules: [{ value: '203.0.113.0/29' }],
      virtualNetworkRules: [],
    };
    writeFileSync(file, JSON.stringify({ name: 'demo', properties: { networkAcls } }));
    const { code, output } = whatIf('--file', file, '--json');
    const { gains, losses } = JSON.parse(output) as {
      gains: { ipv4: unknown };
      losses: { subnets: readonly unknown[] };
    };
    assert.equal(code, 1);
    assert.deepEqual(gains.ipv4, [
      { range: '203.0.113.0/30', addresses: 4, rule: 'ipRules[0]' },
      { range: '203.0.113.4/31', addresses: 2, rule: 'ipRules[0]' },
      { range: '203.0.113.6', addresses: 1, rule: 'ipRules[0]' },
    ]);
    assert.equal(losses.subnets.length, 1);
  });

  test('says what would be worth a second look, and nothing that was so before', () => {
    const wide = run('what-if', '--vault', 'demo', '--add-ip', '203.0.113.7,20.48.0.0/14');
    assert.deepEqual(wide, {
      code: 0,
      output: [
        '+ 20.48.0.0/14   262,144 addresses   ipRules[2]',
        '! networkAcls.ipRules: The IP rules let in 262,145 addresses, more than a /16. Name the ranges that the callers really have.',
        '! networkAcls.ipRules[1]: 203.0.113.7/32 is ipRules[0] already.',
      ].join('\n'),
    });
    const none = run('what-if', '--vault', 'demo', '--add-ip', '203.0.113.9', '--json');
    const { findings } = JSON.parse(none.output) as Record<string, unknown>;
    assert.deepEqual(findings, []);
  });

  test("takes the Azure CLI's own output, with the members that only it has", () => {
    const { id } = rule();
    const file = join(folder.path, 'az.json');
    const virtualNetworkRules = [{ id, ignoreMissingVnetServiceEndpoint: null, resourceGroup: 'demo' }];
    const networkAcls = {
      bypass: 'AzureServices',
      defaultAction: 'Deny',
      ipRules: [{ value: '203.0.113.7' }],
      virtualNetworkRules,
    };
    for (const shape of [{ name: 'demo', properties: { networkAcls, publicNetworkAccess: 'Enabled' } }, networkAcls]) {
      writeFileSync(file, JSON.stringify(shape));
      assert.deepEqual(whatIf('--file', file), {
        code: 0,
        output: '= nobody gains or loses access',
      });
    }
  });

  test('takes several rules with commas, and no option twice', () => {
    assert.equal(
      whatIf('--add-ip', '198.51.100.4,198.51.100.9', '--remove-ip', '203.0.113.7').output,
      [
        '+ 198.51.100.4   1 address   ipRules[0]',
        '+ 198.51.100.9   1 address   ipRules[1]',
        '- 203.0.113.7   1 address   was ipRules[0]',
      ].join('\n'),
    );
    assert.equal(
      whatIf('--remove-ip', '203.0.113.7', '--remove-ip', '203.0.113.8').output,
      'error: --remove-ip is given twice.\nhint: Give it once.',
    );
  });

  test('is refused with what the change would be refused with', () => {
    const { code, output } = whatIf('--add-ip', '10.0.0.0/8');
    assert.equal(code, 1);
    assert.match(output, /^error: 400 BadRequest\n.*10\.0\.0\.0\/8 belongs to forbidden range/);
    assert.match(
      whatIf('--remove-ip', '203.0.113.99').output,
      /^error: There is no rule for 203\.0\.113\.99\.\nhint: There are: 203\.0\.113\.7/,
    );
  });
});
