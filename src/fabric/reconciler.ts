import { allocate, type Allocation } from './allocation.ts';
import { changesBetween } from './changes.ts';
import { messageOf } from './failed.ts';
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
  now: Pick<Reconciler, 'workloads' | 'hosts' | 'takenNumbers' | 'state' | 'plan'>,
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
  /** The incarnations of the subnets that may have connections. */
  #used: ReadonlySet<string>;
  /** The numbers of places that are to be gone, and may still be there. */
  #leaving: readonly number[] = [];
  readonly #asked: Asked[] = [];
  /** The numbers of the places that were made. */
  #made: ReadonlySet<number>;
  /** Whether the machine is not what the plan says, because something could not be changed. */
  #isBehind = false;
  #problems: readonly string[] = [];
  /** Why the last pass did not come to its end. */
  #failure: string | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: ReconcilerOptions) {
    const { allocation, workloads, hosts, endpoints } = options.ledger.kept;
    this.#options = options;
    this.#allocation = allocation;
    this.#workloads = workloads;
    this.#hosts = hosts;
    this.#endpoints = new Set(endpoints);
    this.#used = new Set(Object.keys(allocation.subnets));
    this.#made = numbersOf([...workloads, ...hosts]);
  }

  get state(): FabricState | undefined {
    return this.#state;
  }

  get isBehind(): boolean {
    return this.#isBehind;
  }

  /** Sentences about what is wanted and not in force yet: it is tried again. */
  get missing(): readonly string[] {
    return [...(this.#failure === undefined ? [] : [this.#failure]), ...this.#problems];
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

  /** The numbers that no new place may have. */
  get takenNumbers(): ReadonlySet<number> {
    return new Set([...numbersOf([...this.#workloads, ...this.#hosts]), ...this.#leaving]);
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
   * Does what could not be done before, for example because the machine was too busy.
   * @returns whether there was something to do, and all of it is done now
   */
  catchUp(): Promise<boolean> {
    return this.#inTurn(async () => {
      if (!this.#isBehind) return false;
      await this.#apply();
      return !this.#isBehind;
    });
  }

  /**
   * Makes a place, and changes nothing when that fails. Places that are asked for meanwhile are made together.
   * @param choose decides on the place, by the networks and workloads as they are
   */
  async add(choose: Choose): Promise<void> {
    const made = Promise.withResolvers<void>();
    this.#asked.push({ choose, made });
    // An earlier turn may refuse it: Node ends the process for a rejection that nothing waits for by then.
    await Promise.all([made.promise, this.#inTurn(() => this.#addAll(this.#asked.splice(0)))]);
  }

  /** Answers each of them, and never fails itself: what it cannot undo is behind, and done later. */
  async #addAll(asked: readonly Asked[]): Promise<void> {
    const [workloads, hosts] = [this.#workloads, this.#hosts];
    const chosen = asked.filter((each) => this.#choose(each));
    if (chosen.length === 0) return;
    try {
      await this.#apply();
      for (const { made } of chosen) made.resolve();
    } catch (error) {
      const taken = this.takenNumbers;
      [this.#workloads, this.#hosts] = [workloads, hosts];
      this.#leaving = [...taken].filter((number) => !this.#made.has(number));
      await this.#apply().catch((reason: unknown) => this.#options.line(`problem: ${messageOf(reason)}`));
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
      this.#leaving = [...this.#leaving, ...numbers];
      for (const number of numbers) await this.#options.server.unbind(number);
      await this.#apply();
    });
  }

  async #apply(): Promise<void> {
    if (this.#state === undefined) return;
    this.#isBehind = true;
    try {
      await this.#applyTo(this.#state);
      this.#failure = undefined;
    } catch (error) {
      this.#failure = messageOf(error);
      throw error;
    }
  }

  async #applyTo(state: FabricState): Promise<void> {
    const { namespaces, server, wires, filters, instance } = this.#options;
    const next = plan({
      state,
      allocation: this.#allocation,
      workloads: this.#workloads,
      hosts: this.#hosts,
    });
    this.#keep();
    const places = [...this.#workloads, ...this.#hosts].map(({ number }) => namespaces.names.workload(number));
    const leaving = this.#leaving;
    const setWires = await wires.connect(thingsOf(next, instance), new Set(places));
    const wanted = wantedListeners(next, namespaces);
    let refused: readonly string[] = [];
    if (server.isConnected && !server.has(wanted)) {
      // A listener needs its address, and a rule that leads to it comes after it.
      await setWires();
      refused = await server.open(wanted);
      await filters.load(next);
    } else {
      await inParallel([setWires, () => filters.load(next)], (work) => work());
    }
    this.#leaving = this.#leaving.filter((number) => !leaving.includes(number));
    await this.#endFlows(next);
    for (const line of changesBetween(this.#plan, next)) this.#options.line(line);
    this.#plan = next;
    if (server.isConnected) await server.close(wanted);
    const unbound = server.isConnected ? await this.#bind(next) : [];
    this.#made = numbersOf([...this.#workloads, ...this.#hosts]);
    this.#keep();
    this.#tell([...refused, ...unbound]);
  }

  /**
   * Tells the server the identities of the workloads that are in a subnet.
   * @returns sentences about those that it had accepted before, and refuses now
   * @throws {FabricFailed} when it refuses that of a new place
   */
  async #bind({ routers }: Plan): Promise<readonly string[]> {
    const placed = numbersOf(routers.flatMap(({ workloads }) => workloads));
    const problems: string[] = [];
    for (const workload of this.#workloads.filter(({ number }) => placed.has(number))) {
      try {
        await this.#options.server.bind(workload);
      } catch (error) {
        if (!this.#made.has(workload.number)) throw error;
        problems.push(`process ${workload.holder.pid} in ${workload.name} has no identity: ${messageOf(error)}`);
      }
    }
    return problems;
  }

  /** With problems it is tried again, and each is told once. */
  #tell(problems: readonly string[]): void {
    for (const each of problems) if (!this.#problems.includes(each)) this.#options.line(`problem: ${each}`);
    this.#problems = problems;
    this.#isBehind = problems.length > 0;
  }

  async #endFlows({ routers }: Plan): Promise<void> {
    await inParallel(routers, async (router) => {
      const switched = router.subnets.filter(
        ({ endpoint, incarnation }) => this.#used.has(incarnation) && endpoint !== this.#endpoints.has(incarnation),
      );
      for (const subnet of switched) await this.#options.filters.endFlows(router, subnet);
    });
    const subnets = routers.flatMap((router) => router.subnets);
    this.#endpoints = new Set(subnets.filter(({ endpoint }) => endpoint).map(({ incarnation }) => incarnation));
    this.#used = new Set(subnets.map(({ incarnation }) => incarnation));
  }

  #keep(): void {
    const { server, ledger } = this.#options;
    ledger.change({
      allocation: this.#allocation,
      workloads: this.#workloads,
      hosts: this.#hosts,
      listeners: server.held,
      endpoints: [...this.#endpoints],
    });
  }
}

function numbersOf(places: readonly { readonly number: number }[]): ReadonlySet<number> {
  return new Set(places.map(({ number }) => number));
}
