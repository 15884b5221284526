import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const source = new URL('../../src/', import.meta.url);

for (const room of ['address', 'firewall', 'shape']) {
  test(`${room} imports nothing but files of this project, by relative path`, () => {
    const folder = new URL(`${room}/`, source);
    const files = readdirSync(folder);
    assert.ok(files.length > 0);
    for (const file of files) {
      const text = readFileSync(new URL(file, folder), 'utf8');
      for (const [, specifier = ''] of text.matchAll(/\b(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g)) {
        assert.match(
          specifier,
          /^(?:\.\/|\.\.\/(?:address|shape|types)\/)[a-z0-9-]+\.ts$/,
          `${file} imports ${specifier}`,
        );
      }
    }
  });
}

test('validating, compiling, deciding and explaining work where only the language exists', () => {
  // A new context has the globals of ECMAScript and none of Node's; linking modules in it needs a flag.
  const runner = fileURLToPath(new URL('bare-context.ts', import.meta.url));
  const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  const output = execFileSync(process.execPath, [...flags, runner], { encoding: 'utf8' });
  assert.deepEqual(JSON.parse(output), [
    'undefined undefined undefined',
    'Allowed: 203.0.113.7 is in ipRules[0] (203.0.113.0/24).',
    'Denied: defaultAction is Deny, 203.0.114.0 is in none of the IP rules (1), and the caller is not a trusted service.',
    'Invalid value found at properties.networkAcls.bypass: "x" is not a choice; use AzureServices or None.',
  ]);
});
