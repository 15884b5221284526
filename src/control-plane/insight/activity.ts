import { conjuncts, parseFilter } from '../../edge/filter.ts';
import type { Filter } from '../../edge/filter.ts';
import type { RecentQuestion } from '../../recent/recent-log.ts';
import { vaultId } from '../../resources/keys.ts';
import type { ActivityAnswer, ActivityEntry } from '../../types/activity.ts';
import { scopeKey } from '../access.ts';
import { answer, badRequest } from '../operation.ts';
import type { ControlCall, ControlOperation, ControlOutcome, ControlServices } from '../operation.ts';
import { readVaultOf, vaultPath } from '../vaults/resource.ts';

/** Reader's and Key Vault Reader's patterns cover it: `*\/read`, `Microsoft.KeyVault/vaults/*\/read`. */
const action = 'Microsoft.KeyVault/vaults/activity/read';

const topMost = 1000;
const topDefault = 100;

/** A caller that keeps asking with cursors has a record in the audit log so often. */
const recordEveryMs = 3_600_000;

/** GET …/vaults/{v}/providers/Postern.Insight/activity, which Azure does not have: the last requests to the vault. */
const vaultActivity: ControlOperation = {
  method: 'GET',
  path: `${vaultPath}/providers/Postern.Insight/activity`,
  action,
  audit: 'VaultActivity',
  async run(call, services) {
    const { vault } = await readVaultOf(call);
    const id = vaultId(vault);
    const resourceId = id.toUpperCase();
    return read(call, services, { isAsked: (asked) => asked === resourceId, idOf: () => id });
  },
};

/** The same for all vaults of a subscription whose activity the caller may read. */
const subscriptionActivity: ControlOperation = {
  method: 'GET',
  path: '/subscriptions/:subscriptionId/providers/Postern.Insight/activity',
  action,
  shows: 'visible',
  audit: 'VaultActivity',
  async run(call, services) {
    const ofSubscription = `/SUBSCRIPTIONS/${call.subscription.subscriptionId.toUpperCase()}/`;
    const known = new Map<string, boolean>();
    const isAsked = (asked: string): boolean => {
      if (!asked.startsWith(ofSubscription)) return false;
      const before = known.get(asked);
      if (before !== undefined) return before;
      const may = call.access.may(action, asked);
      known.set(asked, may);
      return may;
    };
    const idOf = ({ vault }: ActivityEntry) => services.rulebook.known(vault.name)?.id ?? vault.id;
    return read(call, services, { isAsked, idOf });
  },
};

interface Asked {
  /** Whether the records of that resource, whose id is in upper case, are shown. */
  readonly isAsked: RecentQuestion['isAsked'];
  /** The id of an entry's vault, as it is spelt. */
  readonly idOf: (entry: ActivityEntry) => string;
}

async function read(call: ControlCall, { recent }: ControlServices, { isAsked, idOf }: Asked): Promise<ControlOutcome> {
  const { caller, query, nowMs } = call;
  const limit = topOf(query['$top']);
  const { matches, failedOnly } = filterOf(query['$filter']);
  await recent.warmed();
  const { after } = query;
  const reader = JSON.stringify([caller.issuer, caller.objectId, caller.applicationId, scopeKey(call.path)]);
  const cursor = after === undefined ? undefined : recent.cursors.open(after, reader);
  const found = await recent.log.read({ from: cursor, limit, isAsked, matches, failedOnly });
  // A cursor is proof that its first request was recorded, because only this process makes them.
  const isRecorded = cursor !== undefined && nowMs - cursor.recordedAtMs < recordEveryMs;
  const recordedAtMs = isRecorded ? cursor.recordedAtMs : nowMs;
  const body: ActivityAnswer = {
    value: found.entries.map((entry) => {
      const requiredPermission = recent.permissions.get(entry.operation);
      const vault = { ...entry.vault, id: idOf(entry) };
      return { ...entry, vault, ...(requiredPermission !== undefined && { requiredPermission }) };
    }),
    next: recent.cursors.seal({ ...found.next, recordedAtMs }, reader),
    more: found.more,
    gap: found.gap || (after !== undefined && cursor === undefined),
    since: recent.log.since() ?? new Date(nowMs).toISOString(),
  };
  return { ...answer(200, body), ...(isRecorded && { unrecorded: true }) };
}

/** @throws {Refused} for anything but a whole number from 1 to the most */
function topOf(text: string | undefined): number {
  const top = text === undefined ? topDefault : Number(text);
  if (Number.isInteger(top) && top >= 1 && top <= topMost) return top;
  return badRequest(`$top is '${text}'; it must be a whole number from 1 to ${topMost}.`);
}

type Test = (entry: ActivityEntry) => boolean;

/** `denied` by the firewall, `refused` for want of a permission, `failed` for any reason. */
const results: Readonly<Record<string, Test>> = {
  allowed: ({ status }) => status < 400,
  failed: ({ status }) => status >= 400,
  denied: ({ verdict }) => verdict?.allowed === false,
  refused: ({ permission }) => permission?.allowed === false,
};

const properties: Readonly<Record<string, (entry: ActivityEntry) => readonly (string | undefined)[]>> = {
  caller: ({ caller, verdict }) => [caller?.objectId, caller?.applicationId, caller?.name, verdict?.trustedService],
  address: ({ source }) => [source !== undefined && 'address' in source ? source.address : undefined],
  subnet: ({ source }) => [source?.kind === 'subnet' ? source.subnet : undefined],
  operation: ({ operation }) => [operation],
  vault: ({ vault }) => [vault.name],
  because: ({ verdict }) => [verdict?.because],
};

const supported = `result (${Object.keys(results).join(', ')}), ${Object.keys(properties).join(', ')} with eq, joined by and`;

/** @throws {Refused} for a filter with any other term */
function filterOf(text = ''): { readonly matches: Test; readonly failedOnly: boolean } {
  if (text.trim() === '') return { matches: () => true, failedOnly: false };
  const parsed = parseFilter(text, { properties: ['result', ...Object.keys(properties)], operators: [] });
  const terms = parsed.ok ? conjuncts(parsed.filter).map(testOf) : [undefined];
  const tests = terms.filter((term) => term !== undefined);
  if (tests.length < terms.length) return badRequest(`$filter is '${text}'; supported is ${supported}.`);
  return {
    matches: (entry) => tests.every(({ test }) => test(entry)),
    failedOnly: tests.some(({ failedOnly }) => failedOnly),
  };
}

function testOf(term: Filter): { readonly test: Test; readonly failedOnly: boolean } | undefined {
  if (term.op !== 'eq' || typeof term.value !== 'string') return undefined;
  const value = term.value.toLowerCase();
  if (term.property === 'result') {
    const test = Object.hasOwn(results, value) ? results[value] : undefined;
    return test === undefined ? undefined : { test, failedOnly: value !== 'allowed' };
  }
  const valuesOf = properties[term.property];
  if (valuesOf === undefined) return undefined;
  return { test: (entry) => valuesOf(entry).some((has) => has?.toLowerCase() === value), failedOnly: false };
}

/** The last requests to vaults. */
export const activityOperations: readonly ControlOperation[] = [vaultActivity, subscriptionActivity];
