import { formatIpv4, parseRange } from '../../address/address.ts';
import { listRecords, recordPut } from '../../store/records.ts';
import type { Store, Transaction } from '../../store/store.ts';
import { publicAddressKey, publicAddressPrefix } from '../keys.ts';
import { refuseResource } from '../refusal.ts';
import type { ResourceOutcome } from '../refusal.ts';

const pageSize = 1000;

/**
 * Allocates the first free address of the pool (IPv4, CIDR) to a resource, except its network and broadcast addresses. The
 * change requires that no resource has the address, so it cannot be given out twice.
 */
export async function allocateAddress(
  pool: string,
  resource: string,
  store: Store,
): Promise<ResourceOutcome<{ readonly ipAddress: string; readonly change: Transaction }>> {
  const parsed = parseRange(pool);
  if (!parsed.ok) throw new Error(`the address pool ${pool} is not a range`);
  const taken = new Set<string>();
  for (let after: string | undefined; ;) {
    const page = await listRecords(store, { prefix: publicAddressPrefix, after, limit: pageSize });
    for (const { key } of page) taken.add(key);
    after = page.at(-1)?.key;
    if (after === undefined) break;
  }
  const { first, last } = parsed.range;
  for (let address = first + 1; address < last; address += 1) {
    const ipAddress = formatIpv4(address);
    const key = publicAddressKey(ipAddress);
    if (taken.has(key)) continue;
    const change = { require: [{ key, version: null }], put: [recordPut(key, { resource })] };
    return { ok: true, value: { ipAddress, change } };
  }
  return refuseResource({ kind: 'publicAddressesExhausted', pool });
}
