import { parseAddress } from '../../address/address.ts';
import { decide } from '../../firewall/decide.ts';
import { explain, matchedRule } from '../../firewall/explain.ts';
import type { Operation } from '../../types/operation.ts';
import type { Source } from '../../types/source.ts';
import { hasKeyVaultEndpoint, readSubnetById } from '../../resources/networks/virtual-networks.ts';
import { answer, badRequest, refuse } from '../operation.ts';
import type { ControlCall, ControlOperation } from '../operation.ts';
import { readVaultOf, vaultPath } from './resource.ts';

/** The operation that is explained: reading a secret, by a caller who is not a trusted service. */
const operation: Operation = { name: 'SecretGet', permission: 'secrets/get' };

/**
 * POST …/vaults/{v}/explain, which Azure does not have: the verdict, with the reason, that the data plane would give to
 * a request from an address (`from`) or from an address in a subnet (`from` and `subnet`).
 */
export const explainVault: ControlOperation = {
  method: 'POST',
  path: `${vaultPath}/explain`,
  action: 'Microsoft.KeyVault/vaults/read',
  audit: 'VaultExplain',
  async run(call, { rulebook }) {
    const found = await readVaultOf(call);
    if (!found.ok) return found;
    const source = await sourceOf(call);
    const name = found.vault.name.toLowerCase();
    const vault = await rulebook.load(name);
    if (vault === undefined)
      return refuse({
        kind: 'resourceNotFound',
        type: 'Microsoft.KeyVault/vaults',
        name,
        resourceGroup: found.vault.resourceGroup,
      });
    const verdict = decide(vault.firewall, source, undefined, operation);
    const settings = vault.firewallSettings;
    const { trust } = vault.firewall.posture;
    const explanation = explain({ verdict, settings, source, caller: undefined, operation, trust });
    return answer(200, { vault: vault.id, source, verdict, rule: matchedRule(verdict, settings), explanation });
  },
};

/**
 * The source that the body describes, as the ingress would attribute it.
 * @throws {Refused} for a body that does not describe one
 */
async function sourceOf(call: ControlCall): Promise<Source> {
  const { from, subnet } = call.body;
  const address = typeof from === 'string' ? parseAddress(from) : undefined;
  if (address === undefined) {
    return badRequest(`from is ${JSON.stringify(from)}; it must be an IP address, such as "203.0.113.7".`);
  }
  if (subnet === undefined) return { kind: 'public', address };
  const living = typeof subnet === 'string' ? await readSubnetById(subnet, call.store) : undefined;
  if (typeof subnet !== 'string' || living === undefined) {
    return badRequest(`There is no subnet ${JSON.stringify(subnet)}.`);
  }
  if (!hasKeyVaultEndpoint(living.subnet)) {
    return badRequest(
      `The subnet ${subnet} has no service endpoint for Microsoft.KeyVault: the vault sees its public (NAT) address. Give that as from, without subnet.`,
    );
  }
  const { incarnation } = living.subnet;
  return { kind: 'subnet', subnet: subnet.toLowerCase(), incarnation, address, assurance: 'enforced' };
}
