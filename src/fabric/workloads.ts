import { formatIpv4 } from '../address/address.ts';
import { FabricFailed } from './failed.ts';
import type { Ground } from './ground.ts';
import type { KeptHost, KeptWorkload, Ledger } from './kept.ts';
import { workloadUid } from './naming.ts';
import { addressIn, addressOfHost, findSubnet, nameOf } from './places.ts';
import { isAlive, markOf, type ProcessMark } from './processes.ts';
import type { Choose, Reconciler } from './reconciler.ts';
import type { Place } from './place.ts';
import type { FabricRequest } from './socket.ts';
import type { FabricState } from './state.ts';

/** How soon the place of a process that ended is free. */
const lookEveryMs = 200;

/** A place takes longer than this to make, also when many are made at once. */
const placeTakesMs = 5;

interface WorkloadsOptions {
  readonly reconciler: Reconciler;
  readonly ground: Ground;
  readonly place: Place;
  readonly ledger: Ledger;
  readonly line: (line: string) => void;
  /** The time, in milliseconds since 1970. */
  readonly now: () => number;
}

/** The places of processes: each has one until it ends. */
export class Workloads implements Disposable {
  readonly #options: WorkloadsOptions;
  #timer: NodeJS.Timeout;
  #isOver = false;

  constructor(options: WorkloadsOptions) {
    this.#options = options;
    this.#timer = setTimeout(() => void this.#look(), lookEveryMs);
  }

  /** Makes a place for the process that asks. */
  async join(request: Extract<FabricRequest, { readonly pid: number }>): Promise<object> {
    const { reconciler, ground, place, line } = this.#options;
    const { anchor } = ground.machine;
    // The last one to have it may have ended just now.
    if (request.address !== undefined) await this.#leave();
    const holder = markOf(request.pid);
    if (holder === undefined) throw new FabricFailed(`There is no process ${request.pid}.`);
    // A uid that cannot be kept is not given.
    const uid = place.isRoot ? this.#giveUid() : undefined;
    let joined: { readonly number: number; readonly address: number; readonly name: string } | undefined;
    await reconciler.add((now) => {
      const made = request.kind === 'joinSubnet' ? inSubnet(request, holder, now) : onInternet(request, holder, now);
      joined = 'workload' in made ? made.workload : { ...made.host, name: 'internet' };
      return made;
    });
    if (joined === undefined) throw new FabricFailed('There is no place.');
    const { number, name } = joined;
    const address = formatIpv4(joined.address);
    line(`process ${request.pid} joined ${name} as ${address}`);
    return {
      ok: true,
      namespace: ground.namespaces.names.workload(number),
      address,
      place: name,
      ...(uid !== undefined && { uid }),
      ...(anchor !== undefined && { anchor }),
      runFolder: place.folder,
    };
  }

  /** A fabric that is built again begins with the time, at which an earlier one has not arrived. */
  #giveUid(): number {
    const { ledger, place, now } = this.#options;
    const { nextUser = Math.floor(now() / placeTakesMs) } = ledger.kept;
    ledger.change({ nextUser: nextUser + 1 });
    return workloadUid(place.instance, nextUser);
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    await this.#leave();
    if (!this.#isOver) this.#timer = setTimeout(() => void this.#look(), lookEveryMs);
  }

  async #leave(): Promise<void> {
    const { reconciler, line } = this.#options;
    try {
      const ended = [...reconciler.workloads, ...reconciler.hosts].filter(({ holder }) => !isAlive(holder));
      if (ended.length === 0) return;
      await reconciler.remove(new Set(ended.map(({ number }) => number)));
      for (const { holder, address } of ended) line(`process ${holder.pid} left ${formatIpv4(address)}`);
    } catch (error) {
      line(`problem: the place of a process that ended: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

type Now = Parameters<Choose>[0];

function inSubnet(
  { subnet, address, identityHeader }: Extract<FabricRequest, { readonly kind: 'joinSubnet' }>,
  holder: ProcessMark,
  now: Now,
): { readonly workload: KeptWorkload } {
  const place = findSubnet(stateOf(now), subnet);
  if (now.plan?.routers.some(({ resourceGuid }) => resourceGuid === place.network.resourceGuid) !== true) {
    throw new FabricFailed(`The network of ${nameOf(place)} is not built.`, now.plan?.problems.join(' '));
  }
  const subnets = new Set(place.network.subnets.map(({ incarnation }) => incarnation));
  const neighbours = now.workloads.filter(({ incarnation }) => subnets.has(incarnation));
  const taken = new Set(neighbours.map((each) => each.address));
  return {
    workload: {
      number: freeNumber(now),
      address: addressIn(place, address, taken),
      holder,
      incarnation: place.subnet.incarnation,
      name: nameOf(place),
      ...(identityHeader !== undefined && { identityHeader }),
    },
  };
}

function onInternet(
  { address }: Extract<FabricRequest, { readonly kind: 'joinInternet' }>,
  holder: ProcessMark,
  now: Now,
): { readonly host: KeptHost } {
  const taken = new Set(now.hosts.map((each) => each.address));
  const chosen = addressOfHost(address, stateOf(now).publicAddressPool, taken);
  return { host: { number: freeNumber(now), address: chosen, holder } };
}

function stateOf({ state }: Now): FabricState {
  if (state === undefined) throw new FabricFailed('The networks are not known yet.', 'Try again in a moment.');
  return state;
}

function freeNumber({ takenNumbers: taken }: Now): number {
  let number = 1;
  while (taken.has(number)) number += 1;
  return number;
}
