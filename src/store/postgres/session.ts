import { randomUUID } from 'node:crypto';
import type { DatabaseState, NodeIdentity } from '../node-store.ts';
import { Unavailable } from '../store.ts';
import { ServerSaid } from './connection.ts';
import { inspect, refuseServer } from './inspect.ts';
import type { Link } from './link.ts';
import { isSame, proveRead, proveServer, quietMs } from './proof.ts';
import type { Clock, Heartbeat, Known, Moment, Proof } from './proof.ts';
import { isRefusedForLoss, Progress } from './progress.ts';
import type { Reached } from './progress.ts';
import { ends, pulseSql, readPulse } from './pulse.ts';
import type { Pulse, PulseKind } from './pulse.ts';
import type { Stamp } from './stamp.ts';
import { Trouble } from './trouble.ts';

export interface SessionParts {
  readonly link: Link;
  readonly schema: string;
  readonly node: NodeIdentity;
  readonly clock: Clock;
  /** The most milliseconds from a heartbeat's start to an answer that relies on it. */
  readonly freshMs: number;
  /** How long a call waits for a database that does not answer. */
  readonly patienceMs: number;
  readonly heartbeatEveryMs: number;
  /** Called for each new connection and timeline, before anything is answered. */
  readonly judge: () => Promise<void>;
  /** Called when heartbeats come from another server than before: connections to that one are of no use. */
  readonly moved: () => void;
  /** Told when the database cannot be asked, and when it can again. */
  readonly notice: (message: string) => void;
}

/**
 * This node's place at the database. It commits a heartbeat, and knows by that whether the server is the primary; each
 * answer is proved by it. A call waits while that is not known, up to its patience, counted from when it was lost.
 */
