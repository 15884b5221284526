import { setTimeout as sleep } from 'node:timers/promises';
import type { FabricServer } from './fabric-server.ts';
import { FabricFailed, messageOf } from './failed.ts';
import { Filters } from './filters.ts';
import { follow, readState } from './follow.ts';
import { groundLeft, hasInternet, hasRemains, makeGround, removeGround, type Ground } from './ground.ts';
import { Ledger, nothingKept, type Kept } from './kept.ts';
import { end, isAlive } from './processes.ts';
import { Reconciler } from './reconciler.ts';
import { NetworkReader } from './network-reader.ts';
import { controlSocketOf, type Place } from './place.ts';
import { isThere, lookForFolderMs, othersEnd, type RunFolder } from './run-folder.ts';
import { ServerLink } from './server-link.ts';
import { openFabricSocket, type FabricRequest } from './socket.ts';
import type { FabricState } from './state.ts';
import { fabricStatus, summaryOf, type RunningStatus } from './status.ts';
import { writeTrust } from './trust.ts';
import { Wires } from './wires.ts';
import { Workloads } from './workloads.ts';

/** How long what failed waits until it is tried again: twice as long each time. */
const [leastWaitMs, mostWaitMs] = [300, 30_000];

/** Tells the user what is done, a line a change. */
export interface Report {
  readonly line: (line: string) => void;
  /** The networks are there. */
  readonly ready: (line: string) => void;
}

export interface FabricOptions {
  readonly place: Place;
  /** The environment of the programs that are run. */
  readonly environment: Readonly<Record<string, string>>;
  readonly readServer: () => Promise<FabricServer>;
  readonly report: Report;
  /** Removes the networks and ends. */
  readonly stop: AbortSignal;
  /** The time, in milliseconds since 1970. */
  readonly now: () => number;
}

interface Built {
  readonly ground: Ground;
  readonly link: ServerLink;
  readonly reconciler: Reconciler;
  readonly workloads: Workloads;
}

/** The networks of one server on this machine. */
export class Fabric {
  readonly #options: FabricOptions;
  readonly #folder: RunFolder;
  readonly #ledger: Ledger;
  /** Whether nothing says what an earlier reconciler made: what is found of it cannot be taken over. */
  readonly #isLost: boolean;
  readonly #stop = new AbortController();
  readonly #removed = Promise.withResolvers<void>();
  readonly #resources = new AsyncDisposableStack();
  #ground: Ground | undefined;
  #link: ServerLink | undefined;
  #reconciler: Reconciler | undefined;
  #server: FabricServer | undefined;

