import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileActions, hasAction } from '../../src/access/role-assignments.ts';

function has(patterns: readonly string[], action: string): boolean {
  return hasAction(compileActions(patterns), action.toLowerCase());
}

test('a name matches itself, in any letter case, and nothing else', () => {
  assert.ok(has(['Microsoft.KeyVault/vaults/read'], 'microsoft.keyvault/VAULTS/read'));
  assert.ok(has(['other', 'Microsoft.KeyVault/vaults/read'], 'Microsoft.KeyVault/vaults/read'));
  for (const near of [
    'Microsoft.KeyVault/vaults/reads',
    'Microsoft.KeyVault/vaults',
    'xMicrosoft.KeyVault/vaults/read',
  ]) {
    assert.ok(!has(['Microsoft.KeyVault/vaults/read'], near), near);
  }
  assert.ok(!has([], 'Microsoft.KeyVault/vaults/read'));
});

test('a star matches any characters, also none and also slashes', () => {
  assert.ok(has(['*'], 'Microsoft.KeyVault/vaults/read'));
  assert.ok(has(['*/read'], 'Microsoft.KeyVault/vaults/secrets/read'));
  assert.ok(!has(['*/read'], 'Microsoft.KeyVault/vaults/secrets/readMetadata/action'));
  assert.ok(!has(['*/read'], 'read'));
  assert.ok(has(['Microsoft.KeyVault/*'], 'Microsoft.KeyVault/vaults/write'));
  assert.ok(!has(['Microsoft.KeyVault/*'], 'Microsoft.KeyVaults/vaults/write'));
  assert.ok(has(['Microsoft.Authorization/*/Delete'], 'Microsoft.Authorization/roleAssignments/delete'));
  // The characters that one star matched are not available to the next.
  assert.ok(!has(['ab*ba'], 'aba'));
  assert.ok(has(['ab*ba'], 'abba'));
  assert.ok(!has(['*a*a*'], 'xax'));
  assert.ok(has(['*a*a*'], 'xaxax'));
});

test('between slashes a star also matches no segment, but never part of one', () => {
  assert.ok(has(['Microsoft.KeyVault/vaults/*/read'], 'Microsoft.KeyVault/vaults/read'));
  assert.ok(has(['Microsoft.KeyVault/vaults/*/read'], 'Microsoft.KeyVault/vaults/secrets/read'));
  assert.ok(!has(['Microsoft.KeyVault/vaults/*/read'], 'Microsoft.KeyVault/vaults/secretsread'));
  assert.ok(!has(['Microsoft.KeyVault/vaults/*/read'], 'Microsoft.KeyVault/vaultsread'));
  assert.ok(!has(['Microsoft.KeyVault/vaults/*/read'], 'Microsoft.KeyVault/deletedVaults/read'));
  assert.ok(has(['a/*/b/*/c'], 'a/b/c'));
  assert.ok(has(['a/*/b/*/c'], 'a/xb/b/b/c'));
  assert.ok(!has(['a/*/b/*/c'], 'a/xb/c'));
});

test('it agrees with regular expressions', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 8 });
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '/', '*'), minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(pattern, text, (name, action) => {
      assert.equal(has([name], action), expression(name).test(action));
    }),
    { numRuns: 2000 },
  );
});

function expression(pattern: string): RegExp {
  return new RegExp(`^${pattern.replaceAll(/(?<=\/)\*\/|\*/g, (star) => (star === '*' ? '.*' : '(?:.*/)?'))}$`);
}
