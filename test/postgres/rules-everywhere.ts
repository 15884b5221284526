import { Agent } from 'node:https';
import { putVault, vaultPath } from '../data-plane/vaults.ts';
import type { Answered } from '../world/client.ts';
import type { Node, Nodes } from './nodes.ts';
import { patient } from './patient.ts';
import { ruleOnly } from './rule-load.ts';

/** Two clients of which a vault's rule lets in one. */
const [one, other] = [21, 22] as const;

export interface Tries {
  readonly tries: number;
  /** A sentence for each answer by a rule that was replaced before the request was sent. */
  readonly stale: readonly string[];
}

interface Lane {
  readonly nodes: readonly Node[];
  readonly vault: string;
  readonly tries: number;
}

/**
 * On one node after the other the rule of a vault is changed; as soon as that is answered, both clients ask every other
 * node. Some vaults at a time.
 */
export async function rulesEverywhere({ client: asked, nodes }: Nodes, tries: number): Promise<Tries> {
  const client = patient(asked);
  const vaults = Array.from({ length: 8 }, (_, index) => `kv-everywhere-${index}`);
  for (const vault of vaults) {
    await putVault(client, vault);
    await expectStatus(client.vault(vault, 'PUT', '/secrets/name', { body: { value: 'v' }, from: '127.0.0.7' }), 200);
  }
  const lanes = vaults.map((vault) => lane({ nodes, vault, tries: Math.ceil(tries / vaults.length) }));
  const done = await Promise.all(lanes);
  return {
    tries: done.reduce((sum, each) => sum + each.tries, 0),
    stale: done.flatMap(({ stale }) => stale),
  };
}

async function lane({ nodes, vault, tries: wanted }: Lane): Promise<Tries> {
  const agent = new Agent({ keepAlive: true });
  const clients = nodes.map((node) => ({ name: node.name, ...patient(node.client()) }));
  const stale: string[] = [];
  let tries = 0;
  for (let index = 0; tries < wanted; index += 1) {
    const [changing, letIn] = [clients[index % clients.length], index % 2 === 0 ? one : other];
    if (changing === undefined) throw new RangeError('there are no nodes');
    const body = ruleOnly(`203.0.113.${letIn}`);
    await expectStatus(changing.arm('PATCH', vaultPath(vault), body, { agent, body }), 200);
    const asked = clients
      .filter((each) => each !== changing)
      .flatMap((each) => [one, other].map((from) => ({ each, from })));
    const found = await Promise.all(
      asked.map(async ({ each, from }) => {
        const { status } = await each.vault(vault, 'GET', '/secrets/name', { from: `127.0.0.${from}`, agent });
        const expected = from === letIn ? 200 : 403;
        return status === expected ? [] : [`${vault}, change ${index}: ${each.name} answered ${from} with ${status}`];
      }),
    );
    stale.push(...found.flat());
    tries += asked.length;
  }
  agent.destroy();
  return { tries, stale };
}

async function expectStatus(asked: Promise<Answered>, expected: number): Promise<void> {
  const { status, body } = await asked;
  if (status !== expected) throw new Error(`${status} instead of ${expected}: ${JSON.stringify(body)}`);
}
