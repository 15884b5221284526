import type { ActivityAnswer } from '../../types/activity.ts';
import { answeredAtMs } from '../answered-at.ts';
import { useLoaded, usePortal } from '../portal.ts';
import { denialsByVault } from './denials.ts';

const entriesAsked = 1000;

/** How often each vault's firewall denied within the last hour, by the vault's id in lower case. Empty where it is not known. */
export function useDenials(): ReadonlyMap<string, number> {
  const { services, settings } = usePortal();
  const query = new URLSearchParams({
    'api-version': '2025-01-01',
    $top: String(entriesAsked),
    $filter: "result eq 'denied'",
  });
  const path = `/subscriptions/${settings.subscriptionId}/providers/Postern.Insight/activity?${query}`;
  const { loaded } = useLoaded((signal) => services.arm<ActivityAnswer>(path, { signal }), path);
  return loaded.state === 'ready' ? denialsByVault(loaded.value.value, answeredAtMs(loaded.value)) : new Map();
}
