import { servicesTenant } from '../types/caller.ts';
import type { Caller } from '../types/caller.ts';
import type { Operation } from '../types/operation.ts';
import { trustedServices } from './trusted-services.ts';
import type { TrustedService } from './trusted-services.ts';

/** The id of a top-level resource; a child resource does not match. */
const resourceId = /^\/subscriptions\/[^/]+\/resourcegroups\/[^/]+\/providers\/([^/]+\/[^/]+)\/[^/]+$/i;

const none: readonly TrustedService[] = [];

/** By verified token, so that an id is parsed once and not for every request. */
const recognised = new WeakMap<Caller, readonly TrustedService[]>();

/**
 * The trusted service that the caller is, if it is trusted for this operation. An external issuer's claims are never
 * trusted: its tenant could name itself as any application or managed identity.
 */
export function trustedService(caller: Caller, operation: Operation): TrustedService | undefined {
  for (const service of servicesOf(caller)) {
    if (service.permissions.includes(operation.permission)) return service;
  }
  return undefined;
}

/** The trusted services that the caller is, whatever the operation. */
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
