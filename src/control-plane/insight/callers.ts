import { encodePath, readSkipToken, skipToken } from '../../http/request.ts';
import { vaultId } from '../../resources/keys.ts';
import type { CallersAnswer } from '../../types/activity.ts';
import { foreignToken, pageLimit } from '../list.ts';
import { answer } from '../operation.ts';
import type { ControlOperation } from '../operation.ts';
import { readVaultOf, vaultPath } from '../vaults/resource.ts';

/**
 * GET …/vaults/{v}/providers/Postern.Insight/callers, which Azure does not have: the callers that passed the vault's
 * firewall within 24 hours, with all by which the firewall tells one from another.
 */
export const vaultCallers: ControlOperation = {
  method: 'GET',
  path: `${vaultPath}/providers/Postern.Insight/callers`,
  action: 'Microsoft.KeyVault/vaults/read',
  audit: 'VaultCallers',
  async run(call, { recent }) {
    const { vault } = await readVaultOf(call);
    const limit = pageLimit(call.query['$top']);
    const after = serialIn(call.query['$skiptoken']);
    await recent.warmed();
    const resourceId = vaultId(vault).toUpperCase();
    const rows = recent.callers.rowsOf(resourceId, call.nowMs).filter(({ serial }) => serial > after);
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    const query = new URLSearchParams({ ...call.query, $skiptoken: skipToken(String(last?.serial)) });
    const nextLink = `${call.names.resourceManager}${encodePath(call.path)}?${query.toString()}`;
    const body: CallersAnswer = {
      value: page.map(({ serial: _, ...row }) => row),
      ...(rows.length > limit && { nextLink }),
      since: new Date(recent.callersSinceMs).toISOString(),
      windowHours: 24,
      dropped: recent.callers.droppedOf(resourceId),
    };
    return answer(200, body);
  },
};

/** @throws {Refused} for a token that this list did not give */
function serialIn(token: string | undefined): number {
  if (token === undefined) return 0;
  const serial = readSkipToken(token) ?? '';
  return /^\d{1,15}$/.test(serial) ? Number(serial) : foreignToken();
}
