import { logCategories } from '../../resources/diagnostic-settings.ts';
import { vaultId } from '../../resources/keys.ts';
import type { VaultRecord } from '../../types/vault.ts';
import type { ControlOperation } from '../operation.ts';
import { answer, refuse } from '../outcome.ts';
import { placeOf } from '../resource-groups/resource.ts';
import { readVaultOf } from '../vaults/resource.ts';
import { insightsPath } from './resource.ts';

/** What a vault's settings may name. Metrics are named as on Azure, though there are none here to send. */
const categories = [
  ...Object.entries(logCategories).map(([name, categoryGroups]) => ({ name, categoryType: 'Logs', categoryGroups })),
  { name: 'AllMetrics', categoryType: 'Metrics', categoryGroups: [] },
] as const;

const categoriesPath = `${insightsPath}/diagnosticSettingsCategories`;
const action = 'Microsoft.Insights/diagnosticSettingsCategories/read';

export const listDiagnosticSettingsCategories: ControlOperation = {
  method: 'GET',
  path: categoriesPath,
  action,
  audit: 'DiagnosticSettingsCategoryList',
  async run(call) {
    const found = await readVaultOf(call);
    if (!found.ok) return found;
    return answer(200, { value: categories.map((category) => categoryResource(found.vault, category)) });
  },
};

export const getDiagnosticSettingsCategory: ControlOperation = {
  method: 'GET',
  path: `${categoriesPath}/:category`,
  action,
  audit: 'DiagnosticSettingsCategoryGet',
  async run(call) {
    const found = await readVaultOf(call);
    if (!found.ok) return found;
    const name = call.params['category'] ?? '';
    const category = categories.find((one) => one.name.toLowerCase() === name.toLowerCase());
    if (category !== undefined) return answer(200, categoryResource(found.vault, category));
    const { resourceGroup } = placeOf(call);
    const type = `Microsoft.KeyVault/vaults/${found.vault.name}/providers/Microsoft.Insights/diagnosticSettingsCategories`;
    return refuse({ kind: 'resourceNotFound', type, name, resourceGroup });
  },
};

function categoryResource(vault: VaultRecord, { name, categoryType, categoryGroups }: (typeof categories)[number]) {
  return {
    id: `${vaultId(vault)}/providers/microsoft.insights/diagnosticSettingsCategories/${name}`,
    type: 'microsoft.insights/diagnosticSettingsCategories',
    name,
    location: null,
    kind: null,
    tags: null,
    properties: { categoryType, categoryGroups },
    identity: null,
  };
}
