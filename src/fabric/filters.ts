import { formatIpv4, formatRange } from '../address/address.ts';
import { services } from './addresses.ts';
import { vaultPort } from './allocation.ts';
import { FabricFailed } from './failed.ts';
import { inParallel } from './in-parallel.ts';
import { addHost, deleteHost, internetRules } from './internet-rules.ts';
import type { Machine } from './machine.ts';
import type { NamespaceNames } from './naming.ts';
import type { InternetHost, Plan, RouterPlan, SubnetPlan, WorkloadPlan } from './plan.ts';
import { addOwner, deleteOwner, routerRules } from './router-rules.ts';

/** A packet filter as it was loaded: its rules without owners, and the owner of each wire. */
interface Loaded {
  readonly base: string;
  readonly owners: readonly Owner[];
}

interface Owner {
  readonly key: string;
  /** The scripts that add it and that delete it. */
  readonly add: string;
  readonly delete: string;
}

interface Filter {
  readonly namespace: string;
  /** The whole script, and the same without owners, which tells whether anything else differs. */
  readonly whole: () => string;
  readonly base: string;
  readonly owners: readonly Owner[];
}

/** The packet filters of the namespaces. */
export class Filters {
  readonly #machine: Machine;
  readonly #names: NamespaceNames;
  readonly #loaded = new Map<string, Loaded>();

  constructor(machine: Machine, names: NamespaceNames) {
    this.#machine = machine;
    this.#names = names;
  }

  /** Loads the rules that changed, each namespace's in one step. A new workload alone is only added. */
  async load({ internet, routers }: Plan): Promise<void> {
    const { hosts } = internet;
    const filters: readonly Filter[] = [
      {
        namespace: this.#names.internet,
        whole: () => internetRules(internet),
        base: internetRules({ ...internet, hosts: [] }),
        owners: hosts.map(hostOwner),
      },
      ...routers.map((router) => ({
        namespace: this.#names.router(router.number),
        whole: () => routerRules(router),
        base: routerRules({ ...router, workloads: [] }),
        owners: router.workloads.map(workloadOwner),
      })),
    ];
    await inParallel(filters, (filter) => this.#follow(filter));
    const wanted = new Set(filters.map(({ namespace }) => namespace));
    for (const namespace of this.#loaded.keys()) if (!wanted.has(namespace)) this.#loaded.delete(namespace);
  }

  async #follow({ namespace, whole, base, owners }: Filter): Promise<void> {
    const before = this.#loaded.get(namespace);
    // After a failure it is not known which rules are loaded.
    const script = before?.base === base ? ownersBetween(before.owners, owners) : whole();
    if (script !== '') {
      this.#loaded.delete(namespace);
      await this.#machine.nft(namespace, script);
    }
    this.#loaded.set(namespace, { base, owners });
  }

  /**
   * Ends the connections of a subnet to the vaults, as Azure does when the endpoint is switched. The rules have changed by
   * now, so that a client that connects again takes the new way. First the sockets, so that it sees an orderly end; then
   * what is known of its flows. Those that already took the new way go on: the listener's flows have their destination
   * translated, the others their source.
   */
  async endFlows({ number }: RouterPlan, { group, prefix, endpoint }: SubnetPlan): Promise<void> {
    const namespace = this.#names.router(number);
    const [from, to] = [formatRange(prefix), formatIpv4(services.vaults)];
    const sockets = ['ss', '-K', 'state', 'connected', 'sport', '=', `:${vaultPort(group)}`];
    if (!endpoint) await this.#machine.inside(namespace, sockets);
    const translated = endpoint ? '--src-nat' : '--dst-nat';
    const forget = ['conntrack', '-D', '-p', 'tcp', '--orig-src', from, '--orig-dst', to, translated];
    const { status, errors } = await this.#machine.inside(namespace, forget);
    // It fails when there was no such flow, too.
    if (status !== 0 && !errors.includes(' 0 flow entries')) {
      throw new FabricFailed(`The open connections of a subnet cannot be ended: ${errors.trim()}`);
    }
  }
}

function workloadOwner(workload: WorkloadPlan): Owner {
  return {
    key: `${workload.number} ${workload.address}`,
    add: addOwner(workload),
    delete: deleteOwner(workload),
  };
}

function hostOwner(host: InternetHost): Owner {
  return { key: `${host.number} ${host.address}`, add: addHost(host), delete: deleteHost(host) };
}

/** One script for all that differs: nft does it in one step. */
function ownersBetween(before: readonly Owner[], after: readonly Owner[]): string {
  const [olds, news] = [new Set(before.map(({ key }) => key)), new Set(after.map(({ key }) => key))];
  const gone = before.filter(({ key }) => !news.has(key)).map((owner) => owner.delete);
  return [...gone, ...after.filter(({ key }) => !olds.has(key)).map(({ add }) => add)].join('');
}