export class Session {
  readonly id = randomUUID();
  readonly #parts: SessionParts;
  #kind: PulseKind = 'joins';
  #details: object;
  #highest = 0;
  #sent = 0;
  #accepted: Stamp | undefined;
  #accepting: Stamp | undefined;
  #heartbeat: Heartbeat | undefined;
  readonly #progress = new Progress();
  #storeId: string | undefined;
  #systemId: string | undefined;
  #inspected = 0;
  readonly #trouble: Trouble;
  #ended: string | undefined;
  #closed = false;
  #beating: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#details = parts.node.details;
    this.#trouble = new Trouble(parts.notice);
  }

  /**
   * Begins to commit heartbeats, and resolves when the database was accepted.
   * @throws what has kept it from that
   */
  async start(patienceMs: number): Promise<void> {
    try {
      await this.beat();
      await this.#until(() => this.#proveAccepted(), patienceMs);
    } catch (error) {
      throw this.#trouble.cause ?? error;
    }
  }

  /** Commits what other nodes are told about this one, in its next heartbeat. */
  async describe(details: object): Promise<void> {
    this.#details = details;
    await this.#committed();
  }

  /** Removes the node's row. Until the close everything is answered as before. */
  async leave(): Promise<void> {
    this.#kind = 'leaves';
    await this.#committed();
  }

  /** Takes the database as it is, where it has lost what it had acknowledged to this process. */
  async accept(): Promise<void> {
    this.#progress.acceptsLoss = true;
    try {
      await this.#committed();
    } finally {
      this.#progress.acceptsLoss = false;
    }
  }

  state(): DatabaseState {
    const proof = this.#ended === undefined ? this.#proofOf(this.#accepted) : undefined;
    const { monotonicMs } = this.#parts.clock();
    const isProved = proof?.verdict === 'proved';
    return {
      reachable: isProved,
      why: isProved ? undefined : (this.#ended ?? this.#trouble.why ?? proof?.reason),
      isRefusedForLoss: !isProved && isRefusedForLoss(this.#trouble.cause),
      timeline: this.#heartbeat?.stamp.timeline?.toString(),
      heartbeatAgeMs: this.#heartbeat && monotonicMs - this.#heartbeat.begun.monotonicMs,
    };
  }

  /**
   * Resolves when the database may be asked.
   * @throws {Unavailable} when it could not be for as long as a call is patient
   */
  async ready(judging: boolean): Promise<void> {
    if (judging || (this.#accepted !== undefined && this.#trouble.why === undefined && this.#ended === undefined))
      return;
    await this.#until(() => this.#proveAccepted());
  }

  /**
   * Resolves when an answer with this stamp counts, and for a read is as fresh as the heartbeat. False: it never will, so
   * ask again.
   * @throws {Unavailable} when that was not known for as long as a call is patient
   */
  async counts(stamp: Stamp, { kind, judging }: { kind: 'read' | 'commit'; judging: boolean }): Promise<boolean> {
    this.#highest = Math.max(this.#highest, stamp.timeline ?? 0);
    const check = (): Proof => {
      const known = judging ? { ...this.#known(), accepted: this.#heartbeat?.stamp } : this.#known();
      if (kind === 'commit') return proveServer(stamp, known);
      return proveRead(stamp, { known, now: this.#parts.clock(), mostMs: this.#parts.freshMs });
    };
    const isBehind = () => this.#accepted !== undefined && !isSame(this.#accepted, stamp);
    const proof = check();
    if (proof.verdict !== 'wait') return proof.verdict === 'proved';
    return this.#until(() => (isBehind() ? { verdict: 'refused', reason: 'another server was accepted' } : check()));
  }

  /** Call it before the batch with this number is sent: the database can know no later one of this process. */
  sends(number: number): void {
    this.#sent = number;
  }

  /** An acknowledged commit proves as much as a heartbeat. */
  acknowledged(stamp: Stamp, { begun, reached }: { readonly begun: Moment; readonly reached: Reached }): void {
    this.#progress.acknowledged(reached);
    if (this.#heartbeat === undefined || !isSame(this.#heartbeat.stamp, stamp)) return;
    if (begun.monotonicMs > this.#heartbeat.begun.monotonicMs) this.#heartbeat = { stamp, begun };
  }

  /** One heartbeat; calls that come while one is under way share it. */
  beat(): Promise<void> {
    this.#beating ??= this.#beat().finally(() => {
      this.#beating = undefined;
      this.#trouble.turn();
      clearTimeout(this.#timer);
      if (!this.#closed) this.#timer = setTimeout(() => void this.beat(), this.#parts.heartbeatEveryMs).unref();
    });
    return this.#beating;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#trouble.turn();
  }

  /** A heartbeat that is begun after this call. */
  async #committed(): Promise<void> {
    await this.#beating;
    await this.beat();
    await this.ready(false);
  }

  async #beat(): Promise<void> {
    const { link, clock, freshMs, schema, node } = this.#parts;
    try {
      if (!link.isConnected || this.#inspected !== link.connections) await this.#inspect();
      const [begun, reached] = [clock(), this.#progress.reached];
      const values = [node.id, this.id, node.name, JSON.stringify(this.#details), this.#kind];
      const { rows, warnings } = await link.commit(pulseSql(schema), values, Math.max(freshMs, 3_000));
      if (warnings.includes('01000')) throw new Unavailable('the database ended a wait for its standby');
      this.#heard(readPulse(rows[0]), { begun, reached });
    } catch (error) {
      // A server that answers and cannot commit may be a former primary, whose commits wait for a standby that is gone.
      if (error instanceof ServerSaid) link.drop();
      this.#fail(error instanceof Error ? error.message : String(error), error);
    }
  }

  /** A new connection may lead to another server: what was accepted is found out again. */
  async #inspect(): Promise<void> {
    const { link, schema } = this.#parts;
    this.#accepted = undefined;
    this.#accepting = undefined;
    const found = await inspect(link, schema.slice(1, -1));
    this.#systemId ??= found.systemId;
    const isElsewhere = found.systemId !== this.#systemId;
    const other = 'the connection leads to another cluster of databases than before: restart the server';
    const refusal = refuseServer(found, schema.slice(1, -1)) ?? (isElsewhere ? new Unavailable(other) : undefined);
    if (refusal !== undefined) {
      link.drop();
      throw refusal;
    }
    this.#inspected = link.connections;
  }

  #heard(pulse: Pulse, { begun, reached }: { readonly begun: Moment; readonly reached: Reached }): void {
    const { stamp, verdict } = pulse;
    const timeline = stamp.timeline ?? 0;
    const isNewTimeline = timeline > (this.#heartbeat?.stamp.timeline ?? 0);
    if (timeline < this.#highest) {
      this.#parts.link.drop();
      throw new Unavailable(
        `the server is on timeline ${timeline}, and ${this.#highest} was seen: it is a former primary`,
      );
    }
    this.#storeId ??= pulse.storeId;
    if (pulse.storeId !== this.#storeId) throw new Unavailable('the database holds another store than before');
    if (verdict === 'unknown' && isNewTimeline && this.#kind === 'stays') {
      this.#kind = 'joins';
      throw new Unavailable('the database has lost this node, which joins again');
    }
    if (verdict !== 'alive') this.#ended ??= ends[verdict === 'unknown' ? 'removed' : verdict];
    if (pulse.number > this.#sent) this.#ended ??= ends.copied;
    if (this.#ended !== undefined) throw new Unavailable(this.#ended);
    this.#progress.heard(pulse, reached);
    if (this.#kind === 'joins') this.#kind = 'stays';
    const isElsewhere = this.#heartbeat !== undefined && !isSame(this.#heartbeat.stamp, stamp);
    const wasElsewhere = this.#heartbeat !== undefined && isNewTimeline;
    this.#highest = timeline;
    this.#heartbeat = { stamp, begun };
    if (this.#accepted !== undefined && isSame(this.#accepted, stamp)) this.#trouble.end();
    else {
      const quiet = quietMs({ ageMs: pulse.ageMs, mostMs: this.#parts.freshMs, wasElsewhere });
      void this.#accept(stamp, { quiet, isElsewhere });
    }
  }

  async #accept(stamp: Stamp, { quiet, isElsewhere }: { quiet: number; isElsewhere: boolean }): Promise<void> {
    if (this.#accepting !== undefined && isSame(this.#accepting, stamp)) return;
    this.#accepted = undefined;
    this.#accepting = stamp;
    if (isElsewhere) this.#parts.moved();
    this.#trouble.renew(this.#parts.clock());
    const isCurrent = () => this.#accepting === stamp && !this.#closed;
    try {
      if (quiet > 0) {
        this.#fail(`timeline ${stamp.timeline} is new here, and a former primary may be asked for ${quiet} ms more`);
        await new Promise((resolve) => setTimeout(resolve, quiet));
      }
      if (!isCurrent()) return;
      await this.#parts.judge();
      if (!isCurrent()) return;
      this.#accepted = stamp;
      this.#trouble.end();
    } catch (error) {
      if (isCurrent()) this.#fail(error instanceof Error ? error.message : String(error), error);
    } finally {
      if (this.#accepting === stamp) this.#accepting = undefined;
      this.#trouble.turn();
    }
  }

  #fail(why: string, cause?: unknown): void {
    this.#trouble.begin(why, { now: this.#parts.clock(), cause, isFirst: this.#heartbeat === undefined });
  }

  #known(): Known {
    return { highest: this.#highest, accepted: this.#accepted, heartbeat: this.#heartbeat };
  }

  #proofOf(stamp: Stamp | undefined): Proof {
    if (stamp === undefined) return this.#proveAccepted();
    return proveRead(stamp, { known: this.#known(), now: this.#parts.clock(), mostMs: this.#parts.freshMs });
  }

  #proveAccepted(): Proof {
    if (this.#accepted !== undefined && this.#ended === undefined) return { verdict: 'proved' };
    return { verdict: 'wait', reason: 'the database has not been accepted yet' };
  }

  /** Waits for `check` to be decided, asking for heartbeats meanwhile. */
  async #until(check: () => Proof, patienceMs = this.#parts.patienceMs): Promise<boolean> {
    const { clock } = this.#parts;
    const asked = clock().monotonicMs;
    for (;;) {
      const proof = check();
      if (proof.verdict !== 'wait') return proof.verdict === 'proved';
      if (this.#closed) throw new Error('the store is closed');
      const why = this.#ended ?? this.#trouble.why ?? proof.reason;
      const from = Math.min(asked, this.#trouble.since?.monotonicMs ?? asked);
      const left = from + patienceMs - clock().monotonicMs;
      if (this.#ended !== undefined || left <= 0) throw new Unavailable(`The database cannot be asked: ${why}`);
      if (this.#trouble.why === undefined) void this.beat();
      await this.#trouble.next(left);
    }
  }
}
