/** Turns of the event loop, as the watch measures them, and which are too long. Pure, except for `watched`. */
import type { Profiler } from 'node:inspector';
import { longTurns } from './long-turns.ts';

/** The variable with the folder in which a watched process leaves its reports. */
export const folderVariable = 'TURNS_FOLDER';

/** The most processor time that the server's code may take in one turn. */
export const mostMs = 200;

/** A turn of the event loop: the time between two points at which a timer can run. */
export interface Turn {
  /** The process's program, relative to the root of the checkout. */
  readonly program: string;
  /** Processor time of the main thread in this turn. */
  readonly ms: number;
  /** The part of it that the code of `src/` took, and not a test that called it. */
  readonly serverMs: number;
  /** `function path` of the server's outermost frame that took most of it. */
  readonly where: string;
  /** The same of the innermost frame. */
  readonly within: string;
}

/** Why a turn of this kind may be long. */
export interface LongTurn {
  /** Matches `where`. */
  readonly where: RegExp;
  readonly why: string;
}

export interface Judgement {
  readonly longest: readonly Turn[];
  /** Those above the bound that are not listed. */
  readonly refused: readonly Turn[];
}

/** The environment of a process that a test starts: watched, if the test itself is. */
export function watched(environment: NodeJS.ProcessEnv, own = process.env): NodeJS.ProcessEnv {
  const folder = own[folderVariable];
  if (folder === undefined) return environment;
  const options = `${environment['NODE_OPTIONS'] ?? ''} --import=${watchUrl}`.trim();
  return { ...environment, NODE_OPTIONS: options, [folderVariable]: folder };
}

export const watchUrl: string = new URL('watch-turns.ts', import.meta.url).href;

interface Sampled {
  /** `neutral` is outside all frames of ours: the garbage collector, Node's own code. */
  readonly kind: 'server' | 'neutral' | 'other';
  readonly outermost: string;
  readonly innermost: string;
}

/**
 * Attributes the samples of a turn in a profile. The server's part is its longest stretch that no sample of a test
 * interrupts, because many short steps that a test calls one after the other are not one long step.
 * @param profile of V8, with times in microseconds
 * @param turn the turn's beginning in microseconds, and its processor time
 * @param root the URL of the checkout
 */
export function attribute(
  profile: Profiler.Profile,
  turn: { readonly fromUs: number; readonly ms: number },
  root: string,
): Omit<Turn, 'program'> {
  const frames = framesOf(profile, root);
  let [busyUs, atUs] = [0, profile.startTime];
  let stretch = emptyStretch();
  let longest = stretch;
  for (const [index, id] of (profile.samples ?? []).entries()) {
    const durationUs = profile.timeDeltas?.[index] ?? 0;
    atUs += durationUs;
    const sample = frames.get(id);
    if (atUs <= turn.fromUs || sample === undefined) continue;
    busyUs += durationUs;
    if (sample.kind === 'other') stretch = emptyStretch();
    else extend(stretch, sample, durationUs);
    if (stretch.us > longest.us) longest = stretch;
  }
  const serverMs = busyUs === 0 ? 0 : (turn.ms * longest.us) / busyUs;
  return { ms: turn.ms, serverMs, where: largest(longest.outermost), within: largest(longest.innermost) };
}

interface Stretch {
  us: number;
  /** The neutral samples after the server's last one. */
  neutralUs: number;
  readonly outermost: Map<string, number>;
  readonly innermost: Map<string, number>;
}

function emptyStretch(): Stretch {
  return { us: 0, neutralUs: 0, outermost: new Map(), innermost: new Map() };
}

function extend(stretch: Stretch, { kind, outermost, innermost }: Sampled, durationUs: number): void {
  if (kind === 'neutral') {
    if (stretch.us > 0) stretch.neutralUs += durationUs;
    return;
  }
  stretch.us += stretch.neutralUs + durationUs;
  stretch.neutralUs = 0;
  stretch.outermost.set(outermost, (stretch.outermost.get(outermost) ?? 0) + durationUs);
  stretch.innermost.set(innermost, (stretch.innermost.get(innermost) ?? 0) + durationUs);
}

/** The longest turns of the server's code, and those that are too long. */
export function judge(turns: readonly Turn[], listed: readonly LongTurn[] = longTurns): Judgement {
  const inOrder = turns.toSorted((a, b) => b.serverMs - a.serverMs);
  const refused = inOrder.filter(
    ({ serverMs, where }) => serverMs > mostMs && !listed.some((long) => long.where.test(where)),
  );
  return { longest: inOrder.slice(0, 3), refused };
}

/** Reads a line of a process's report. */
export function readTurn(line: string): Turn {
  const turn: unknown = JSON.parse(line);
  if (isTurn(turn)) return turn;
  throw new Error(`this is not the report of a turn: ${line}`);
}

function isTurn(value: unknown): value is Turn {
  return typeof value === 'object' && value !== null && 'serverMs' in value && 'where' in value;
}

/** A turn in one line. */
export function describeTurn({ program, ms, serverMs, where, within }: Turn): string {
  const place = where === within ? where : `${where}, within ${within}`;
  return `${serverMs.toFixed(0)} ms of ${ms.toFixed(0)} ms: ${place} (${program})`;
}

/** Attributes each node of the profile. The server's code that a test calls belongs to the test. */
function framesOf({ nodes }: Profiler.Profile, root: string): ReadonlyMap<number, Sampled> {
  const parents = new Map(nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node.id] as const)));
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const read = (id: number): Sampled => {
    // From the innermost frame to the outermost.
    const written: { readonly server: boolean; readonly name: string }[] = [];
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      const frame = byId.get(at)?.callFrame;
      if (frame === undefined || !/^file:(?!.*\/node_modules\/)|\/fast-check\/|test_runner/.test(frame.url)) continue;
      const path = frame.url.replace(root, '');
      written.push({ server: path.startsWith('src/'), name: `${frame.functionName || '(module)'} ${path}` });
    }
    const [innermost, outermost] = [written[0]?.name ?? '', written.at(-1)?.name ?? ''];
    if (byId.get(id)?.callFrame.functionName === '(idle)') return { kind: 'other', outermost, innermost };
    const kind = written.length === 0 ? 'neutral' : written.at(-1)?.server === true ? 'server' : 'other';
    return { kind, outermost, innermost };
  };
  return new Map(nodes.map(({ id }) => [id, read(id)]));
}

function largest(sums: ReadonlyMap<string, number>): string {
  return [...sums].reduce((best, next) => (next[1] > best[1] ? next : best), ['none of ours', 0] as const)[0];
}
