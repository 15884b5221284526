import { merge } from '../../store/store.ts';
import type { Store, Transaction } from '../../store/store.ts';
import type { ResourceMade, ResourceRecord } from '../../types/resource.ts';
import { putFederatedCredential } from '../authorization/federated-credentials.ts';
import { newIdentity } from '../authorization/identities.ts';
import { resourceId } from '../keys.ts';
import { itemsOf } from './kinds.ts';
import type { Kind } from './kinds.ts';
import { membersOf, refuseResource } from '../refusal.ts';
import type { LinkedRefusal, ResourceOutcome } from '../refusal.ts';
import type { PrincipalsChanged } from '../authorization/principals.ts';
import { allocateAddress } from '../networks/public-addresses.ts';
import { connectEndpoint } from '../networks/private-endpoints.ts';
import { setPublicAddresses } from '../networks/public-source.ts';
import { updateLinks } from './references.ts';
import { knownTypes } from './resource-types.ts';
import { reserveAccountName } from '../storage-accounts.ts';

export interface ResourceServices {
  readonly store: Store;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly newId: () => string;
  readonly tenantId: string;
  readonly linkedRefusal: LinkedRefusal;
  /** The range of public addresses to assign (IPv4, CIDR). */
  readonly publicAddressPool: string;
}

interface Draft {
  readonly draft: ResourceRecord;
  readonly before: ResourceRecord | undefined;
  readonly kind: Kind | undefined;
}

/** Applies the rules of a kind: its items together, its references, and what the service adds. */
export async function applyKindRules(
  { draft, before, kind }: Draft,
  services: ResourceServices,
): Promise<ResourceOutcome<PrincipalsChanged & { readonly resource: ResourceRecord }>> {
  if (kind === undefined) return { ok: true, value: { resource: draft, change: {}, principals: [] } };
  const checked = checkItems(draft, kind);
  if (!checked.ok) return checked;
  const links = { before: before === undefined ? [] : (kind.links?.(before) ?? []), after: kind.links?.(draft) ?? [] };
  const linked = await updateLinks(links, linkServicesOf(draft, services));
  if (!linked.ok) return linked;
  const made = await make({ draft, before, kind }, [...linked.value.found.values()], services);
  if (!made.ok) return made;
  const resource = { ...draft, made: made.value.made };
  const moved =
    kind.type === knownTypes.natGateway
      ? await setPublicAddresses(draft.usedBy ?? [], resource.made.publicAddresses ?? [], services)
      : {};
  return {
    ok: true,
    value: {
      resource,
      principals: made.value.principals ?? [],
      change: merge(linked.value, made.value.change, moved),
    },
  };
}

function checkItems(draft: ResourceRecord, kind: Kind): ResourceOutcome<null> {
  if (kind.items === undefined || kind.check === undefined) return { ok: true, value: null };
  return kind.check(itemsOf(draft, kind.items));
}

type Made = ResourceOutcome<{
  readonly made: ResourceMade;
  readonly change: Transaction;
  readonly principals?: PrincipalsChanged['principals'];
}>;

async function make(
  { draft, before, kind }: Draft & { readonly kind: Kind },
  addresses: readonly ResourceRecord[],
  services: ResourceServices,
): Promise<Made> {
  const { made } = draft;
  if (kind.type === knownTypes.userAssignedIdentity) {
    return { ok: true, value: { made: before?.made ?? newIdentity(services), change: {} } };
  }
  if (kind.type === knownTypes.federatedCredential) {
    const put = await putFederatedCredential(draft, services.store);
    return put.ok ? { ok: true, value: { made, ...put.value } } : put;
  }
  if (kind.type === knownTypes.natGateway) {
    const dynamic = addresses.find((address) => address.made.ipAddress === undefined || skuOf(address) !== 'standard');
    if (dynamic !== undefined) {
      return invalid(
        `NAT gateway ${resourceId(draft)} cannot use ${resourceId(dynamic)}: it must have the sku Standard and the allocation method Static.`,
      );
    }
    const publicAddresses = addresses.flatMap((address) => address.made.ipAddress ?? []);
    return { ok: true, value: { made: publicAddresses.length > 0 ? { publicAddresses } : {}, change: {} } };
  }
  if (kind.type === knownTypes.storageAccount && before === undefined) {
    const taken = await reserveAccountName(draft, services.store);
    return taken.ok ? { ok: true, value: { made, change: taken.value } } : taken;
  }
  if (kind.type === knownTypes.privateEndpoint) return connectEndpoint(draft, before, services);
  if (kind.type !== knownTypes.publicAddress) return { ok: true, value: { made, change: {} } };
  return makeAddress({ draft, before }, services);
}

async function makeAddress(
  { draft, before }: Pick<Draft, 'draft' | 'before'>,
  { store, publicAddressPool }: ResourceServices,
): Promise<Made> {
  const { made } = draft;
  const isStatic = draft.properties['publicIPAllocationMethod'] === 'Static';
  if (!isStatic && skuOf(draft) !== 'basic')
    return invalid('Standard sku publicIp must have AllocationMethod set to Static.');
  if (before !== undefined && (isStatic !== (made.ipAddress !== undefined) || skuOf(before) !== skuOf(draft))) {
    return invalid(
      `The allocation method and the sku of ${resourceId(draft)} cannot be changed here. Delete it and create it again.`,
    );
  }
  if (!isStatic || made.ipAddress !== undefined) return { ok: true, value: { made, change: {} } };
  const allocated = await allocateAddress(publicAddressPool, resourceId(draft), store);
  if (!allocated.ok) return allocated;
  return { ok: true, value: { made: { ipAddress: allocated.value.ipAddress }, change: allocated.value.change } };
}

function skuOf({ envelope }: ResourceRecord): string {
  const { name } = membersOf(envelope['sku']);
  return typeof name === 'string' ? name.toLowerCase() : '';
}

export function linkServicesOf(resource: ResourceRecord, { store, linkedRefusal }: ResourceServices) {
  return { store, linkedRefusal, subscriptionId: resource.subscriptionId, location: resource.location ?? '' };
}

function invalid(message: string) {
  return refuseResource({ kind: 'invalidProperty', message });
}
