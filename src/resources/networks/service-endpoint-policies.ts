import { array, ignored, object, optional, string } from '../../shape/shape.ts';
import type { Shape } from '../../shape/shape.ts';
import type { Item } from './security-rules.ts';

const definition = object({
  provisioningState: ignored,
  description: optional(string),
  service: optional(string),
  serviceResources: optional(array(string), []),
});

/**
 * A definition of a service endpoint policy: which resources of a service may be reached through a subnet's endpoint.
 * It is kept and shown; Postern moves no packets, so that it keeps nothing out.
 */
export const serviceEndpointPolicyDefinition: Shape<Item['properties']> = (value) => definition(value ?? {});
