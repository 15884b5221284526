import { setTimeout as sleep } from 'node:timers/promises';
import { location, putVault, vaultPath } from '../data-plane/vaults.ts';
import { until } from '../world/process.ts';
import type { Node, Nodes } from './nodes.ts';

const from = '127.0.0.7';

/**
 * A vault is deleted and purged on one node, while the others are asked for its secret and for one of another vault, and made
 * again. Returns a sentence for each request after the purge that does not say that there is nothing, and for each other failure.
 */
export async function purgeElsewhere({ client, nodes }: Nodes, round: string): Promise<readonly string[]> {
  const [gone, stays] = [`kv-gone-${round}`, `kv-stays-${round}`];
  for (const vault of [gone, stays]) {
    await putVault(client, vault);
    await client.vault(vault, 'PUT', '/secrets/name', { body: { value: vault }, from });
  }
  const [purging, ...others] = nodes;
  if (purging === undefined) throw new RangeError('there are no nodes');
  const faults: string[] = [];
  const state = { purged: false, over: false };
  const asking = others.flatMap((node) => [
    asks(node, stays, (sent) => (sent.status === 200 ? [] : [`${stays} at ${node.name}: ${sent.status}`])),
    asks(node, gone, ({ status, sentAfterPurge }) =>
      status !== 404 && sentAfterPurge ? [`${gone} at ${node.name} after its purge: ${status}`] : [],
    ),
  ]);

  async function asks(
    node: Node,
    vault: string,
    faultsOf: (found: { status: number; sentAfterPurge: boolean }) => readonly string[],
  ): Promise<void> {
    const asked = node.client();
    while (!state.over) {
      const sentAfterPurge = state.purged;
      const { status } = await asked.vault(vault, 'GET', '/secrets/name', { from });
      faults.push(...faultsOf({ status, sentAfterPurge }));
      await sleep(10);
    }
  }

  await purge(purging, gone);
  state.purged = true;
  await sleep(1_000);
  await putVault(purging.client(), gone);
  for (const { name, client: asked } of nodes) {
    const { status } = await asked().vault(gone, 'GET', '/secrets/name', { from });
    if (status !== 404)
      faults.push(`${gone} was made again, and ${name} answers ${status} for the secret of the purged one`);
    const put = await asked().vault(gone, 'PUT', `/secrets/by-${name}`, { body: { value: 'v' }, from });
    if (put.status !== 200) faults.push(`${gone} was made again, and ${name} answers ${put.status} to a set`);
  }
  state.over = true;
  await Promise.all(asking);
  return faults;
}

async function purge(node: Node, vault: string): Promise<void> {
  const asked = node.client();
  await asked.arm('DELETE', vaultPath(vault));
  const deleted = `/providers/Microsoft.KeyVault/locations/${location}/deletedVaults/${vault}`;
  const { status } = await asked.arm('POST', `${deleted}/purge`);
  if (status !== 202) throw new Error(`the purge of ${vault}: ${status}`);
  await until(async () => (await asked.arm('GET', deleted)).status === 404, `the purge of ${vault}`);
}
