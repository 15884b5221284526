import { setTimeout as sleep } from 'node:timers/promises';
import { catchUp, keepListeners } from './again.ts';
import type { FabricServer } from './fabric-server.ts';
import { FabricFailed, messageOf } from './failed.ts';
import { Filters } from './filters.ts';
import { follow, readState } from './follow.ts';
import {
  endLeftPrograms,
  groundLeft,
  hasInternet,
  hasRemains,
  makeGround,
  removeGround,
  startResponder,
} from './ground.ts';
import type { Ground } from './ground.ts';
import { Ledger, livingPlaces, nothingKept, type Kept } from './kept.ts';
import { end, isAlive } from './processes.ts';
import { Reconciler } from './reconciler.ts';
import { ResponderWatch } from './responder-watch.ts';
import { NetworkReader } from './network-reader.ts';
import { controlSocketOf, type Place } from './place.ts';
import { isThere, lookForFolderMs, othersEnd, serverGone, untilGone, type RunFolder } from './run-folder.ts';
import { ServerLink } from './server-link.ts';
import { openFabricSocket, type FabricRequest } from './socket.ts';
import type { FabricState } from './state.ts';
import { fabricStatus, summaryOf, type RunningStatus } from './status.ts';
import { writeTrust } from './trust.ts';
import { Wires } from './wires.ts';
import { Workloads } from './workloads.ts';

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
  #responder: ResponderWatch | undefined;
  /** Why the fabric ends by itself. */
  #ended: FabricFailed | undefined;

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
    this.#ledger.change(livingPlaces(this.#ledger.kept, isAlive));
    const networkReader = new NetworkReader(server.networkReader);
    const state = readState(await networkReader.state(undefined, this.#stop.signal));
    const ground = await this.#prepareGround();
    this.#responder = this.#watchResponder(ground);
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
      new Workloads({ ...this.#options, reconciler, ground, ledger: this.#ledger, line: report.line }),
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
    else await endLeftPrograms(this.#options, left);
    const ground = left ?? (await makeGround(this.#options));
    this.#follows(ground);
    return ground;
  }

  #follows(ground: Ground): void {
    this.#ground = ground;
    this.#ledger.change({ responder: ground.responder });
  }

  #watchResponder(ground: Ground): ResponderWatch {
    const { place, report, now } = this.#options;
    return new ResponderWatch({
      responder: ground.responder,
      start: place.isRoot ? () => startResponder(this.#options) : undefined,
      started: (responder) => this.#follows({ ...ground, responder }),
      line: report.line,
      now,
    });
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

  /**
   * Follows the resource manager, and the server's supervisor.
   * @returns why the fabric ends by itself, if it does
   */
  async untilStopped(): Promise<FabricFailed | undefined> {
    const [reconciler, link, server] = [this.#reconciler, this.#link, this.#server];
    const version = reconciler?.state?.version;
    if (reconciler === undefined || link === undefined || server === undefined || version === undefined)
      return undefined;
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
      keepListeners({ link, reconciler, stop: this.#stop.signal, line: report.line }),
      catchUp({ reconciler, stop: this.#stop.signal, line: report.line }),
      this.#watch(),
    ]);
    if (this.#ended === undefined && !this.#folder.isHeld) await this.#giveUp();
    return this.#ended;
  }

  /** Looks whether what the fabric cannot do without is still there, and ends it otherwise. */
  async #watch(): Promise<void> {
    const stop = this.#stop.signal;
    while (!stop.aborted) {
      await sleep(lookForFolderMs, undefined, { signal: stop }).catch(() => undefined);
      if (stop.aborted) return;
      // A user's fabric has its folder in the server's, which is removed file by file.
      if (!this.#folder.isHeld) await untilGone(this.#options.place.dataFolder);
      if (!isThere(this.#options.place.dataFolder)) this.#ended = serverGone(this.#options.place);
      else if (this.#responder !== undefined && !(await this.#responder.look())) this.#ended = await this.#anchorGone();
      // Without its folder no request reaches this process, and another one may begin.
      if (this.#ended !== undefined || !this.#folder.isHeld) this.#stop.abort();
    }
  }

  /** An ordinary user's namespaces have their names in the responder's own. */
  async #anchorGone(): Promise<FabricFailed> {
    const { workloads, hosts } = this.#ledger.kept;
    await end([...workloads, ...hosts].map(({ holder }) => holder).filter(isAlive));
    return new FabricFailed(
      'The responder of names ended, and with it the networks of an ordinary user: what is left of them is removed.',
      'Build them again with "postern net up".',
    );
  }

  /** The networks may be another process's by now. */
  async #giveUp(): Promise<never> {
    await this.leave();
    throw new FabricFailed(
      `The folder of the fabric was removed (${this.#folder.place.folder}).`,
      'Build the networks again with "postern net up", or remove what is left of them with "postern net down".',
    );
  }

  /** Lets go of everything and removes nothing, as if it had been killed. */
  async leave(): Promise<void> {
    await this.#resources.disposeAsync();
    await this.#reconciler?.settled();
    this.#link?.leave();
  }

  async #follow(
    reconciler: Reconciler,
    { state, from }: { readonly state: FabricState; readonly from: FabricServer },
  ): Promise<void> {
    const { line } = this.#options.report;
    const tried = (error: unknown): void => line(`problem: ${messageOf(error)}. It is tried again.`);
    if (state.version !== reconciler.state?.version) await reconciler.follow(state).catch(tried);
    try {
      writeTrust(this.#folder, from);
    } catch (error) {
      tried(error);
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
    const problems = [this.#responder?.problem].filter((problem) => problem !== undefined);
    return fabricStatus({ place, reconciler, namespaces: ground.namespaces, hasServer: link.isConnected, problems });
  }

  /** Removes everything. What cannot be removed is reported, and the rest is removed. */
  async remove(): Promise<void> {
    this.#options.report.line('removing the networks …');
    this.#folder.announceEnd();
    await this.#resources.disposeAsync();
    await this.#reconciler?.settled();
    await this.#link?.end().catch((error: unknown) => this.#options.report.line(`problem: ${messageOf(error)}`));
    await removeGround(this.#options, this.#ground);
    this.#folder.remove();
    this.#removed.resolve();
  }
}
