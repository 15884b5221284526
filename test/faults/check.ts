import { setTimeout as sleep } from 'node:timers/promises';
import { linesOf } from '../audit/log-lines.ts';
import type { Client, Json } from '../world/client.ts';
import { demoVault, versionOf } from './load.ts';
import type { Acknowledged, History } from './load.ts';

const sent = { from: '127.0.0.7' };
/** How many objects are read at a time. */
const checkers = 8;

/**
 * Whether everything that was acknowledged is there once, with its record. Returns a sentence for each fault.
 * @param auditFolders the folders of the audit logs, one for each node
 */
export async function check(
  client: Client,
  acknowledged: Acknowledged,
  auditFolders: readonly string[],
  settleMs = 15_000,
): Promise<readonly string[]> {
  const faults = [...acknowledged.faults, ...(await settled(() => recordFaults(acknowledged, auditFolders), settleMs))];
  const left = [...acknowledged.histories];
  const checker = async () => {
    for (let history = left.shift(); history !== undefined; history = left.shift()) {
      faults.push(...(await (history.kind === 'tag' ? tagFaults(client, history) : objectFaults(client, history))));
    }
  };
  await Promise.all(Array.from({ length: checkers }, checker));
  return faults;
}

/** Records of changes are in the log soon after their commit, or once a fault that kept them from it has ended. */
async function settled(find: () => readonly string[], settleMs: number): Promise<readonly string[]> {
  for (let waitedMs = 0; waitedMs < settleMs && find().length > 0; waitedMs += 200) await sleep(200);
  return find();
}

/**
 * Every line is a record, no record appears twice, and each request that succeeded has exactly one record of a
 * category. A request that changes a vault has two: an `AuditEvent` and an `Administrative` one.
 */
function recordFaults(
  { requestIds }: Pick<Acknowledged, 'requestIds'>,
  auditFolders: readonly string[],
): readonly string[] {
  const counts = new Map<string, Map<string, number>>();
  const recordIds = new Map<unknown, number>();
  let lines: ReturnType<typeof linesOf>;
  try {
    lines = auditFolders.flatMap((folder) => linesOf(folder));
  } catch (error) {
    return [`the audit log is torn: ${String(error)}`];
  }
  for (const { correlationId, category, properties } of lines) {
    const of = counts.get(correlationId) ?? new Map<string, number>();
    counts.set(correlationId, of.set(category, (of.get(category) ?? 0) + 1));
    const recordId = properties['recordId'];
    if (recordId !== undefined) recordIds.set(recordId, (recordIds.get(recordId) ?? 0) + 1);
  }
  return [
    ...requestIds.flatMap((id) => {
      const found = [...(counts.get(id) ?? [])];
      if (found.length === 0) return [`request ${id} has no record`];
      return found
        .filter(([, count]) => count > 1)
        .map(([category, count]) => `request ${id} has ${count} records: ${category}`);
    }),
    ...[...recordIds]
      .filter(([, count]) => count !== 1)
      .map(([id, count]) => `record ${String(id)} is there ${count} times`),
  ];
}

async function tagFaults(client: Client, { name, versions, unanswered }: History): Promise<readonly string[]> {
  const { body } = await client.arm('GET', demoVault);
  const found = body['tags']?.[name];
  const next = String(versions.length + 1);
  const last = versions.at(-1)?.value;
  // A later writer replaces all tags: then its tags are there.
  if (found === undefined || found === last || (unanswered === 'set' && found === next)) return [];
  return [`the tag ${name} was acknowledged as ${last ?? 'nothing'}, and is ${String(found)}`];
}

/** Acknowledged versions are listed once each, and at most one other; the newest has its value. */
async function objectFaults(client: Client, history: History): Promise<readonly string[]> {
  const { name, kind, versions, deleted, unanswered } = history;
  if (versions.length === 0) return [];
  const collection = kind === 'secret' ? 'secrets' : 'keys';
  const { status, body } = await client.vault('demo', 'GET', `/${collection}/${name}`, sent);
  if (status === 404) {
    const gone = await deletedStatus(client, `/deleted${collection}/${name}`);
    const expected = deleted || unanswered === 'delete';
    return expected && gone === 200 ? [] : [`${name} is gone: ${gone} among the deleted`];
  }
  if (status !== 200 || deleted)
    return [`${name}: ${status}${deleted ? ', though its deletion was acknowledged' : ''}`];
  const { body: list } = await client.vault('demo', 'GET', `/${collection}/${name}/versions`, sent);
  const ids = Object.values<Json>(list['value'] ?? {}).map((item) => versionOf(item[kind === 'secret' ? 'id' : 'kid']));
  const extra = unanswered === 'set' ? 1 : 0;
  const missing = versions.filter(({ id }) => ids.filter((each) => each === id).length !== 1);
  if (missing.length > 0 || ids.length > versions.length + extra) {
    return [
      `${name} has ${ids.length} versions; acknowledged were ${versions.length}, of which ${missing.length} are missing`,
    ];
  }
  if (kind === 'key') return [];
  const values = [versions.at(-1)?.value, ...(extra === 1 ? [String(versions.length + 1)] : [])];
  return values.includes(String(body['value']))
    ? []
    : [`${name}: ${values.join(' or ')} expected, ${String(body['value'])} found`];
}

/** A deletion takes a moment, in which the object is visible neither as active nor as deleted. */
async function deletedStatus(client: Client, path: string): Promise<number> {
  let { status } = await client.vault('demo', 'GET', path, sent);
  for (let waitedMs = 0; status === 404 && waitedMs < 3_000; waitedMs += 200) {
    await sleep(200);
    ({ status } = await client.vault('demo', 'GET', path, sent));
  }
  return status;
}
