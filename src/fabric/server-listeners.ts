import type { ControlConnection, Members } from './control-connection.ts';
import { printable } from '../shape/fault.ts';

/** A listener as the control socket names it. */
export type WantedListener =
  | {
      readonly kind: 'subnet';
      readonly port: number;
      readonly subnet: string;
      readonly incarnation: string;
      readonly serves: 'vaults';
    }
  | { readonly kind: 'metadata'; readonly port: number; readonly subnet: string; readonly incarnation: string }
  | { readonly kind: 'public'; readonly address: string; readonly port: number; readonly serves: string };

/** The listeners of one namespace. `life` is another one when the namespace is made again under the same name. */
export interface WantedListeners {
  readonly namespace: string;
  readonly life: number;
  readonly listeners: readonly WantedListener[];
}

export interface HeldListener {
  readonly id: string;
  /** All that tells it from others, as words with spaces between them. */
  readonly key: string;
}

export interface Opening {
  readonly held: readonly HeldListener[];
  /** A sentence for each listener that the server did not open. */
  readonly problems: readonly string[];
}

/** The listeners that are wanted and not held, and those that are held and not wanted. */
export function compareListeners(
  wanted: readonly WantedListeners[],
  held: readonly HeldListener[],
): { readonly missing: readonly WantedListeners[]; readonly spare: readonly HeldListener[] } {
  const heldKeys = new Set(held.map(({ key }) => key));
  const wantedKeys = new Set(wanted.flatMap((each) => each.listeners.map((listener) => keyOf(each, listener))));
  const missing = wanted
    .map((each) => ({ ...each, listeners: each.listeners.filter((one) => !heldKeys.has(keyOf(each, one))) }))
    .filter(({ listeners }) => listeners.length > 0);
  return { missing, spare: held.filter(({ key }) => !wantedKeys.has(key)) };
}

function keyOf({ namespace, life }: WantedListeners, listener: WantedListener): string {
  return [namespace, life, ...partsOf(listener)].join(' ');
}

function partsOf(listener: WantedListener): readonly (string | number)[] {
  if (listener.kind === 'public') return ['public', listener.address, listener.port, listener.serves];
  const { kind, port, subnet, incarnation } = listener;
  return [kind, port, subnet.toLowerCase(), incarnation.toLowerCase()];
}

/** The supervisor opens a thousand with one request, and the line of a request has a longest length. */
const atOnceMax = 500;

/** Opens the listeners of a namespace, all at once. */
export async function openListeners(
  connection: ControlConnection,
  wanted: WantedListeners,
  anchor: number | undefined,
): Promise<Opening> {
  const { namespace, listeners } = wanted;
  const entered = anchor === undefined ? namespace : { pid: anchor, name: namespace };
  const answers: Members[] = [];
  for (const part of inParts(listeners)) {
    const opened = listIn(await connection.ask({ open: 'listeners', namespace: entered, listeners: part }));
    answers.push(...part.map((_, index) => opened[index] ?? {}));
  }
  const results = listeners.map((listener, index) => {
    const { ok, id, message } = answers[index] ?? {};
    if (ok === true && typeof id === 'string') return { id, key: keyOf(wanted, listener) };
    const reason = typeof message === 'string' ? printable(message) : 'no answer';
    return `${describe(listener)}: the server opened no listener: ${reason}`;
  });
  return {
    held: results.filter((each) => typeof each !== 'string'),
    problems: results.filter((each) => typeof each === 'string'),
  };
}

export async function closeListeners(connection: ControlConnection, held: readonly HeldListener[]): Promise<void> {
  for (const part of inParts(held)) await connection.ask({ close: 'listeners', ids: part.map(({ id }) => id) });
}

function inParts<T>(items: readonly T[]): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / atOnceMax) }, (_, part) =>
    items.slice(part * atOnceMax, (part + 1) * atOnceMax),
  );
}

/** Listeners and bindings that only a fabric asks for. */
interface Holdings {
  /** Ids of listeners. */
  readonly listeners: ReadonlySet<string>;
  /** Ids of identities' bindings, by their places. */
  readonly bindings: ReadonlyMap<string, string>;
}

export async function holdingsOf(connection: ControlConnection): Promise<Holdings> {
  const answer = await connection.ask({ list: 'listeners' });
  const listeners = listIn(answer).filter(({ kind, serves }) => serves !== undefined || kind === 'metadata');
  const bindings = listIn(answer, 'bindings').filter(({ kind }) => kind === 'identity');
  return {
    listeners: new Set(listeners.map(({ id }) => String(id))),
    bindings: new Map(
      bindings.map(({ id, incarnation, address }) => [bindingPlace(String(incarnation), String(address)), String(id)]),
    ),
  };
}

/** A place has at most one identity. */
export function bindingPlace(incarnation: string, address: string): string {
  return `${incarnation} ${address}`;
}

function listIn(answer: Members, member: 'listeners' | 'bindings' = 'listeners'): readonly Members[] {
  const listeners: unknown = answer[member];
  const list: readonly unknown[] = Array.isArray(listeners) ? listeners : [];
  return list.map((each) => (typeof each === 'object' && each !== null ? { ...each } : {}));
}

function describe(listener: WantedListener): string {
  return listener.kind === 'public' ? `${listener.address}:${listener.port}` : listener.subnet;
}
