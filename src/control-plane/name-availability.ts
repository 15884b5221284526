import { answer } from './operation.ts';
import type { ControlOperation } from './operation.ts';

export interface NameAvailability {
  readonly path: string;
  readonly action: string;
  readonly isName: (name: string) => boolean;
  /** The key of the record that exists while the name is taken. */
  readonly keyOf: (name: string) => string;
  readonly invalid: (name: string) => string;
  readonly taken: (name: string) => string;
}

/** An operation that tells clients, before they create a resource, whether its name is valid and free. */
export function nameCheck({ path, action, isName, keyOf, invalid, taken }: NameAvailability): ControlOperation {
  return {
    method: 'POST',
    path,
    action,
    async run(call) {
      const asked = call.body['name'];
      const name = typeof asked === 'string' ? asked : '';
      if (!isName(name)) {
        return answer(200, { nameAvailable: false, reason: 'AccountNameInvalid', message: invalid(name) });
      }
      const [record] = await call.store.read({ get: [keyOf(name)] });
      if (record === undefined) return answer(200, { nameAvailable: true });
      return answer(200, { nameAvailable: false, reason: 'AlreadyExists', message: taken(name) });
    },
  };
}
