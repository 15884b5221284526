import type { Functions, TemplateFunction } from './function.ts';
import { mismatch } from './function.ts';

function because(reason: string): TemplateFunction {
  return { arity: [0, Infinity], run: (_, call) => mismatch(call, reason) };
}

const lists = because(
  "functions that list secrets (list*) are not supported. Read a vault's secret with a Key Vault reference in the deployment's parameters",
);

/** Functions of Azure that this server refuses, each with what to do instead. */
export const unsupported: Functions = {
  listKeys: lists,
  listSecrets: lists,
  listAccountSas: lists,
  listServiceSas: lists,
  list: lists,
  providers: because('it was retired by Azure; write the api-version'),
  pickZones: because('there are no availability zones'),
  toLogicalZone: because('there are no availability zones'),
  toLogicalZones: because('there are no availability zones'),
  toPhysicalZone: because('there are no availability zones'),
  toPhysicalZones: because('there are no availability zones'),
  managementGroup: because('there are no management groups'),
  managementGroupResourceId: because('there are no management groups'),
  externalInput: because('parameter expressions are not supported; give the value'),
};
