import { setTimeout as sleep } from 'node:timers/promises';
import { unexplained } from '../linearizable/search.ts';
import type { Operation } from '../linearizable/search.ts';
import type { Client } from '../world/client.ts';
import { Asker } from './asking.ts';
import type { Outcome } from './asking.ts';
import type { Findings } from './findings.ts';
import { patient } from './patient.ts';
import type { Load } from './register-load.ts';

/** The clients of the rule, by the last number of their addresses: each rule lets one of them in. */
const clients = [11, 12, 13, 14, 15] as const;

const shown = (one: number) => `203.0.113.${one}`;

/** The body of a PATCH of a vault whose firewall then lets in this address alone. */
export function ruleOnly(address: string): object {
  return { properties: { networkAcls: { defaultAction: 'Deny', bypass: 'None', ipRules: [{ value: address }] } } };
}

interface Rules {
  readonly operations: Operation[];
  readonly next: () => number;
  readonly findings: Findings;
  readonly signal: AbortSignal;
}

/**
 * A vault whose rule lets in one client, then another, while all of them ask for a secret. Who is let in tells a part of
 * the rule in force. Afterwards the history is checked. The vault has the secret `name`.
 * @param path the vault's path below the subscription
 */
export async function ruleLoad(
  client: Client,
  { vault, path, ...load }: Load & { readonly path: string },
): Promise<void> {
  const [{ findings, signal }, operations] = [load, new Array<Operation>()];
  let moment = 0;
  const rules = { operations, findings, signal, next: () => (moment += 1) };
  const initial = shown(clients[0]);
  const body = ruleOnly(initial);
  const { status } = await patient(client).arm('PATCH', path, body, { body });
  if (status !== 200) throw new Error(`the first rule of ${vault}: ${status}`);
  await Promise.all([
    changes(rules, new Asker(client), path),
    ...clients.map((one) => asks(rules, client, { vault, one })),
  ]);
  const fault = unexplained(operations, initial);
  if (fault !== undefined) findings.faults.push(`${vault}: ${fault}`);
}

function setRule(asker: Asker, path: string, address: string) {
  return asker.arm('PATCH', path, ruleOnly(address));
}

async function changes({ operations, next, findings, signal }: Rules, asker: Asker, path: string): Promise<void> {
  for (let index = 1; !signal.aborted; index += 1) {
    const [address, sentAt] = [shown(clients[(index * 3) % clients.length] ?? 0), next()];
    const outcome = await setRule(asker, path, address);
    findings.note(`set the rule of ${path}`, outcome, 'writes');
    const operation = { name: `rule ${index} lets in ${address}`, sentAt, apply: () => address };
    if (outcome.kind === 'done') operations.push({ ...operation, answeredAt: next() });
    if (outcome.kind === 'unknown')
      operations.push({ ...operation, answeredAt: Number.POSITIVE_INFINITY, optional: true });
    await sleep(10);
  }
  asker.close();
}

async function asks(
  { operations, next, findings, signal }: Rules,
  client: Client,
  { vault, one }: { readonly vault: string; readonly one: number },
): Promise<void> {
  const [asker, address] = [new Asker(client, `127.0.0.${one}`), shown(one)];
  while (!signal.aborted) {
    const sentAt = next();
    const outcome = await asker.vault(vault, 'GET', '/secrets/name');
    const byRule = isByFirewall(outcome, address);
    if (!byRule) findings.note(`get from ${address}`, outcome, 'reads');
    if (byRule || outcome.kind === 'done') {
      const name = `${address} is ${byRule ? 'refused' : 'let in'}`;
      operations.push({ name, sentAt, answeredAt: next(), apply: (state) => appliedTo(state, address, byRule) });
    }
    await sleep(3);
  }
  asker.close();
}

/** Whether the firewall refused, and saw this address. */
function isByFirewall(outcome: Outcome, address: string): boolean {
  if (outcome.kind !== 'refused' || outcome.answer.status !== 403) return false;
  const error = outcome.answer.body['error'];
  const isIts = String(error?.['message']).includes(`Client address: ${address}`);
  return isIts && error?.['innererror']?.['code'] === 'ForbiddenByFirewall';
}

function appliedTo(state: string, address: string, isRefused: boolean): string | undefined {
  return (state === address) === isRefused ? undefined : state;
}
