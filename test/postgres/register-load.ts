import { setTimeout as sleep } from 'node:timers/promises';
import { History } from '../linearizable/history.ts';
import { registerFaults } from '../linearizable/register.ts';
import type { Client } from '../world/client.ts';
import type { Findings } from './findings.ts';
import { patient } from './patient.ts';
import { officialAsker, plainAsker } from './secret-clients.ts';
import type { SecretAsker } from './secret-clients.ts';

const first = 'first';

interface Lane {
  readonly asker: SecretAsker;
  readonly name: string;
  readonly history: History;
  readonly findings: Findings;
  readonly signal: AbortSignal;
}

export interface Load {
  readonly vault: string;
  /** Part of the names of this load's objects, which must not exist. */
  readonly round: string;
  readonly findings: Findings;
  /** Ends the load. */
  readonly signal: AbortSignal;
}

/**
 * Some secrets, each set by two clients to values of their own and read by four; an official client does both. Afterwards
 * each history is checked.
 */
export async function registerLoad(client: Client, { vault, round, findings, signal }: Load): Promise<void> {
  const registers = ['a', 'b', 'c'].map((one) => ({ name: `register-${round}-${one}`, history: new History() }));
  for (const { name } of registers) {
    const sent = { body: { value: first }, from: '127.0.0.7' };
    const { status } = await patient(client).vault(vault, 'PUT', `/secrets/${name}`, sent);
    if (status !== 200) throw new Error(`the first value of ${name}: ${status}`);
  }
  const lanes = registers.flatMap((register) => {
    const secret = { vault, name: register.name };
    const shared = { ...register, findings, signal };
    return [
      writes({ ...shared, asker: plainAsker(client, secret) }, 'w1'),
      writes({ ...shared, asker: officialAsker(client, secret) }, 'w2'),
      reads({ ...shared, asker: officialAsker(client, secret) }),
      reads({ ...shared, asker: plainAsker(client, secret) }),
      reads({ ...shared, asker: plainAsker(client, secret) }),
    ];
  });
  await Promise.all(lanes);
  for (const { name, history } of registers) {
    findings.faults.push(...registerFaults(history.operations, first).map((fault) => `${name}: ${fault}`));
  }
}

/** Sets the secret to one value after the other. */
async function writes({ asker, name, history, findings, signal }: Lane, lane: string): Promise<void> {
  for (let index = 1; !signal.aborted; index += 1) {
    const [value, sentAt] = [`${lane}-${index}`, history.next()];
    const outcome = await asker.set(value);
    findings.note(`set ${name}`, outcome, 'writes');
    if (outcome.kind === 'unknown') history.unanswered({ value, sentAt });
    else history.answered({ kind: 'write', value, outcome: outcome.kind, sentAt });
    await sleep(5);
  }
  asker.close();
}

async function reads({ asker, name, history, findings, signal }: Lane): Promise<void> {
  while (!signal.aborted) {
    const sentAt = history.next();
    const outcome = await asker.get();
    findings.note(`get ${name}`, outcome, 'reads');
    if (outcome.kind === 'done') {
      history.answered({ kind: 'read', value: String(outcome.answer.body['value']), outcome: 'done', sentAt });
    }
    await sleep(3);
  }
  asker.close();
}
