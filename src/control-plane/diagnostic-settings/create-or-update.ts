import {
  admitDiagnosticSetting,
  isDiagnosticSettingName,
  readDiagnosticSetting,
} from '../../resources/diagnostic-settings.ts';
import { diagnosticSettingKey, vaultId } from '../../resources/keys.ts';
import { decode, encode } from '../../store/store.ts';
import type { DiagnosticSettingRecord } from '../../types/diagnostic-setting.ts';
import type { ControlOperation } from '../operation.ts';
import { answer, refuse } from '../outcome.ts';
import { readVaultOf } from '../vaults/resource.ts';
import { settingPath, settingResource, settingsOf } from './resource.ts';

/** PUT of a diagnostic setting: 200 also when it is new, as on Azure; az takes nothing else. */
export const createOrUpdateDiagnosticSetting: ControlOperation = {
  method: 'PUT',
  path: settingPath,
  action: 'Microsoft.Insights/diagnosticSettings/write',
  audit: 'DiagnosticSettingPut',
  async run(call) {
    const found = await readVaultOf(call);
    if (!found.ok) return found;
    const name = call.params['setting'] ?? '';
    if (!isDiagnosticSettingName(name)) {
      const rule = '1 to 128 letters, digits, underscores, hyphens, full stops, brackets and spaces';
      return refuse({ kind: 'invalidProperty', message: `The diagnostic setting name '${name}' is invalid: ${rule}.` });
    }
    const properties = readDiagnosticSetting(call.body['properties']);
    if (!properties.ok) return properties;
    const resourceId = vaultId(found.vault);
    const setting: DiagnosticSettingRecord = { resourceId, name, properties: properties.value };
    const key = diagnosticSettingKey(resourceId, name);
    const stored = await settingsOf(call, found.vault);
    const others = stored.filter((record) => record.key !== key);
    const admitted = admitDiagnosticSetting(setting, others.map(decode<DiagnosticSettingRecord>));
    if (!admitted.ok) return admitted;
    const before = stored.find((record) => record.key === key);
    const require = [
      { key: found.record.key, version: found.record.version },
      { key, version: before?.version ?? null },
      ...others.map((other) => ({ key: other.key, version: other.version })),
    ];
    return { ...answer(200, settingResource(setting)), change: { require, put: [{ key, value: encode(setting) }] } };
  },
};
