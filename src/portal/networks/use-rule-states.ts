import type { RuleState, RuleStatesAnswer } from '../../types/activity.ts';
import { useLoaded, usePortal } from '../portal.ts';
import type { Vault } from '../vaults/vault.ts';

export type RuleStateOf = (vault: Vault, subnetId: string) => RuleState | undefined;

const vaultsAsked = 20;

/**
 * The states of the rules of these vaults: a rule may be of an earlier subnet with the same name, which no resource shows.
 * A vault that does not answer has none.
 */
export function useRuleStates(vaults: readonly Vault[]): RuleStateOf {
  const { services } = usePortal();
  const asked = [...new Set(vaults.map(({ id }) => id))].slice(0, vaultsAsked);
  const { loaded } = useLoaded(async (signal) => {
    const answers = await Promise.all(
      asked.map(async (id) => {
        const path = `${id}/providers/Postern.Insight/ruleStates?api-version=2025-01-01`;
        const states = await services.arm<RuleStatesAnswer>(path, { signal }).catch(() => undefined);
        return (states?.value.value ?? []).map((state) => [keyOf(id, state.value), state] as const);
      }),
    );
    return new Map(answers.flat());
  }, asked.join());
  return (vault, subnetId) => (loaded.state === 'ready' ? loaded.value.get(keyOf(vault.id, subnetId)) : undefined);
}

function keyOf(vaultId: string, rule: string): string {
  return `${vaultId} ${rule}`.toLowerCase();
}
