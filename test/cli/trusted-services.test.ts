import assert from 'node:assert/strict';
import { test } from 'node:test';
import { trustedServices } from '../../src/cli/commands/trusted-services.ts';
import { outputOf } from '../../src/cli/output-words.ts';

async function print(...flags: readonly string[]): Promise<string> {
  const given = { flags: new Set(flags), operands: [] };
  return outputOf(await trustedServices.run({}, given), { asJson: given.flags.has('json'), stream: process.stdout })
    .output;
}

test("the list has the document's eighteen, and says how a service is recognised and what it may ask for", async () => {
  const printed = await print();
  assert.equal(printed.split('\n\n').length, 18);
  const lines = [
    'Azure API Management',
    '  Deploy certificates for Custom Domain from Key Vault using MSI',
    '  system-assigned identity of microsoft.apimanagement/service: secrets/get, secrets/list',
  ];
  assert.ok(printed.includes(`\n${lines.join('\n')}\n`));
  assert.match(printed, /needs enabledForTemplateDeployment, and no access policy or role/);
});

test("Azure's list of 2026 has more, as JSON too", async () => {
  const names = async (...flags: readonly string[]) =>
    [...(await print('json', ...flags)).matchAll(/"name": "([^"]+)"/g)].map(([, name]) => name);
  const [documented, current] = [await names(), await names('current')];
  assert.deepEqual(current.slice(0, 18), documented);
  assert.ok(current.includes('Azure Disk Storage') && !documented.includes('Azure Disk Storage'));
});
