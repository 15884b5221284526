import { formatIpv4, parseRange } from '../../address/address.ts';
import { listRecords, recordPut } from '../../store/records.ts';
import type { Store, Transaction } from '../../store/store.ts';
import { publicAddressKey, publicAddressPrefix } from '../keys.ts';
import { refuseResource } from '../refusal.ts';
import type { ResourceOutcome } from '../refusal.ts';

const pageSize = 1000;

/**
 * Takes the first free address of the pool (IPv4, CIDR) for a resource; network and broadcast address stay free. Nobody
 * else can get it at the same time: the change requires that it is held by nobody.
 */
export async function allocateAddress(
  pool: string,
  resource: string,
  store: Store,
): Promise<ResourceOutcome<{ readonly ipAddress: string; readonly change: Transaction }>> {
  const parsed = parseRange(pool);
  if (!parsed.ok) throw new Error(`the address pool ${pool} is no range`);
  const held = new Set<string>();
  for (let after: string | undefined; ;) {
    const page = await listRecords(store, { prefix: publicAddressPrefix, after, limit: pageSize });
    for (const { key } of page) held.add(key);
    after = page.at(-1)?.key;
    if (after === undefined) break;
  }
  const { first, last } = parsed.range;
  for (let address = first + 1; address < last; address += 1) {
    const ipAddress = formatIpv4(address);
    const key = publicAddressKey(ipAddress);
    if (held.has(key)) continue;
    const change = { require: [{ key, version: null }], put: [recordPut(key, { resource })] };
    return { ok: true, value: { ipAddress, change } };
  }
  return refuseResource({ kind: 'publicAddressesExhausted', pool });
}
