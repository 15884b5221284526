import type { ControlOperation } from '../operation.ts';
import { answer } from '../outcome.ts';

const provider = 'Microsoft.KeyVault';

/** GET /providers/Microsoft.KeyVault/operations: the actions of vaults that this server has, as role definitions name them. */
export function listOperations(of: readonly ControlOperation[]): ControlOperation {
  const actions = [...new Set(of.map(({ action }) => action).filter((action) => action.startsWith(`${provider}/`)))];
  const value = actions.toSorted().map((name) => {
    const [, ...rest] = name.split('/');
    const operation = rest.at(-1) ?? '';
    const resource = rest.slice(0, -1).join('/');
    return {
      name,
      isDataAction: false,
      display: {
        provider,
        resource,
        operation,
        description: `${operation} of ${resource === '' ? provider : resource}`,
      },
    };
  });
  return {
    method: 'GET',
    path: `/providers/${provider}/operations`,
    action: `${provider}/operations/read`,
    shows: 'own',
    run: async () => answer(200, { value }),
  };
}
