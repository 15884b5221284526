import type { ControlOperation } from '../operation.ts';
import { answer } from '../outcome.ts';
import { readVaultOf } from '../vaults/resource.ts';
import { readSetting, settingPath, settingResource } from './resource.ts';

export const getDiagnosticSetting: ControlOperation = {
  method: 'GET',
  path: settingPath,
  action: 'Microsoft.Insights/diagnosticSettings/read',
  audit: 'DiagnosticSettingGet',
  async run(call) {
    const found = await readVaultOf(call);
    if (!found.ok) return found;
    const read = await readSetting(call, found.vault);
    return read.ok ? answer(200, settingResource(read.setting)) : read;
  },
};
