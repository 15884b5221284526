import type { ControlOperation } from '../operation.ts';
import { getDiagnosticSettingsCategory, listDiagnosticSettingsCategories } from './categories.ts';
import { createOrUpdateDiagnosticSetting } from './create-or-update.ts';
import { deleteDiagnosticSetting } from './delete.ts';
import { getDiagnosticSetting } from './get.ts';
import { listDiagnosticSettings } from './list.ts';

/** Every operation of Microsoft.Insights. */
export const insightsOperations: readonly ControlOperation[] = [
  createOrUpdateDiagnosticSetting,
  getDiagnosticSetting,
  listDiagnosticSettings,
  deleteDiagnosticSetting,
  listDiagnosticSettingsCategories,
  getDiagnosticSettingsCategory,
];
