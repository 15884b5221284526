import { part, readArray, readObject, readString } from '../firewall/json.ts';
import type { Read } from '../firewall/json.ts';
import { ignored } from './members.ts';
import type { Item } from './security-rules.ts';

interface Definition {
  readonly description: string;
  readonly service: string;
  readonly serviceResources: readonly string[];
}

/**
 * Reads a definition of a service endpoint policy: which resources of a service may be reached through a subnet's endpoint.
 * It is kept and shown; Postern moves no packets, so that it keeps nothing out.
 */
export function readServiceEndpointPolicyDefinition(value: unknown, path: string): Read<Item['properties']> {
  const read = readObject<Definition>(value ?? {}, path, {
    ...ignored(['provisioningState']),
    description: (text, at) => part(readString(text, at), (description) => ({ description })),
    service: (text, at) => part(readString(text, at), (service) => ({ service })),
    serviceResources: (list, at) => part(readArray(list, at, readString), (serviceResources) => ({ serviceResources })),
  });
  return part(read, (definition) => ({ serviceResources: [], ...definition }));
}
