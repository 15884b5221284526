import { acls, putVault } from '../data-plane/vaults.ts';
import { pinnedToEach } from '../readers/pinned.ts';
import { dataFolder, startPostern } from '../world/process.ts';
import type { Figures } from './figures.ts';
import { load, nothingAcknowledged } from './load.ts';

const vault = 'kv-stale';
const from = '127.0.0.7';
const closedRules = { ...acls.deny, ipRules: [{ value: '203.0.113.8' }] };

/**
 * Under load, changes a vault's rules again and again, and asks each reader and the worker at once after the answer. Each
 * read must be decided by the rules that were answered. `tries`: how many reads.
 */
export async function staleReads(tries: number, progress: (text: string) => void): Promise<Figures> {
  using data = dataFolder();
  await using postern = await startPostern(['--data', data.path, '--readers', '2']);
  const { client } = postern;
  await putVault(client, vault, { networkAcls: acls.deny });
  await client.vault(vault, 'PUT', '/secrets/s', { from, body: { value: 'v' } });
  const readers = await pinnedToEach(postern, 2);
  const over = new AbortController();
  const acknowledged = nothingAcknowledged();
  const working = load(client, { round: 'stale', acknowledged, signal: over.signal });
  const stale: string[] = [];
  let done = 0;
  for (let flip = 0; done < tries; flip += 1) {
    const isOpen = flip % 2 === 0;
    await putVault(client, vault, { networkAcls: isOpen ? acls.deny : closedRules });
    const asked = readers.map(({ agent }) => client.vault(vault, 'GET', '/secrets/s', { from, agent }));
    for (const [reader, answered] of (await Promise.allSettled(asked)).entries()) {
      done += 1;
      const found = answered.status === 'fulfilled' ? String(answered.value.status) : String(answered.reason);
      if (found !== (isOpen ? '200' : '403'))
        stale.push(`flip ${flip}: reader ${reader}: ${found} ${postern.stderr().slice(-500)}`);
    }
    if (flip % 500 === 499) progress(`${done} reads, ${stale.length} stale`);
  }
  over.abort();
  for (const reader of readers) reader[Symbol.dispose]();
  await working;
  const counts = { rounds: done, acknowledged: acknowledged.requestIds.length };
  return { counts, faults: [...stale, ...acknowledged.faults] };
}
