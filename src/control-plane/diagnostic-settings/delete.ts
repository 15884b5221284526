import type { ControlOperation } from '../operation.ts';
import { answer } from '../outcome.ts';
import { readVaultOf } from '../vaults/resource.ts';
import { readSetting, settingPath } from './resource.ts';

/** DELETE of a diagnostic setting; 204 when there is none. */
export const deleteDiagnosticSetting: ControlOperation = {
  method: 'DELETE',
  path: settingPath,
  action: 'Microsoft.Insights/diagnosticSettings/delete',
  audit: 'DiagnosticSettingDelete',
  async run(call) {
    const found = await readVaultOf(call);
    if (!found.ok) return found;
    const read = await readSetting(call, found.vault);
    if (!read.ok) return answer(204);
    const { key, version } = read.record;
    return { ...answer(200), change: { require: [{ key, version }], delete: [key] } };
  },
};
