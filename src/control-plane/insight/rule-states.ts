import { ruleStates } from '../../insight/rule-states.ts';
import { readSubnetById } from '../../resources/networks/virtual-networks.ts';
import { firewallSettings, vaultId } from '../../resources/keys.ts';
import type { RuleStatesAnswer } from '../../types/activity.ts';
import { answer } from '../operation.ts';
import type { ControlOperation } from '../operation.ts';
import { readVaultOf, vaultPath } from '../vaults/resource.ts';

/**
 * GET …/vaults/{v}/providers/Postern.Insight/ruleStates, which Azure does not have: the state of each network rule, which
 * no other answer has, since it depends on the incarnations of subnets; and its use.
 */
export const vaultRuleStates: ControlOperation = {
  method: 'GET',
  path: `${vaultPath}/providers/Postern.Insight/ruleStates`,
  action: 'Microsoft.KeyVault/vaults/read',
  audit: 'VaultRuleStates',
  async run(call, { recent, rulebook }) {
    const { vault } = await readVaultOf(call);
    const settings = firewallSettings(vault.properties);
    const rules = settings.networkAcls?.virtualNetworkRules ?? [];
    const existing = new Set<string>();
    for (const { id, incarnation } of rules) {
      await rulebook.loadSubnet(incarnation);
      if ((await readSubnetById(id, call.store)) !== undefined) existing.add(id);
    }
    await recent.warmed();
    const resourceId = vaultId(vault).toUpperCase();
    const states = ruleStates(settings, {
      subnet: (incarnation) => rulebook.subnet(incarnation),
      exists: (id) => existing.has(id),
      use(value, incarnation) {
        const use = recent.callers.useOf(resourceId, value, incarnation);
        if (use === undefined) return undefined;
        return { lastUse: new Date(use.lastMs).toISOString(), count: use.count.total(call.nowMs) };
      },
    });
    const body: RuleStatesAnswer = { ...states, since: new Date(recent.callersSinceMs).toISOString() };
    return answer(200, body);
  },
};
