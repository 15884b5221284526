import type { Transaction } from '../store/store.ts';
import type { ControlRefusal } from './refusal.ts';

/**
 * Of one record. Azure's own limit of a resource's definition in a template is 1 MB; a virtual network with all subnets that
 * it may have is somewhat larger. Whoever may change a resource could otherwise make it larger with each request, until
 * nobody's list can be answered any more.
 */
const recordBytesMax = 2_097_152;

/** Their parameters are what a body may have, and no request adds to them. */
const deployments = 'deployment';

/** What a change is refused with that would store too much of one resource. */
export function sizeRefusal(change: Transaction | undefined): ControlRefusal | undefined {
  const large = change?.put?.find(({ key, value }) => value.length > recordBytesMax && !key.startsWith(deployments));
  if (large === undefined) return undefined;
  return { kind: 'resourceTooLarge', bytes: large.value.length, limit: recordBytesMax };
}
