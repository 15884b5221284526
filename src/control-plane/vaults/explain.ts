import { parseAddress } from '../../address/address.ts';
import { decide } from '../../firewall/decide.ts';
import { explain } from '../../firewall/explain.ts';
import { matchedRule } from '../../firewall/matched-rule.ts';
import { decode } from '../../store/store.ts';
import type { VirtualNetworkRecord } from '../../types/network.ts';
import type { Operation } from '../../types/operation.ts';
import type { Source } from '../../types/source.ts';
import { findSubnet, hasKeyVaultEndpoint } from '../../resources/virtual-networks.ts';
import { virtualNetworkKey } from '../../resources/keys.ts';
import type { ControlCall, ControlOperation } from '../operation.ts';
import { answer, refuse } from '../outcome.ts';
import { readVaultOf, vaultPath } from './resource.ts';

/** What is asked about: reading a secret, by a caller who is no trusted service. */
const operation: Operation = { name: 'SecretGet', permission: 'secrets/get' };

const subnetId =
  /^\/subscriptions\/([0-9a-f-]{36})\/resourceGroups\/([^/]+)\/providers\/Microsoft\.Network\/virtualNetworks\/([\w.-]+)\/subnets\/([\w.-]+)$/i;

/**
 * POST …/vaults/{v}/explain, which Azure does not have: the verdict that the data plane would give to a request from an
 * address (`from`), or from an address in a subnet (`from` and `subnet`), and why.
 */
export const explainVault: ControlOperation = {
  method: 'POST',
  path: `${vaultPath}/explain`,
  action: 'Microsoft.KeyVault/vaults/read',
  audit: 'VaultExplain',
  async run(call) {
    const found = await readVaultOf(call);
    if (!found.ok) return found;
    const source = await sourceOf(call);
    if (typeof source === 'string') return refuse({ kind: 'badQuery', message: source });
    const name = found.vault.name.toLowerCase();
    const vault = await call.rulebook.load(name);
    if (vault === undefined)
      return refuse({
        kind: 'resourceNotFound',
        type: 'Microsoft.KeyVault/vaults',
        name,
        resourceGroup: found.vault.resourceGroup,
      });
    const verdict = decide(vault.firewall, source, undefined, operation);
    const settings = vault.firewallSettings;
    const explanation = explain({ verdict, settings, source, caller: undefined, operation });
    return answer(200, { vault: vault.id, source, verdict, rule: matchedRule(verdict, settings), explanation });
  },
};

/** The source that the request describes, as the ingress would attribute it; or what is wrong with the description. */
async function sourceOf(call: ControlCall): Promise<Source | string> {
  const { from, subnet } = call.body;
  const address = typeof from === 'string' ? parseAddress(from) : undefined;
  if (address === undefined) return `from is '${String(from)}'; it must be an IP address, such as 203.0.113.7.`;
  if (subnet === undefined) return { kind: 'public', address };
  const parts = typeof subnet === 'string' ? subnetId.exec(subnet) : null;
  if (parts === null) return `subnet is '${String(subnet)}'; it must be the ARM id of a subnet.`;
  const [id, subscriptionId = '', resourceGroup = '', network = '', name = ''] = parts;
  const [record] = await call.store.read({ get: [virtualNetworkKey({ subscriptionId, resourceGroup }, network)] });
  const known = record === undefined ? undefined : findSubnet(decode<VirtualNetworkRecord>(record), name);
  if (known === undefined) return `There is no subnet ${id}.`;
  if (!hasKeyVaultEndpoint(known)) {
    return `The subnet ${id} has no service endpoint for Microsoft.KeyVault: the vault sees its public (NAT) address. Give that as from, without subnet.`;
  }
  return { kind: 'subnet', subnet: id.toLowerCase(), incarnation: known.incarnation, address, assurance: 'enforced' };
}
