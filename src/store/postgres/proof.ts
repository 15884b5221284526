import type { Stamp } from './stamp.ts';

/** A moment by both clocks of the machine: the monotonic one stops while some machines are suspended, the other one may jump. */
export interface Moment {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

export type Clock = () => Moment;

/** The greater of what the two clocks say, so that neither a suspended machine nor a clock that was set back looks fresh. */
export function elapsedMs(since: Moment, now: Moment): number {
  return Math.max(now.monotonicMs - since.monotonicMs, now.wallMs - since.wallMs);
}

/** An acknowledged commit, and when the node sent it. */
export interface Heartbeat {
  readonly stamp: Stamp;
  readonly begun: Moment;
}

/** The node's knowledge of the database when an answer of it is there. */
export interface Known {
  /** The highest timeline of any answer. */
  readonly highest: number;
  /** The server that was found to be the right one, in the right state. */
  readonly accepted: Stamp | undefined;
  readonly heartbeat: Heartbeat | undefined;
}

export type Proof =
  | { readonly verdict: 'proved' }
  /** It may be proved yet: by a heartbeat that is younger, or when the server has been accepted. */
  | { readonly verdict: 'wait'; readonly reason: string }
  /** This server's answers count no more. */
  | { readonly verdict: 'refused'; readonly reason: string };

/** Whether an answer is of the primary: it alone can acknowledge commits, and did so at most `mostMs` ago. */
export function proveRead(stamp: Stamp, { known, now, mostMs }: { known: Known; now: Moment; mostMs: number }): Proof {
  const place = proveServer(stamp, known);
  if (place.verdict !== 'proved') return place;
  const { heartbeat } = known;
  if (heartbeat === undefined || !isSame(heartbeat.stamp, stamp)) {
    return { verdict: 'wait', reason: 'no heartbeat was acknowledged yet' };
  }
  const age = elapsedMs(heartbeat.begun, now);
  if (age <= mostMs) return { verdict: 'proved' };
  return {
    verdict: 'wait',
    reason: `the last acknowledged heartbeat is ${Math.round(age)} ms old, and ${mostMs} ms are allowed`,
  };
}

/** Whether an answer is of the server that was accepted. A commit needs no more, because it was acknowledged. */
export function proveServer(stamp: Stamp, { highest, accepted }: Known): Proof {
  if (stamp.timeline === undefined) return { verdict: 'refused', reason: 'the server is a standby, and no primary' };
  if (stamp.timeline < highest) {
    const reason = `the server is on timeline ${stamp.timeline}, and ${highest} was seen: it is a former primary`;
    return { verdict: 'refused', reason };
  }
  if (accepted !== undefined && isSame(accepted, stamp)) return { verdict: 'proved' };
  return { verdict: 'wait', reason: `timeline ${stamp.timeline} of the database has not been accepted yet` };
}

export function isSame(one: Stamp, other: Stamp): boolean {
  return one.timeline === other.timeline && one.life === other.life;
}

/**
 * How long nothing is answered on a timeline that is seen for the first time: as long as a node that is cut off with the
 * former primary may go on to answer, and what clocks differ by.
 */
export function quietMs({
  ageMs,
  mostMs,
  wasElsewhere,
}: {
  ageMs: number;
  mostMs: number;
  wasElsewhere: boolean;
}): number {
  const quiet = mostMs + Math.max(100, mostMs / 10);
  return wasElsewhere ? quiet : Math.max(0, quiet - Math.max(0, ageMs));
}
