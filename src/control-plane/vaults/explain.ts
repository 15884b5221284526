import { isPermission } from '../../access/data-actions.ts';
import { parseAddress } from '../../address/address.ts';
import { decide } from '../../firewall/decide.ts';
import { explain, matchedRule } from '../../firewall/explain.ts';
import { describeDifference } from '../../insight/describe.ts';
import { azureCliLines, fixesFor, unnamable } from '../../insight/fixes.ts';
import type { Request } from '../../insight/fixes.ts';
import { hasKeyVaultEndpoint, readSubnetById } from '../../resources/networks/virtual-networks.ts';
import { readAt } from '../../resources/refusal.ts';
import { object, optional, string } from '../../shape/shape.ts';
import { servicesTenant } from '../../types/caller.ts';
import type { Caller } from '../../types/caller.ts';
import type { Permission } from '../../types/operation.ts';
import type { Source } from '../../types/source.ts';
import { answer, badRequest, orRefuse, resourceNotFound } from '../operation.ts';
import type { ControlCall, ControlOperation } from '../operation.ts';
import { readVaultOf, vaultPath } from './resource.ts';

/**
 * POST …/vaults/{v}/explain, which Azure does not have: the verdict, with the reason, that the data plane would give to
 * a request from an address (`from`) or from an address in a subnet (`from` and `subnet`), and the changes of the rules
 * that would let it in. The request reads a secret, unless `permission` says otherwise, and its caller is not a trusted
 * service, unless `caller` is one.
 */
export const explainVault: ControlOperation = {
  method: 'POST',
  path: `${vaultPath}/explain`,
  action: 'Microsoft.KeyVault/vaults/read',
  audit: 'VaultExplain',
  async run(call, { rulebook }) {
    const { vault: found } = await readVaultOf(call);
    const source = await sourceOf(call);
    const permission = permissionOf(call);
    const caller = callerOf(call);
    const name = found.name.toLowerCase();
    const vault = await rulebook.load(name);
    if (vault === undefined) return resourceNotFound('Microsoft.KeyVault/vaults', name, found);
    const operation = { name: permission === 'secrets/get' ? 'SecretGet' : permission, permission };
    const request: Request = { source, caller, operation };
    const verdict = decide(vault.firewall, source, request.caller, operation);
    const settings = vault.firewallSettings;
    const { trust } = vault.firewall.posture;
    const fixes = fixesFor(settings, request, rulebook.firewallOptions).map((fix) => ({
      commands: azureCliLines(fix, vault.name),
      gains: describeDifference(fix.gains, fix.settings, settings),
    }));
    return answer(200, {
      vault: vault.id,
      source,
      verdict,
      rule: matchedRule(verdict, settings),
      explanation: explain({ verdict, settings, trust, ...request }),
      fixes,
      ...(verdict.allowed ? {} : { unnamable: unnamable(source) }),
    });
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

/** @throws {Refused} for a name that no access policy can give */
function permissionOf({ body: { permission = 'secrets/get' } }: ControlCall): Permission {
  if (typeof permission === 'string' && isPermission(permission)) return permission;
  const found = JSON.stringify(permission)?.slice(0, 100);
  return badRequest(`permission is ${found}; it must be one of an access policy, such as "keys/unwrapKey".`);
}

const asked = object({
  tenantId: optional(string),
  applicationId: optional(string),
  managedIdentity: optional(string),
  usedBy: optional(string),
});

/**
 * A caller with a token of this server's authority, for the vault of the path; `undefined` if the body has none.
 * @throws {Refused} for a caller that cannot be read
 */
function callerOf({ body, caller }: ControlCall): Caller | undefined {
  if (body['caller'] === undefined) return undefined;
  const {
    tenantId = caller.tenant,
    applicationId,
    managedIdentity,
    usedBy,
  } = orRefuse(readAt(asked, body['caller'], 'caller'));
  return {
    ...caller,
    issuerClass: tenantId.toLowerCase() === servicesTenant ? 'services' : 'own',
    tenant: tenantId,
    applicationId,
    managedIdentity,
    usedBy,
  };
}
