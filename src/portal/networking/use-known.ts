import type { ActivityAnswer, CallerRow, CallersAnswer, RuleStatesAnswer } from '../../types/activity.ts';
import { useLoaded, usePortal } from '../portal.ts';
import type { Loaded } from '../portal.ts';
import type { Services } from '../request.ts';
import type { Vault } from '../vaults/vault.ts';
import { deniedIn } from './callers.ts';
import { networkApiVersion } from './subnets.ts';
import type { VirtualNetwork } from './subnets.ts';

const insight = 'providers/Postern.Insight';
const insightVersion = 'api-version=2026-12-01';
const callerPagesMax = 10;
const deniedMax = 500;

export interface LateCallers {
  readonly rows: readonly CallerRow[];
  readonly since: string;
  readonly dropped: number;
}

/** The page's knowledge besides the rules. Each member is loaded by itself, and the page works without any. */
export interface Known {
  readonly networks: Loaded<readonly VirtualNetwork[]>;
  /** After a change of a subnet, which may change the states of rules too. */
  readonly reloadNetworks: () => void;
  readonly callers: Loaded<LateCallers>;
  readonly states: Loaded<RuleStatesAnswer>;
  /** Addresses that were denied lately. */
  readonly denied: Loaded<readonly number[]>;
}

/** `etag` is of the vault: a change of it may change all states. */
export function useKnown(vault: Vault, etag: string | undefined): Known {
  const { services, settings } = usePortal();
  const key = `${vault.id} ${etag ?? ''}`;
  const { loaded: networks, reload: reloadNetworks } = useLoaded(
    (signal) => loadNetworks(services, settings.subscriptionId, signal),
    settings.subscriptionId,
  );
  const { loaded: callers } = useLoaded((signal) => loadCallers(services, vault.id, signal), key);
  const { loaded: states, reload: reloadStates } = useLoaded(async (signal) => {
    const path = `${vault.id}/${insight}/ruleStates?${insightVersion}`;
    return (await services.arm<RuleStatesAnswer>(path, { signal })).value;
  }, key);
  const { loaded: denied } = useLoaded((signal) => loadDenied(services, vault.id, signal), vault.id);
  return {
    networks,
    reloadNetworks: () => {
      reloadNetworks();
      reloadStates();
    },
    callers,
    states,
    denied,
  };
}

async function loadNetworks(
  services: Services,
  subscriptionId: string,
  signal: AbortSignal,
): Promise<readonly VirtualNetwork[]> {
  const first = `/subscriptions/${subscriptionId}/providers/Microsoft.Network/virtualNetworks?${networkApiVersion}&$expand=resourceGuid`;
  const networks: VirtualNetwork[] = [];
  for await (const page of services.pages<VirtualNetwork>({ first, of: 'arm' }, signal)) networks.push(...page);
  return networks;
}

async function loadCallers({ arm }: Services, vaultId: string, signal: AbortSignal): Promise<LateCallers> {
  const rows: CallerRow[] = [];
  let path: string | undefined = `${vaultId}/${insight}/callers?${insightVersion}`;
  for (let page = 1; ; page += 1) {
    const { value }: { readonly value: CallersAnswer } = await arm<CallersAnswer>(path, { signal });
    rows.push(...value.value);
    const { since, dropped, nextLink } = value;
    if (nextLink === undefined || page === callerPagesMax) return { rows, since, dropped };
    const next = new URL(nextLink);
    path = next.pathname + next.search;
  }
}

async function loadDenied({ arm }: Services, vaultId: string, signal: AbortSignal): Promise<readonly number[]> {
  const filter = encodeURIComponent("result eq 'denied'");
  const path = `${vaultId}/${insight}/activity?${insightVersion}&$top=${deniedMax}&$filter=${filter}`;
  const { value } = await arm<ActivityAnswer>(path, { signal });
  return deniedIn(value.value);
}

/** The value, where it is there. */
export function readyOr<T, Other>(loaded: Loaded<T>, otherwise: Other): T | Other {
  return loaded.state === 'ready' ? loaded.value : otherwise;
}
