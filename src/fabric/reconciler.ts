import { allocate, type Allocation } from './allocation.ts';
import { changesBetween } from './changes.ts';
import type { Filters } from './filters.ts';
import { inParallel } from './in-parallel.ts';
import type { KeptHost, KeptWorkload, Ledger } from './kept.ts';
import type { Namespaces } from './namespaces.ts';
import { plan, type Plan } from './plan.ts';
import type { ServerLink } from './server-link.ts';
import type { FabricState } from './state.ts';
import { thingsOf } from './links.ts';
import { wantedListeners } from './wanted-listeners.ts';
import type { Wires } from './wires.ts';

interface ReconcilerOptions {
  readonly instance: string;
  readonly namespaces: Namespaces;
  readonly wires: Wires;
  readonly filters: Filters;
  readonly server: ServerLink;
  readonly ledger: Ledger;
  readonly line: (line: string) => void;
}

/** A new place, which depends on those that there are. It throws where it cannot be had. */
export type Choose = (
  now: Pick<Reconciler, 'workloads' | 'hosts' | 'state' | 'plan'>,
) => { readonly workload: KeptWorkload } | { readonly host: KeptHost };

interface Asked {
  readonly choose: Choose;
  readonly made: PromiseWithResolvers<void>;
}

/**
 * Makes the machine what the plan says. One pass at a time: each compares the plan with what there is, and touches only
 * what differs.
 */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  #state: FabricState | undefined;
  #allocation: Allocation;
  #plan: Plan | undefined;
  #workloads: readonly KeptWorkload[];
  #hosts: readonly KeptHost[];
  /** The incarnations of the subnets whose way to the vaults is the listener. */
  #endpoints: ReadonlySet<string>;
  readonly #asked: Asked[] = [];
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: ReconcilerOptions) {
    const { allocation, workloads, hosts, endpoints } = options.ledger.kept;
    this.#options = options;
    this.#allocation = allocation;
    this.#workloads = workloads;
    this.#hosts = hosts;
    this.#endpoints = new Set(endpoints);
  }

  get state(): FabricState | undefined {
    return this.#state;
  }

  get plan(): Plan | undefined {
    return this.#plan;
  }

  get workloads(): readonly KeptWorkload[] {
    return this.#workloads;
  }

  get hosts(): readonly KeptHost[] {
    return this.#hosts;
  }

  /** Does one thing after the other: what it changes is in force when it resolves. */
  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** Resolves when nothing is being changed. */
  async settled(): Promise<void> {
    await this.#last;
  }

  /** Makes the networks what the resource manager says. */
  follow(state: FabricState): Promise<void> {
    return this.#inTurn(async () => {
      this.#state = state;
      this.#allocation = allocate(this.#allocation, state);
      await this.#apply();
    });
  }

  /** Gives the server again what it lost when it ended. */
  restore(): Promise<void> {
    return this.#inTurn(() => this.#apply());
  }

  /**
   * Makes a place, and changes nothing when that fails. Places that are asked for meanwhile are made together.
   * @param choose decides on the place, by the networks and workloads as they are
   */
  async add(choose: Choose): Promise<void> {
    const made = Promise.withResolvers<void>();
    this.#asked.push({ choose, made });
    await this.#inTurn(() => this.#addAll(this.#asked.splice(0)));
    return made.promise;
  }

  async #addAll(asked: readonly Asked[]): Promise<void> {
    if (asked.length === 0) return;
    const [workloads, hosts] = [this.#workloads, this.#hosts];
    const chosen = asked.filter((each) => this.#choose(each));
    try {
      await this.#apply();
      for (const { made } of chosen) made.resolve();
    } catch (error) {
      [this.#workloads, this.#hosts] = [workloads, hosts];
      await this.#apply();
      // One that cannot be made must not take the others with it.
      if (chosen.length > 1) for (const each of chosen) await this.#addAll([each]);
      else for (const { made } of chosen) made.reject(error);
    }
  }

  #choose({ choose, made }: Asked): boolean {
    try {
      const place = choose(this);
      if ('workload' in place) this.#workloads = [...this.#workloads, place.workload];
      else this.#hosts = [...this.#hosts, place.host];
      return true;
    } catch (error) {
      made.reject(error);
      return false;
    }
  }

  /** Removes the places of these numbers. */
  remove(numbers: ReadonlySet<number>): Promise<void> {
    return this.#inTurn(async () => {
      this.#workloads = this.#workloads.filter(({ number }) => !numbers.has(number));
      this.#hosts = this.#hosts.filter(({ number }) => !numbers.has(number));
      for (const number of numbers) await this.#options.server.unbind(number);
      await this.#apply();
    });
  }

  async #apply(): Promise<void> {
    if (this.#state === undefined) return;
    const { namespaces, server, wires, filters, instance } = this.#options;
    const next = plan({
      state: this.#state,
      allocation: this.#allocation,
      workloads: this.#workloads,
      hosts: this.#hosts,
    });
    this.#keep();
    const places = [...this.#workloads, ...this.#hosts].map(({ number }) => namespaces.names.workload(number));
    const setWires = await wires.connect(thingsOf(next, instance), new Set(places));
    const wanted = wantedListeners(next, namespaces);
    if (server.isConnected && !server.has(wanted)) {
      // A listener needs its address, and a rule that leads to it comes after it.
      await setWires();
      for (const problem of await server.open(wanted)) this.#options.line(problem);
      await filters.load(next);
    } else {
      await inParallel([setWires, () => filters.load(next)], (work) => work());
    }
    await this.#endFlows(next);
    for (const line of changesBetween(this.#plan, next)) this.#options.line(line);
    this.#plan = next;
    if (server.isConnected) {
      await server.close(wanted);
      for (const workload of this.#workloads) await server.bind(workload);
    }
    this.#keep();
  }

  async #endFlows({ routers }: Plan): Promise<void> {
    await inParallel(routers, async (router) => {
      const switched = router.subnets.filter(
        ({ endpoint, incarnation }) => endpoint !== this.#endpoints.has(incarnation),
      );
      for (const subnet of switched) await this.#options.filters.endFlows(router, subnet);
    });
    const on = routers.flatMap(({ subnets }) => subnets.filter(({ endpoint }) => endpoint));
    this.#endpoints = new Set(on.map(({ incarnation }) => incarnation));
  }

  #keep(): void {
    const { server, ledger } = this.#options;
    const workloads = this.#workloads.map(({ binding: _, ...workload }) => {
      const binding = server.bindingOf(workload.number);
      return binding === undefined ? workload : { ...workload, binding };
    });
    ledger.change({
      allocation: this.#allocation,
      workloads,
      hosts: this.#hosts,
      listeners: server.held,
      endpoints: [...this.#endpoints],
    });
  }
}
