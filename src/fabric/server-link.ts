import { setTimeout as sleep } from 'node:timers/promises';
import { ControlConnection } from './control-connection.ts';
import { FabricFailed, messageOf } from './failed.ts';
import { inParallel } from './in-parallel.ts';
import { nothingKept, type Kept, type KeptWorkload, type Ledger } from './kept.ts';
import {
  bindingPlace,
  closeListeners,
  compareListeners,
  holdingsOf,
  openListeners,
  type HeldListener,
  type Opening,
  type WantedListeners,
} from './server-listeners.ts';
import { formatIpv4 } from '../address/address.ts';

const reconnectMs = 200;

interface LinkOptions {
  /** The path of the control socket as the server has it now. */
  readonly controlSocket: () => Promise<string>;
  readonly anchor: number | undefined;
  readonly ledger: Ledger;
  /** Whether root has a fabric of this server beside a user's, or a user beside root's. */
  readonly hasOther: () => boolean;
}

/**
 * The listeners that the server holds for this fabric, and the identities that it knows at addresses. All of them are
 * gone when its supervisor ends, and are brought back when it runs again.
 */
export class ServerLink {
  readonly #options: LinkOptions;
  #connection: ControlConnection | undefined;
  #held: readonly HeldListener[] = [];
  #bindings = new Map<number, string>();

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  get held(): readonly HeldListener[] {
    return this.#held;
  }

  get isConnected(): boolean {
    return this.#connection?.isOpen === true;
  }

  /**
   * Connects, and takes over what an earlier reconciler opened, also what it had no time to write down. What belongs to
   * nothing that is kept is closed with the next listeners.
   * @throws {FabricFailed} when the server has the listeners of another fabric
   */
  async connect(kept: Kept): Promise<void> {
    const path = await this.#options.controlSocket();
    const connection = await ControlConnection.open(path);
    try {
      await this.#takeOver(kept, connection);
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  async #takeOver({ listeners: opened, workloads }: Kept, connection: ControlConnection): Promise<void> {
    const { listeners, bindings } = await holdingsOf(connection);
    const known = opened.filter(({ id }) => listeners.has(id));
    const strange = [...listeners].filter((id) => !known.some((each) => each.id === id));
    if (strange.length > 0 && this.#options.hasOther()) {
      throw new FabricFailed(
        'The server already has the listeners of another fabric.',
        'One server has one fabric: end the other one with "postern net down" as the user who made it, or restart the server.',
      );
    }
    this.#held = [...known, ...strange.map((id) => ({ id, key: id }))];
    this.#connection = connection;
    await this.#takeIdentities(workloads, bindings);
  }

  /** The identities of workloads that are gone must not be those of the next ones at their addresses. */
  async #takeIdentities(workloads: readonly KeptWorkload[], bindings: ReadonlyMap<string, string>): Promise<void> {
    const found = workloads.flatMap(({ number, incarnation, address }) => {
      const id = bindings.get(bindingPlace(incarnation, formatIpv4(address)));
      return id === undefined ? [] : [[number, id] as const];
    });
    this.#bindings = new Map(found);
    const ours = new Set(this.#bindings.values());
    for (const id of bindings.values()) if (!ours.has(id)) await this.#forget(id);
  }

  /** Resolves when the server is gone. */
  async closed(): Promise<void> {
    await this.#connection?.closed();
    this.#held = [];
    this.#bindings.clear();
  }

  /** Tries until the server runs again. */
  async reconnect(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.connect(nothingKept);
        return;
      } catch {
        await sleep(reconnectMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  /** Whether nothing that is wanted is missing. */
  has(wanted: readonly WantedListeners[]): boolean {
    return compareListeners(wanted, this.#held).missing.length === 0;
  }

  /** Opens what is wanted and missing. @returns sentences about what the server refused */
  async open(wanted: readonly WantedListeners[]): Promise<readonly string[]> {
    const { missing } = compareListeners(wanted, this.#held);
    if (missing.length === 0) return [];
    const openings = await inParallel(missing, (each) => this.#openIn(each));
    this.#held = [...this.#held, ...openings.flatMap(({ held }) => held)];
    this.#options.ledger.change({ listeners: this.#held });
    return openings.flatMap(({ problems }) => problems);
  }

  /** Closes what is held and not wanted. */
  async close(wanted: readonly WantedListeners[]): Promise<void> {
    const { spare } = compareListeners(wanted, this.#held);
    if (spare.length === 0) return;
    await closeListeners(this.#open(), spare);
    this.#held = this.#held.filter((each) => !spare.includes(each));
  }

  /** Tells the server the identity of a workload. */
  async bind({ number, incarnation, address, identityHeader }: KeptWorkload): Promise<void> {
    if (identityHeader === undefined || this.#bindings.has(number)) return;
    const request = { bind: 'identity', incarnation, address: formatIpv4(address), identityHeader };
    const { id } = await this.#open().ask(request);
    if (typeof id === 'string') this.#bindings.set(number, id);
  }

  async unbind(number: number): Promise<void> {
    const id = this.#bindings.get(number);
    this.#bindings.delete(number);
    if (id !== undefined && this.isConnected) await this.#forget(id);
  }

  async #forget(id: string): Promise<void> {
    try {
      await this.#open().ask({ unbind: 'identity', id });
    } catch (error) {
      // It ended with its subnet, or a later one replaced it.
      if (!(error instanceof FabricFailed)) throw error;
    }
  }

  /** Closes all that the server holds for this fabric. */
  async end(): Promise<void> {
    try {
      if (!this.isConnected) return;
      await this.close([]);
      for (const number of this.#bindings.keys()) await this.unbind(number);
    } finally {
      this.leave();
    }
  }

  /** Leaves the server alone, with all that it holds. */
  leave(): void {
    this.#connection?.close();
  }

  /** On a connection of its own: the requests of one are answered one after another. */
  async #openIn(wanted: WantedListeners): Promise<Opening> {
    let connection: ControlConnection | undefined;
    try {
      connection = await ControlConnection.open(this.#open().path);
      const opening = await openListeners(connection, wanted, this.#options.anchor);
      connection.close();
      return opening;
    } catch (error) {
      // A supervisor that does not answer one request would let each of the others wait too.
      if (connection?.isOpen === false) this.leave();
      connection?.close();
      return { held: [], problems: [`${wanted.namespace}: ${messageOf(error)}`] };
    }
  }

  #open(): ControlConnection {
    if (this.#connection?.isOpen === true) return this.#connection;
    throw new FabricFailed('The server is not running.', 'Start it with "postern start".');
  }
}
