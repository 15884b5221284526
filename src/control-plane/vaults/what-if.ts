import { accessOf } from '../../insight/access-set.ts';
import { changeLines, describeChange } from '../../insight/describe.ts';
import { changeOf } from '../../insight/diff.ts';
import { findingsBrought, findingsOf, vaultSwitches } from '../../insight/findings.ts';
import { firewallSettings } from '../../resources/keys.ts';
import { membersOf } from '../../resources/refusal.ts';
import { patchVault } from '../../resources/vaults/vaults.ts';
import { answer, orRefuse } from '../operation.ts';
import type { ControlOperation } from '../operation.ts';
import { readVaultOf, vaultPath, vaultServices } from './resource.ts';

/**
 * POST …/vaults/{v}/providers/Postern.Insight/whatIf, which Azure does not have: who would gain or lose access if the body were
 * sent as PATCH of the vault, and what would then be worth a second look. It is refused with what the PATCH would be refused
 * with, and changes nothing.
 */
export const whatIfVault: ControlOperation = {
  method: 'POST',
  path: `${vaultPath}/providers/Postern.Insight/whatIf`,
  action: 'Microsoft.KeyVault/vaults/read',
  audit: 'VaultWhatIf',
  async run(call, services) {
    const { record, vault } = await readVaultOf(call);
    const { networkAcls, publicNetworkAccess } = membersOf(call.body['properties']);
    const properties = {
      ...(networkAcls !== undefined && { networkAcls }),
      ...(publicNetworkAccess !== undefined && { publicNetworkAccess }),
    };
    const patched = orRefuse(await patchVault({ record, properties }, vaultServices(call, services)));
    const before = firewallSettings(vault.properties);
    const after = firewallSettings(patched.vault.properties);
    const options = services.rulebook.firewallOptions;
    const change = changeOf(accessOf(before, options), accessOf(after, options));
    const described = describeChange(change, before, after);
    const switches = vaultSwitches.filter((name) => vault.properties[name] === true);
    const findings = findingsBrought(findingsOf(before, switches), findingsOf(after, switches));
    const lines = [...changeLines(change, described), ...findings.map(({ path, message }) => `! ${path}: ${message}`)];
    return answer(200, { ...described, findings, lines });
  },
};
