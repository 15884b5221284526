import { Agent } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { check } from '../faults/check.ts';
import { load, nothingAcknowledged } from '../faults/load.ts';
import { putVault, vaultPath } from '../data-plane/vaults.ts';
import type { Client } from '../world/client.ts';
import { until } from '../world/process.ts';
import { allReady } from './disturbances.ts';
import type { Disturbance, Disturbed } from './disturbances.ts';
import { Findings } from './findings.ts';
import { patient } from './patient.ts';
import { registerLoad } from './register-load.ts';
import { ruleLoad } from './rule-load.ts';

/** The vault of `registerLoad`; another one is that of `ruleLoad`. */
export const registerVault = 'kv-registers';
const ruleVault = 'kv-rules';

/** Makes the vaults that `underLoad` uses. */
export async function makeVaults(asked: Client): Promise<void> {
  const client = patient(asked);
  for (const vault of [registerVault, ruleVault]) {
    await putVault(client, vault);
    const { status } = await client.vault(vault, 'PUT', '/secrets/name', { body: { value: 'v' }, from: '127.0.0.7' });
    if (status !== 200) throw new Error(`the first secret of ${vault}: ${status}`);
  }
}

/**
 * Loads of every kind through the balancer, from before a disturbance until all nodes are ready after it. Returns the
 * counts of the answers, and a sentence for each fault: a history that no single server could have, an acknowledged change
 * that is not there, a record that is missing or there twice.
 */
export async function underLoad(
  disturbed: Disturbed,
  { round, disturb }: { readonly round: string; readonly disturb: Disturbance },
): Promise<Findings> {
  const { client, auditFolders, clientWith } = disturbed.nodes;
  const agent = new Agent({ keepAlive: true });
  const checking = patient(clientWith(agent));
  for (const resource of ['vault', 'arm'] as const) await checking.token(resource);
  const [findings, known, over] = [new Findings(), nothingAcknowledged(), new AbortController()];
  const asked = { round, findings, signal: over.signal };
  const working = Promise.all([
    registerLoad(client, { ...asked, vault: registerVault }),
    ruleLoad(client, { ...asked, vault: ruleVault, path: vaultPath(ruleVault) }),
    load(client, { round, acknowledged: known, signal: over.signal }),
  ]);
  try {
    await until(() => findings.counts.writes >= 30 && findings.counts.reads >= 60, 'work that is acknowledged');
    await disturb(disturbed);
    await allReady(disturbed.nodes);
    // As each node sees it now.
    const { writes } = findings.counts;
    await until(() => findings.counts.writes >= writes + 60, 'work after the disturbance');
    await sleep(200);
  } finally {
    over.abort();
    await working;
  }
  known.requestIds.push(...findings.requestIds);
  findings.faults.push(...(await check(checking, known, auditFolders)));
  agent.destroy();
  return findings;
}
