import { logCategories } from '../../resources/diagnostic-settings.ts';
import { vaultId } from '../../resources/keys.ts';
import type { ControlOperation } from '../operation.ts';
import { answer } from '../outcome.ts';
import { readVaultOf } from '../vaults/resource.ts';
import { insightsPath } from './resource.ts';

/** What a vault's settings may name. Metrics are named as on Azure, though there are none here to send. */
const categories = [
  ...Object.entries(logCategories).map(([name, categoryGroups]) => ({ name, categoryType: 'Logs', categoryGroups })),
  { name: 'AllMetrics', categoryType: 'Metrics', categoryGroups: [] },
] as const;

export const listDiagnosticSettingsCategories: ControlOperation = {
  method: 'GET',
  path: `${insightsPath}/diagnosticSettingsCategories`,
  action: 'Microsoft.Insights/diagnosticSettingsCategories/read',
  audit: 'DiagnosticSettingsCategoryList',
  async run(call) {
    const found = await readVaultOf(call);
    if (!found.ok) return found;
    const value = categories.map(({ name, categoryType, categoryGroups }) => ({
      id: `${vaultId(found.vault)}/providers/microsoft.insights/diagnosticSettingsCategories/${name}`,
      type: 'microsoft.insights/diagnosticSettingsCategories',
      name,
      location: null,
      kind: null,
      tags: null,
      properties: { categoryType, categoryGroups },
      identity: null,
    }));
    return answer(200, { value });
  },
};
