import { setTimeout as sleep } from 'node:timers/promises';
import type { FabricServer } from './fabric-server.ts';
import { messageOf } from './failed.ts';
import { Filters } from './filters.ts';
import { follow, readState } from './follow.ts';
import { groundLeft, hasInternet, makeGround, removeGround, type Ground } from './ground.ts';
import { Ledger, nothingKept, readKept, type Kept } from './kept.ts';
import { requirePrograms } from './machine.ts';
import { end, isAlive } from './processes.ts';
import { Reconciler } from './reconciler.ts';
import { NetworkReader } from './network-reader.ts';
import { controlSocketOf, type Place } from './place.ts';
import { RunFolder } from './run-folder.ts';
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

/**
 * Builds the networks, follows the resource manager until it is told to stop, and removes them. What an earlier run left
 * when it was killed is taken over, with its workloads.
 * @throws {FabricFailed} when they cannot be built; nothing is left then but what was there before
 */
export async function runFabric(options: FabricOptions): Promise<void> {
  requirePrograms(options.environment);
  using folder = RunFolder.open(options.place);
  const kept = readKept(folder.readState());
  const report = logged(options, folder);
  const fabric = new Fabric({ ...options, report }, folder, kept ?? nothingKept);
  try {
    await fabric.up();
  } catch (error) {
    if (kept?.responder === undefined || options.stop.aborted) await fabric.remove();
    else report.line('What an earlier "postern net up" built stays: "postern net down" removes it.');
    if (options.stop.aborted) return;
    throw error;
  }
  await fabric.untilStopped();
  await fabric.remove();
}

/** Reports to the log of the fabric too: in the background nothing else keeps what was done. */
function logged({ report, now }: FabricOptions, folder: RunFolder): Report {
  const log = (line: string): void => folder.log(`${new Date(now()).toISOString()} ${line}`);
  return {
    line: (line) => {
      log(line);
      report.line(line);
    },
    ready: (line) => {
      log(line);
      report.ready(line);
    },
  };
}

interface Built {
  readonly ground: Ground;
  readonly link: ServerLink;
  readonly reconciler: Reconciler;
  readonly workloads: Workloads;
}

class Fabric {
  readonly #options: FabricOptions;
  readonly #folder: RunFolder;
  readonly #ledger: Ledger;
  readonly #stop = new AbortController();
  readonly #removed = Promise.withResolvers<void>();
  readonly #resources = new AsyncDisposableStack();
  #ground: Ground | undefined;
  #link: ServerLink | undefined;
  #reconciler: Reconciler | undefined;
  #server: FabricServer | undefined;

  constructor(options: FabricOptions, folder: RunFolder, kept: Kept) {
    this.#options = options;
    this.#folder = folder;
    this.#ledger = new Ledger(kept, (changed) => folder.writeState(changed));
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
    const left = groundLeft(this.#options, kept);
    if (left === undefined) await this.#clear(kept);
    const ground = left ?? (await makeGround(this.#options));
    this.#ground = ground;
    this.#ledger.change({ responder: ground.responder });
    return ground;
  }

  /** Removes the remains of a fabric that cannot be taken over: its internet is gone, or its anchor. */
  async #clear({ workloads, hosts }: Kept): Promise<void> {
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
    await Promise.all([following, this.#keepListeners(link, reconciler), this.#catchUp(reconciler)]);
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
    if (request.kind !== 'stop') return built.workloads.join(request);
    this.#stop.abort();
    await this.#removed.promise;
    return { ok: true };
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
