import { servicesTenant } from '../types/caller.ts';
import type { Caller } from '../types/caller.ts';
import type { RuleProfileName, TrustScope } from '../types/firewall.ts';
import type { Operation, Permission } from '../types/operation.ts';
import type { VaultSwitch } from '../types/vault.ts';
import { laterServices } from './later-trusted-services.ts';
import { documentedServices } from './trusted-services.ts';
import type { ServiceCaller, ServiceIdentity, TrustedService } from './trusted-services.ts';

/** A trusted service as the caller of an operation. */
export interface Trusted {
  readonly service: TrustedService;
  /** Always, unless the server's trust reaches to whole services. */
  readonly inScenario: boolean;
}

interface Recognised {
  readonly permissions: readonly Permission[];
  /** The caller's trust for an operation of these permissions. Made once, so that a decision allocates nothing. */
  readonly trusted: Trusted;
}

const nobody: readonly Recognised[] = [];

/**
 * The services that the firewall's bypass lets in. A server has one; a vault's firewall has it while the bypass is on.
 * It remembers what a caller is by its verified token, so that an id is parsed once and not for every request.
 */
export class Trust {
  readonly services: readonly TrustedService[];
  readonly scope: TrustScope;
  readonly #recognised = new WeakMap<Caller, readonly Recognised[]>();

  constructor(services: readonly TrustedService[], scope: TrustScope) {
    this.services = services;
    this.scope = scope;
  }

  /**
   * The trusted service that the caller is, if it is trusted for this operation. An external issuer's claims are never
   * trusted: its tenant could name itself as any application or managed identity.
   */
  of(caller: Caller, { permission }: Pick<Operation, 'permission'>): Trusted | undefined {
    const recognised = this.#recognise(caller);
    for (const { trusted, permissions } of recognised) {
      if (permissions.includes(permission)) return trusted;
    }
    const [first] = recognised;
    if (first === undefined || this.scope === 'scenario') return undefined;
    return { service: first.trusted.service, inScenario: false };
  }

  /** The trusted services that the caller is, whatever the operation. */
  servicesOf(caller: Caller): readonly TrustedService[] {
    return this.#recognise(caller).map(({ trusted }) => trusted.service);
  }

  /** The services whose application ids the caller has, with a token of another tenant than theirs. */
  playedBy({ applicationId = '', tenant }: Caller): readonly TrustedService[] {
    if (tenant.toLowerCase() === servicesTenant) return [];
    const id = applicationId.toLowerCase();
    return this.services.filter(({ callers }) =>
      callers.some((each) => 'applicationIds' in each && each.applicationIds.includes(id)),
    );
  }

  #recognise(caller: Caller): readonly Recognised[] {
    if (caller.issuerClass === 'external') return nobody;
    if (caller.issuerClass === 'own' && caller.managedIdentity === undefined) return nobody;
    const known = this.#recognised.get(caller);
    if (known !== undefined) return known;
    const recognised = this.services.flatMap((service) =>
      service.callers
        .filter((each) => isCaller(caller, each))
        .map(({ permissions }) => ({ permissions, trusted: { service, inScenario: true } })),
    );
    this.#recognised.set(caller, recognised);
    return recognised;
  }
}

const lists: Readonly<Record<RuleProfileName, readonly TrustedService[]>> = {
  documented: documentedServices,
  current: [...documentedServices, ...laterServices],
};

const trusts = new Map<string, Trust>();

/** The one `Trust` of these settings. */
export function trustFor(list: RuleProfileName, scope: TrustScope): Trust {
  const key = `${list} ${scope}`;
  const known = trusts.get(key) ?? new Trust(lists[list], scope);
  trusts.set(key, known);
  return known;
}

/** The document's services, in their scenarios only. */
export const documentedTrust: Trust = trustFor('documented', 'scenario');

/**
 * The switches of the vault that hold for the caller's operation in place of access policies and roles, whatever the firewall
 * says. None for a caller without switches.
 */
export function switchesFor(caller: Caller, permission: Permission): readonly VaultSwitch[] {
  if (caller.issuerClass !== 'services') return none;
  return documentedServices.flatMap(({ callers, vaultSwitch }) =>
    vaultSwitch !== undefined && callers.some((each) => each.permissions.includes(permission) && isCaller(caller, each))
      ? [vaultSwitch]
      : [],
  );
}

const none: readonly VaultSwitch[] = [];

/** The type in the id of a top-level resource; a child resource does not match. */
const resourceId = /^\/subscriptions\/[^/]+\/resourcegroups\/[^/]+\/providers\/([^/]+\/[^/]+)\/[^/]+$/i;

const userAssignedType = 'microsoft.managedidentity/userassignedidentities';

function isCaller(caller: Caller, service: ServiceCaller): boolean {
  if ('resourceTypes' in service) return caller.issuerClass === 'own' && isIdentity(caller, service);
  const { issuerClass, tenant, applicationId = '' } = caller;
  if (issuerClass !== 'services' || tenant.toLowerCase() !== servicesTenant) return false;
  return service.applicationIds.includes(applicationId.toLowerCase());
}

/** A user-assigned identity is the service's only where the token says that the service's resource uses it. */
function isIdentity({ managedIdentity, usedBy }: Caller, { resourceTypes, identity }: ServiceIdentity): boolean {
  const own = typeIn(managedIdentity);
  if (own !== userAssignedType) return identity !== 'userAssigned' && resourceTypes.includes(own);
  return identity !== 'systemAssigned' && resourceTypes.includes(typeIn(usedBy));
}

function typeIn(id: string | undefined): string {
  return resourceId.exec(id ?? '')?.[1]?.toLowerCase() ?? '';
}
