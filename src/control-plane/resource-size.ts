import type { Transaction } from '../store/store.ts';
import { ControlRefused } from './refusal.ts';

/**
 * Of one record. Azure's own limit of a resource's definition in a template is 1 MB; a virtual network with all subnets that
 * it may have is somewhat larger. Whoever may change a resource could otherwise make it larger with each request, until
 * nobody's list can be answered any more.
 */
const recordBytesMax = 2_097_152;

/** Their parameters are what a body may have, and no request adds to them. */
const deployments = 'deployment';

/** @throws {ControlRefused} when a change would store too much of one resource */
export function refuseLarge(change: Transaction | undefined): void {
  const large = change?.put?.find(({ key, value }) => value.length > recordBytesMax && !key.startsWith(deployments));
  if (large === undefined) return;
  throw new ControlRefused({ kind: 'resourceTooLarge', bytes: large.value.length, limit: recordBytesMax });
}
