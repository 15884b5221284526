import { servicesTenant } from '../types/caller.ts';
import type { Caller } from '../types/caller.ts';
import type { Operation } from '../types/operation.ts';
import { trustedServices } from './trusted-services.ts';
import type { TrustedService } from './trusted-services.ts';

/** A top-level resource's id; a child of a resource is another thing, and is not recognised as it. */
const resourceId = /^\/subscriptions\/[^/]+\/resourcegroups\/[^/]+\/providers\/([^/]+\/[^/]+)\/[^/]+$/i;

const none: readonly TrustedService[] = [];

/** Per verified token, so that an id is taken apart once and not for every request. */
const recognised = new WeakMap<Caller, readonly TrustedService[]>();

/**
 * The trusted service that the caller is, for this operation. What an external issuer claims is never trusted: its
 * tenant could name itself as any application or managed identity.
 */
export function trustedService(caller: Caller, operation: Operation): TrustedService | undefined {
  for (const service of servicesOf(caller)) {
    if (service.permissions.includes(operation.permission)) return service;
  }
  return undefined;
}

/** The trusted services that the caller is, whatever it wants to do. */
export function servicesOf(caller: Caller): readonly TrustedService[] {
  if (caller.issuerClass === 'external') return none;
  if (caller.issuerClass === 'own' && caller.managedIdentity === undefined) return none;
  const known = recognised.get(caller);
  if (known !== undefined) return known;
  const services = trustedServices.filter((service) => isService(caller, service));
  recognised.set(caller, services);
  return services;
}

function isService(caller: Caller, service: TrustedService): boolean {
  if (caller.issuerClass === 'services') {
    const applicationId = caller.applicationId?.toLowerCase() ?? '';
    return caller.tenant.toLowerCase() === servicesTenant && service.applicationIds.includes(applicationId);
  }
  const type = resourceId.exec(caller.managedIdentity ?? '')?.[1];
  return type !== undefined && service.resourceTypes.includes(type.toLowerCase());
}
