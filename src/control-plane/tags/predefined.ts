import type { ControlOperation } from '../operation.ts';
import { refuse } from '../outcome.ts';

const tagName = '/subscriptions/:subscriptionId/tagNames/:tagName';

/** Predefined tags are refused: Microsoft keeps them for what was made with them long ago, and nothing asks for them. */
export const predefinedTagOperations: readonly ControlOperation[] = [tagName, `${tagName}/tagValues/:tagValue`].flatMap(
  (path) =>
    (['PUT', 'DELETE'] as const).map((method) => ({
      method,
      path,
      action: `Microsoft.Resources/subscriptions/tagNames/${path === tagName ? '' : 'tagValues/'}${method === 'PUT' ? 'write' : 'delete'}`,
      run: async () => refuse({ kind: 'predefinedTagsNotSupported' }),
    })),
);