  constructor(
    options: FabricOptions,
    { folder, kept }: { readonly folder: RunFolder; readonly kept: Kept | undefined },
  ) {
    this.#options = options;
    this.#folder = folder;
    this.#isLost = kept === undefined;
    this.#ledger = new Ledger(kept ?? nothingKept, (changed) => folder.writeState(changed));
    if (options.stop.aborted) this.#stop.abort();
    options.stop.addEventListener('abort', () => this.#stop.abort());
  }

  /** Builds everything, and serves requests for places. */
  async up(): Promise<void> {
    const { report, readServer } = this.#options;
    const server = await readServer();
    this.#server = server;
    const networkReader = new NetworkReader(server.networkReader);
    const state = readState(await networkReader.state(undefined, this.#stop.signal));
    const ground = await this.#prepareGround();
    const link = new ServerLink({
      controlSocket: async () => (await readServer()).controlSocket,
      anchor: ground.machine.anchor,
      ledger: this.#ledger,
      hasOther: () => isThere(this.#options.place.otherFolder),
    });
    this.#link = link;
    await link.connect(this.#ledger.kept);
    this.#ledger.change({ controlSocket: server.controlSocket });
    const reconciler = this.#makeReconciler(ground, link);
    writeTrust(this.#folder, server);
    report.line(`building ${state.virtualNetworks.length} networks …`);
    await reconciler.follow(state);
    const workloads = this.#resources.use(
      new Workloads({ reconciler, ground, place: this.#options.place, line: report.line }),
    );
    const socket = await openFabricSocket(controlSocketOf(this.#options.place), (request) =>
      this.#answer(request, { ground, link, reconciler, workloads }),
    );
    this.#resources.defer(() => void socket.close());
    report.ready(summaryOf(this.#status({ reconciler, ground, link })));
  }

  async #prepareGround(): Promise<Ground> {
    const { kept } = this.#ledger;
    const left = this.#isLost ? undefined : groundLeft(this.#options, kept);
    if (left === undefined) await this.#clear(kept);
    const ground = left ?? (await makeGround(this.#options));
    this.#ground = ground;
    this.#ledger.change({ responder: ground.responder });
    return ground;
  }

  /** Removes the remains of a fabric that cannot be taken over: its internet is gone, or its anchor, or what it kept. */
  async #clear({ workloads, hosts }: Kept): Promise<void> {
    if (this.#isLost) {
      if (!hasRemains(this.#options)) return;
      this.#options.report.line(
        'What an earlier "postern net up" built is removed: it left no state to take it over by.',
      );
      if (this.#folder.isNew) await othersEnd();
      await removeGround(this.#options, groundLeft(this.#options, undefined));
      return;
    }
    if (this.#options.place.isRoot && hasInternet(this.#options)) return;
    await end([...workloads, ...hosts].map(({ holder }) => holder).filter(isAlive));
    await removeGround(this.#options, undefined);
    this.#ledger.change({ workloads: [], hosts: [] });
  }

  #makeReconciler({ machine, namespaces }: Ground, server: ServerLink): Reconciler {
    const ledger = this.#ledger;
    const wires = new Wires(machine, namespaces);
    const { instance } = this.#options.place;
    this.#reconciler = new Reconciler({
      instance,
      filters: new Filters(machine, namespaces.names),
      namespaces,
      wires,
      server,
      ledger,
      line: this.#options.report.line,
    });
    return this.#reconciler;
  }

  /** Follows the resource manager, and the server's supervisor. */
  async untilStopped(): Promise<void> {
    const [reconciler, link, server] = [this.#reconciler, this.#link, this.#server];
    const version = reconciler?.state?.version;
    if (reconciler === undefined || link === undefined || server === undefined || version === undefined) return;
    const { readServer, report } = this.#options;
    const following = follow({
      version,
      server,
      readServer,
      stop: this.#stop.signal,
      line: report.line,
      changed: (state, from) => this.#follow(reconciler, { state, from }),
    });
    await Promise.all([
      following,
      this.#keepListeners(link, reconciler),
      this.#catchUp(reconciler),
      this.#watchFolder(),
    ]);
    if (!this.#folder.isHeld) await this.#giveUp();
  }

  /** Without its folder no request reaches this process, and another one may begin. */
  async #watchFolder(): Promise<void> {
    const stop = this.#stop.signal;
    while (!stop.aborted) {
      await sleep(lookForFolderMs, undefined, { signal: stop }).catch(() => undefined);
      if (!this.#folder.isHeld) this.#stop.abort();
    }
  }

  /** Ends without removing anything, as if it had been killed: the networks may be another one's by now. */
  async #giveUp(): Promise<never> {
    await this.#resources.disposeAsync();
    await this.#reconciler?.settled();
    this.#link?.leave();
    throw new FabricFailed(
      `The folder of the fabric was removed (${this.#folder.place.folder}).`,
      'Build the networks again with "postern net up", or remove what is left of them with "postern net down".',
    );
  }

  async #follow(
    reconciler: Reconciler,
    { state, from }: { readonly state: FabricState; readonly from: FabricServer },
  ): Promise<void> {
    try {
      writeTrust(this.#folder, from);
      if (state.version !== reconciler.state?.version) await reconciler.follow(state);
    } catch (error) {
      this.#options.report.line(`problem: ${messageOf(error)}. It is tried again.`);
    }
  }

  /** Tries again what could not be changed: a machine may be too busy or full for a while. */
  async #catchUp(reconciler: Reconciler): Promise<void> {
    const { line } = this.#options.report;
    const stop = this.#stop.signal;
    let [waitMs, told] = [leastWaitMs, ''];
    while (!stop.aborted) {
      await sleep(waitMs, undefined, { signal: stop }).catch(() => undefined);
      try {
        if (await reconciler.catchUp()) line('what could not be done before is done');
      } catch (error) {
        const message = messageOf(error);
        if (message !== told) line(`problem: ${message}. It is tried again.`);
        told = message;
      }
      waitMs = reconciler.isBehind ? Math.min(waitMs * 2, mostWaitMs) : leastWaitMs;
    }
  }

  /** Opens the listeners again whenever the server was started again. */
  async #keepListeners(link: ServerLink, reconciler: Reconciler): Promise<void> {
    const { report } = this.#options;
    const stop = this.#stop.signal;
    const stopped = new Promise<void>((resolve) => {
      if (stop.aborted) resolve();
      stop.addEventListener('abort', () => resolve());
    });
    while (!stop.aborted) {
      await Promise.race([link.closed(), stopped]);
      if (stop.aborted) return;
      report.line('the server ended, and its listeners with it: they come back when it runs again');
      await link.reconnect(stop);
      if (stop.aborted) return;
      try {
        await reconciler.restore();
        report.line(`the server runs again: it has ${link.held.length} listeners`);
      } catch (error) {
        report.line(`problem: ${messageOf(error)}`);
      }
    }
  }

  async #answer(request: FabricRequest, built: Built): Promise<object> {
    if (request.kind === 'status') return { ok: true, ...this.#status(built) };
    if (request.kind !== 'stop') return this.#join(request, built);
    this.#stop.abort();
    await this.#removed.promise;
    return { ok: true };
  }

  #join(request: Parameters<Workloads['join']>[0], { workloads }: Built): Promise<object> {
    // A connection that is open lives on while everything is removed, and what is made then would stay.
    if (this.#stop.signal.aborted) throw new FabricFailed('The networks are being removed.');
    return workloads.join(request);
  }

  #status({ reconciler, ground, link }: Omit<Built, 'workloads'>): RunningStatus {
    const { place } = this.#options;
    return fabricStatus({ place, reconciler, namespaces: ground.namespaces, hasServer: link.isConnected });
  }

  /** Removes everything. What cannot be removed is reported, and the rest is removed. */
  async remove(): Promise<void> {
    this.#options.report.line('removing the networks …');
    await this.#resources.disposeAsync();
    await this.#reconciler?.settled();
    await this.#link?.end().catch((error: unknown) => this.#options.report.line(`problem: ${messageOf(error)}`));
    await removeGround(this.#options, this.#ground);
    this.#folder.remove();
    this.#removed.resolve();
  }
}
