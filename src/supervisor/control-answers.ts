import { randomUUID } from 'node:crypto';
import type { Listener } from '../types/supervision.ts';
import { declare } from './declare.ts';
import type { AskedListener, ControlRequest } from './control-request.ts';
import type { HeldBindings } from './held-bindings.ts';
import type { HeldListeners } from './held-listeners.ts';
import type { HeldRotations } from './held-rotations.ts';
import { openInNamespace, placeRefused } from './namespace-socket.ts';
import type { Namespace } from './namespace-files.ts';
import type { SocketPlace } from './namespace-socket.ts';

/** The services of the requests of the control socket. */
export interface ControlServices {
  readonly listeners: HeldListeners;
  readonly bindings: HeldBindings;
  readonly rotations: HeldRotations;
  /** Whether a subnet that is only declared satisfies virtual network rules. */
  readonly acceptDeclared: boolean;
  /** The environment of a child process. */
  readonly environment: NodeJS.ProcessEnv;
  /** The state of the server. */
  readonly status: () => Promise<object>;
  /** Resolves when the connection of the request has closed. */
  readonly closed: Promise<void>;
}

/** Does what a request of the control socket asks for. */
export function answerControl(request: ControlRequest, services: ControlServices): object | Promise<object> {
  switch (request.kind) {
    case 'list':
      return list(services);
    case 'status':
      return status(services);
    case 'open':
      return open(request, services);
    case 'openAll':
      return openAll(request, services);
    case 'close':
      return close(request.id, services);
    case 'closeAll':
      return closeAll(request.ids, services);
    case 'bind':
      return bind(request, services);
    case 'declare':
      return declare(request, services);
    case 'beginRotation':
      return services.rotations.begin(services.closed);
    case 'rotate':
      return services.rotations.rotate(request.rotation, services.closed);
    default:
      return unbind(request.id, services);
  }
}

function list({ listeners, bindings }: ControlServices): object {
  return {
    ok: true,
    listeners: listeners.requested.map(shown),
    // Without the headers, which are secrets.
    bindings: bindings.inForce.map((binding) => {
      const { id, incarnation, address } = binding;
      return { id, kind: 'tokenDigest' in binding ? 'declared' : 'identity', incarnation, address };
    }),
  };
}

async function status({ status: read }: ControlServices): Promise<object> {
  return { ok: true, status: await read() };
}

/** Without what is only for this process and its worker. */
function shown(listener: Listener): object {
  if (listener.kind !== 'subnet' && listener.kind !== 'metadata') return listener;
  const { endsWithSubnet: _, ...others } = listener;
  return others;
}

type Request<Kind extends ControlRequest['kind']> = Extract<ControlRequest, { readonly kind: Kind }>;

async function open({ namespace, port, subnet }: Request<'open'>, services: ControlServices): Promise<object> {
  const listener = { kind: 'subnet', port, subnet, incarnation: undefined, endsWithSubnet: false } as const;
  const opened = await openEach({ namespace, listeners: [listener], choose: 'choose another --port' }, services);
  return opened.ok ? (opened.answers[0] ?? opened) : opened;
}

async function openAll({ namespace, listeners }: Request<'openAll'>, services: ControlServices): Promise<object> {
  const opened = await openEach({ namespace, listeners, choose: 'choose another port' }, services);
  return opened.ok ? { ok: true, listeners: opened.answers } : opened;
}

interface Opening {
  readonly namespace: Namespace;
  readonly listeners: readonly AskedListener[];
  /** How to choose another port, for a message. */
  readonly choose: string;
}

type OpenedEach =
  /** In the order of the listeners. */
  | { readonly ok: true; readonly answers: readonly object[] }
  /** The namespace cannot be entered. */
  | { readonly ok: false; readonly message: string };

async function openEach(
  { namespace, listeners: asked, choose }: Opening,
  { listeners, environment }: ControlServices,
): Promise<OpenedEach> {
  const opened = await openInNamespace({ namespace, places: asked.map(placeOf), environment });
  if (!opened.ok) return opened;
  const answers = asked.map(async (listener, index) => {
    const socket = opened.sockets[index] ?? { ok: false, code: 'no socket' };
    if (!socket.ok) return { ok: false, message: placeRefused(placeOf(listener), socket.code, choose) };
    const id = randomUUID();
    const bound = await listeners.add({ ...listener, id }, socket.socket, 'request');
    return bound.ok ? { ok: true, id, incarnation: bound.incarnation } : bound;
  });
  return { ok: true, answers: await Promise.all(answers) };
}

function placeOf(listener: AskedListener): SocketPlace {
  return { address: listener.kind === 'public' ? listener.address : '0.0.0.0', port: listener.port };
}

async function close(id: string, { listeners }: ControlServices): Promise<object> {
  if (await listeners.close(id)) return { ok: true, id };
  return { ok: false, message: `the listener ${id} does not exist; "postern listener list" shows the ids` };
}

async function closeAll(ids: readonly string[], services: ControlServices): Promise<object> {
  return { ok: true, listeners: await Promise.all(ids.map((id) => close(id, services))) };
}

async function bind({ kind: _, ...asked }: Request<'bind'>, { bindings }: ControlServices): Promise<object> {
  const id = randomUUID();
  const bound = await bindings.bind({ id, ...asked });
  return bound.ok ? { ok: true, id } : bound;
}

async function unbind(id: string, { bindings }: ControlServices): Promise<object> {
  if (await bindings.unbind(id)) return { ok: true, id };
  return { ok: false, message: `the binding ${id} does not exist: it was removed, or replaced by a later one` };
}
