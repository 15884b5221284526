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
 * A definition of a service endpoint policy: the resources of a service that may be reached through a subnet's endpoint. It
 * is only stored and shown: Azure has such policies for its storage service alone.
 */
export const serviceEndpointPolicyDefinition: Shape<Item['properties']> = (value) => definition(value ?? {});
