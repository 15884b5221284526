import { decode } from '../../store/store.ts';
import type { DiagnosticSettingRecord } from '../../types/diagnostic-setting.ts';
import type { ControlOperation } from '../operation.ts';
import { answer } from '../outcome.ts';
import { readVaultOf } from '../vaults/resource.ts';
import { settingResource, settingsOf, settingsPath } from './resource.ts';

export const listDiagnosticSettings: ControlOperation = {
  method: 'GET',
  path: settingsPath,
  action: 'Microsoft.Insights/diagnosticSettings/read',
  audit: 'DiagnosticSettingList',
  async run(call) {
    const found = await readVaultOf(call);
    if (!found.ok) return found;
    const records = await settingsOf(call, found.vault);
    return answer(200, { value: records.map((record) => settingResource(decode<DiagnosticSettingRecord>(record))) });
  },
};
