/** `postern vault` and `postern network-rule` against a running server. The commands run in this process. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { allCommands } from '../../src/cli/commands.ts';
import type { Options } from '../../src/cli/command.ts';
import { outputOf } from '../../src/cli/output-words.ts';
import { changeNetworkSettings } from '../../src/cli/vault/network-rules.ts';
import { dataFolder, startPostern } from '../world/process.ts';
import type { RunningPostern } from '../world/process.ts';

const all = await allCommands();
const folder = dataFolder();
const data = join(folder.path, 'data');
let server: RunningPostern;

before(async () => {
  server = await startPostern(['--data', data]);
});

after(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

async function run(name: string, options: Options, ...flags: readonly string[]): Promise<string> {
  const command = all.find((each) => each.name === name);
  assert.ok(command !== undefined, name);
  const given = { flags: new Set(flags), operands: [] };
  const outcome = await command.run({ data, ...options }, given);
  return outputOf(outcome, { asJson: flags.includes('json'), stream: process.stderr }).output;
}

const asJson = async (name: string, options: Options) => JSON.parse(await run(name, options, 'json')) as unknown;

describe('postern vault', () => {
  it('creates a vault whose administrator may use it, in a group that it makes, and lists and shows it', async () => {
    const place = { 'resource-group': 'new-group', location: 'northeurope' };
    const missing = run('vault create', { vault: 'made-first', ...place });
    await assert.rejects(missing, { code: 'ResourceGroupNotFound', hint: '--create-group creates it.' });
    await assert.rejects(run('vault create', { vault: 'x', ...place }, 'create-group'), { code: 'VaultNameNotValid' });
    await assert.rejects(run('vault create', { vault: 'demo', ...place }, 'create-group'), { code: 'AlreadyExists' });
    await assert.rejects(run('vault create', { vault: 'made-first', ...place }), { code: 'ResourceGroupNotFound' });
    const url = await run('vault create', { vault: 'made-first', ...place }, 'create-group');
    assert.match(url, /^https:\/\/made-first\.vault\.localhost:\d+$/);
    await run('secret set', { vault: 'made-first', name: 'word', value: 'hello' });
    assert.equal(await run('secret list', { vault: 'made-first' }), 'word');
    assert.deepEqual((await run('vault list', {})).split('\n').toSorted(), ['demo', 'made-first', 'open']);
    const shown = (await asJson('vault show', { vault: 'made-first' })) as {
      readonly id: string;
      readonly location: string;
    };
    assert.match(shown.id, /\/resourceGroups\/new-group\/providers\/Microsoft\.KeyVault\/vaults\/made-first$/);
    assert.equal(shown.location, 'northeurope');
  });

  it('creates nothing over a vault that is there, and says why a name is not one', async () => {
    await run('network-rule add', { vault: 'made-first', 'ip-address': '203.0.113.1' });
    const again = run('vault create', { vault: 'made-first', 'resource-group': 'new-group' });
    await assert.rejects(again, { code: 'VaultAlreadyExists', message: "The vault 'made-first' is there already." });
    assert.match(await run('network-rule list', { vault: 'made-first' }), /^ip 203\.0\.113\.1/m);
    const elsewhere = run('vault create', { vault: 'made-first', 'resource-group': 'demo' });
    await assert.rejects(elsewhere, { code: 'VaultAlreadyExists' });
    await assert.rejects(run('vault create', { vault: 'x' }), { code: 'VaultNameNotValid' });
    await assert.rejects(run('vault show', { vault: 'nowhere' }), { code: 'VaultNotFound' });
  });

  it('deletes a vault, and says for how long it can be recovered', async () => {
    await run('vault create', { vault: 'made-second' });
    assert.equal(
      await run('vault delete', { vault: 'made-second' }),
      'Deleted. It can be recovered for 90 days: az keyvault recover --name made-second',
    );
    assert.ok(!(await run('vault list', {})).includes('made-second'));
    await assert.rejects(run('vault delete', { vault: 'made-second' }), { code: 'VaultNotFound' });
    await assert.rejects(run('vault create', { vault: 'made-second' }), {
      code: 'ConflictError',
      message: /in deleted state/,
    });
  });
});

describe('postern network-rule', () => {
  it('adds and removes rules, and vault update says what is done without one', async () => {
    await run('vault create', { vault: 'ruled', 'default-action': 'Deny' });
    await assert.rejects(run('secret list', { vault: 'ruled' }), { code: 'ForbiddenByFirewall' });
    const added = { vault: 'ruled', 'ip-address': '203.0.113.1,198.51.100.0/24', subnet: 'demo-blue/workloads' };
    const lines = (await run('network-rule add', added)).split('\n');
    assert.deepEqual(lines.slice(0, 3), [
      'default action: Deny',
      'bypass: AzureServices',
      'public network access: Enabled',
    ]);
    assert.match(
      lines.slice(3).join('\n'),
      /^ip 203\.0\.113\.1(?:\/32)?\nip 198\.51\.100\.0\/24\nsubnet \S+\/demo-blue\/subnets\/workloads$/i,
    );
    assert.equal(await run('secret list', { vault: 'ruled' }), '');
    assert.equal((await run('network-rule add', added)).split('\n').length, lines.length);
    await run('network-rule remove', { vault: 'ruled', 'ip-address': '203.0.113.1/32', subnet: 'demo-blue/workloads' });
    await assert.rejects(run('secret list', { vault: 'ruled' }), { code: 'ForbiddenByFirewall' });
    await run('vault update', { vault: 'ruled', 'default-action': 'Allow', bypass: 'None' });
    assert.deepEqual(await asJson('network-rule list', { vault: 'ruled' }), {
      defaultAction: 'Allow',
      bypass: 'None',
      publicNetworkAccess: 'Enabled',
      ipRules: ['198.51.100.0/24'],
      virtualNetworkRules: [],
    });
    assert.match(await run('network-rule list', { vault: 'ruled' }), /The rules have no effect/);
    assert.equal(await run('secret list', { vault: 'ruled' }), '');
  });

  it('says why a rule is refused, and changes nothing', async () => {
    const found = await run('network-rule list', { vault: 'demo' });
    const add = (options: Options) => run('network-rule add', { vault: 'demo', ...options });
    await assert.rejects(add({ 'ip-address': '10.0.0.1' }), { code: 'BadRequest', message: /10\.0\.0\.1/ });
    await assert.rejects(add({ subnet: 'demo-blue/none' }), { message: /There is no subnet/ });
    const remove = run('network-rule remove', { vault: 'demo', 'ip-address': '203.0.113.99' });
    await assert.rejects(remove, { message: 'There is no rule for 203.0.113.99.', hint: /^There are: 203\.0\.113\.7/ });
    assert.equal(await run('network-rule list', { vault: 'demo' }), found);
  });

  it('loses none of the rules that several add at once', async () => {
    const addresses = ['203.0.113.31', '203.0.113.32', '203.0.113.33'];
    await Promise.all(addresses.map((address) => changeNetworkSettings(data, 'open', { 'add-ip': address })));
    const { ipRules } = (await asJson('network-rule list', { vault: 'open' })) as {
      readonly ipRules: readonly string[];
    };
    assert.deepEqual(ipRules.map((rule) => rule.replace('/32', '')).toSorted(), addresses);
  });
});
