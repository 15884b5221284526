import assert from 'node:assert/strict';
import findMyWay from 'find-my-way';
import { readFilter } from '../../../src/control-plane/authorization/filter.ts';
import { operations } from '../../../src/control-plane/operations.ts';
import { parseFilter as parseResourceFilter } from '../../../src/control-plane/resources/filter.ts';
import { routerOf } from '../../../src/control-plane/request.ts';
import { operations as vaultOperations } from '../../../src/data-plane/operations.ts';
import { matchesFilter, parseFilter, requiredValues } from '../../../src/graph/filter.ts';
import { targetFault, targetSegments } from '../../../src/http/request.ts';
import { routing } from '../../../src/edge/router.ts';
import { textOf } from '../target.ts';
import type { FuzzTarget } from '../target.ts';

const properties = ['displayName', 'id', 'appId', 'userPrincipalName', 'servicePrincipalNames'];

/** An accepted filter can be applied to an object; the values that it requires are in every object that it matches. */
export const filter: FuzzTarget = {
  form: 'text',
  words: [
    ...properties,
    ' eq ',
    ' ne ',
    ' and ',
    ' or ',
    'not ',
    ' in ',
    'startswith(',
    '/any(c:c eq ',
    "'a'",
    "''",
    'atScope()',
  ],
  samples: () => ({
    inputs: [
      "displayName eq 'a' or startswith(appId, 'b') and not (id ne null)",
      "servicePrincipalNames/any(c:c eq 'api://a')",
      "appId in ('a', 'b', 'c')",
      "resourceType eq 'Microsoft.KeyVault/vaults' and tagName eq 'a' and tagValue eq 'it''s'",
      "substringof('a', name) and startswith(tagName, 'b')",
      "atScope() and principalId eq 'b1111111-1111-4111-8111-111111111111'",
    ].map((text) => Buffer.from(text)),
    read(input) {
      const text = textOf(input);
      const parsed = parseFilter(text, properties);
      if (parsed.ok) {
        const required = requiredValues(parsed.filter, ['appId']);
        for (const value of [undefined, null, true, 'a', 'it’s', ['a', 'b']]) {
          const holds = matchesFilter(parsed.filter, (name) => (name === 'appId' ? value : 'a'));
          if (holds && required !== undefined) {
            assert.ok(typeof value === 'string' && required.some((one) => one.toLowerCase() === value.toLowerCase()));
          }
        }
      } else assert.notEqual(parsed.rule, '');
      const resources = parseResourceFilter(text);
      if (resources.ok) resources.holds({ name: 'a', type: 'b', resourceGroup: 'rg', tags: { a: 'it’s' } });
      readFilter(text, ['atScope()', "principalId eq '…'", "assignedTo('…')"]);
    },
  }),
};

/** No request and no name has a longer segment. */
const mostCharacters = 2_048;

/** A path of a fixed length leads to the same operation and names as a router of URLs finds. */
export const target: FuzzTarget = {
  form: 'text',
  words: [
    '/providers/',
    '/resourceGroups/',
    '/subscriptions/',
    'Microsoft.KeyVault',
    '/vaults/',
    '/locks/',
    '?a=b',
    '%2f',
    '//',
  ],
  samples() {
    const find = routerOf(operations);
    const router = findMyWay(routing);
    for (const operation of operations) {
      if (operation.path.startsWith('/')) router.on(operation.method, operation.path, () => undefined, operation);
    }
    const vaults = findMyWay(routing);
    for (const card of vaultOperations) vaults.on(card.method, card.path, () => undefined);
    const concrete = operations.map((operation) =>
      operation.path
        .replace('{scope}', '/subscriptions/s/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/v')
        .replace('{resources}', '/subscriptions/s/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts')
        .replace('{resource}', '/subscriptions/s/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/a')
        .replaceAll(/:(\w+)/g, 'name-$1'),
    );
    return {
      inputs: [...new Set([...concrete, '/secrets/name/version', '/keys/k/v/wrapkey'])].map((text) =>
        Buffer.from(text),
      ),
      read(input) {
        const url = textOf(input);
        // Other targets are refused before routing.
        if (targetFault(url) !== undefined || url.length > mostCharacters) return;
        vaults.find('GET', url);
        const segments = targetSegments(url) ?? [];
        for (const method of ['GET', 'PUT', 'DELETE', 'POST'] as const) {
          const found = find(method, segments);
          const routed = router.find(method, url);
          if (routed === null) {
            assert.ok(found === undefined || !found.operation.path.startsWith('/'), `${method} ${url}`);
            continue;
          }
          assert.equal(found?.operation, routed.store, `${method} ${url}`);
          assert.deepEqual(found?.params, { ...routed.params }, `${method} ${url}`);
        }
      },
    };
  },
};
