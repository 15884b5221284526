import { headerBinding, putResourceBinding, workloadBinding } from '../directory/bindings.ts';
import { resourceBindingPrefix } from '../directory/keys.ts';
import type { Settings } from '../settings/settings.ts';
import type { Store } from '../store/store.ts';

/** Binds workloads to resources as in the configuration file, and removes bindings that it no longer has. */
export async function bindWorkloads(store: Store, workloads: Settings['workloads']): Promise<void> {
  const named = workloads.flatMap(({ resourceId, identityHeader, addresses }) => [
    ...(identityHeader === undefined ? [] : [putResourceBinding(headerBinding(identityHeader), resourceId)]),
    ...addresses.map(({ subnet, address }) => putResourceBinding(workloadBinding(subnet, address), resourceId)),
  ]);
  const put = [...new Map(named.map((binding) => [binding.key, binding])).values()];
  const keys = new Set(put.map(({ key }) => key));
  const stale = (await boundKeys(store)).filter((key) => !keys.has(key));
  if (put.length + stale.length > 0) await store.transact({ put, delete: stale });
}

async function boundKeys(store: Store): Promise<readonly string[]> {
  const keys: string[] = [];
  for (let after: string | undefined; ;) {
    const page = await store.list({ prefix: resourceBindingPrefix(), after, limit: 1000 });
    keys.push(...page.map(({ key }) => key));
    after = page.at(-1)?.key;
    if (after === undefined) return keys;
  }
}
