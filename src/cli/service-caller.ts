import { trustFor } from '../firewall/trust.ts';
import type { ServiceCaller, TrustedService } from '../firewall/trusted-services.ts';
import { servicesTenant } from '../types/caller.ts';
import { CommandFailed } from './failed.ts';

const hint = 'See "postern trusted-services".';

/**
 * The trusted service that a user names by its name, by a part of it that no other has, or by the id of its application.
 * @throws {CommandFailed} when there is none, or more than one
 */
export function serviceNamed(asked: string): { readonly service: TrustedService; readonly applicationId?: string } {
  const { services } = trustFor('current', 'scenario');
  const wanted = asked.toLowerCase();
  const byId = services.find((service) => applicationsOf(service).includes(wanted));
  if (byId !== undefined) return { service: byId, applicationId: wanted };
  const named = services.filter(({ name }) => name.toLowerCase().includes(wanted));
  const exact = named.find(({ name }) => name.toLowerCase() === wanted);
  const [service, ...others] = exact === undefined ? named : [exact];
  if (service === undefined) throw new CommandFailed(`There is no trusted service '${asked}'.`, hint);
  if (others.length > 0) {
    throw new CommandFailed(
      `'${asked}' is a part of several names: ${named.map(({ name }) => name).join('; ')}.`,
      hint,
    );
  }
  const [applicationId] = applicationsOf(service);
  return { service, ...(applicationId !== undefined && { applicationId }) };
}

function applicationsOf({ callers }: TrustedService): readonly string[] {
  return callers.flatMap((caller) => ('applicationIds' in caller ? caller.applicationIds : []));
}

/** The claims with which a trusted service calls, as `explain` of the resource manager takes them. */
export function callerNamed(asked: string): Readonly<Record<string, string>> {
  const { service, applicationId } = serviceNamed(asked);
  if (applicationId !== undefined) return { tenantId: servicesTenant, applicationId };
  const [caller] = service.callers;
  return caller === undefined ? {} : identityClaims(caller);
}

const group = '/subscriptions/any/resourceGroups/any/providers';

function identityClaims(caller: ServiceCaller): Readonly<Record<string, string>> {
  if (!('resourceTypes' in caller)) return {};
  const resource = `${group}/${caller.resourceTypes[0]}/any`;
  if (caller.identity !== 'userAssigned') return { managedIdentity: resource };
  return {
    managedIdentity: `${group}/Microsoft.ManagedIdentity/userAssignedIdentities/any`,
    usedBy: resource,
  };
}
