/** Where the records of a vault go besides the server's own audit log. */
export interface DiagnosticSettingRecord {
  /** ARM id of the vault, in the case of its creation. */
  readonly resourceId: string;
  readonly name: string;
  readonly properties: DiagnosticSettingProperties;
}

export interface DiagnosticSettingProperties {
  /** At least one of the two. */
  readonly storageAccountId?: string | undefined;
  readonly marketplacePartnerId?: string | undefined;
  readonly logs: readonly LogSetting[];
  readonly metrics: readonly MetricSetting[];
}

/** Records of one category, or of a group of categories. */
export interface LogSetting {
  readonly category?: LogCategory;
  readonly categoryGroup?: LogCategoryGroup;
  readonly enabled: boolean;
}

export interface MetricSetting {
  readonly category: string;
  readonly enabled: false;
}

export type LogCategory = 'AuditEvent' | 'AzurePolicyEvaluationDetails';

export type LogCategoryGroup = 'audit' | 'allLogs';
