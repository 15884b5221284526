import { rmSync } from 'node:fs';
import type { Settings } from '../settings/settings.ts';
import { localAddress } from '../settings/values.ts';
import type { Listener } from '../types/supervision.ts';
import { describeHolder, holderOfPort } from './holder.ts';
import { openTcp, openUnix, type Opened, type RawSocket } from './raw-socket.ts';
import type { User } from './worker-user.ts';

export interface OpenedListener {
  readonly listener: Listener;
  readonly socket: RawSocket;
}

export type OwnSockets =
  | { readonly ok: true; readonly port: number; readonly listeners: readonly OpenedListener[] }
  /** `code` is the operating system's error name. */
  | { readonly ok: false; readonly code: string; readonly message: string };

interface Wanted {
  readonly where: string;
  /** The TCP port, for a TCP socket. */
  readonly port?: number;
  /** The setting to change in order to listen elsewhere. */
  readonly setting: string;
  /** The setting of the address, if it is a different one. */
  readonly addressSetting?: string;
  readonly open: () => Opened;
  /** The id is made of the socket's address, which no other socket has. */
  readonly listener: (port: number) => Listener;
}

/** How many free ports are tried until one is free on every address. */
const freePortTries = 20;

const reasons: Readonly<Record<string, (wanted: Wanted) => string>> = {
  EADDRINUSE: ({ port, setting }) => {
    const holder = describeHolder(port === undefined ? undefined : holderOfPort(port));
    return `another process already does${holder}: stop it, or change ${setting}`;
  },
  EADDRNOTAVAIL: ({ addressSetting, setting }) =>
    `this machine does not have that address: change ${addressSetting ?? setting}`,
  EACCES: ({ setting }) => `only root may use ports below 1024: change ${setting}`,
  FOLDER_OPEN_TO_OTHERS: () => 'only its owner may have access to its folder (chmod 700)',
  FOLDER_CLOSED_TO_OWNER: () =>
    'the owner of its folder cannot reach it: let other users pass the folders above (chmod o+x)',
  PATH_CONTROLLED_BY_WORKER: () =>
    'the worker controls the path, so root does not create the socket, and the worker cannot: choose another path',
};

/** Opens every socket in the settings. The public ones share one port, also if any free port was requested. */
export function openOwnSockets(settings: Settings, worker: User | undefined): OwnSockets {
  const publicSockets = openPublic(settings);
  if (!publicSockets.ok) return publicSockets;
  const others = openAll(configured(settings, worker));
  if (others.ok) return { ...publicSockets, listeners: [...publicSockets.listeners, ...others.listeners] };
  closeAll(publicSockets.listeners);
  return others;
}

/**
 * Opens a socket in the control folder, which is closed to all but the user who started the server.
 * @param kind the listener's kind and id, and the word of the message
 */
export function openInControlFolder(path: string, kind: 'operator' | 'readers'): OpenedListener {
  // The data folder is locked: only a worker whose supervisor was killed still listens there, and a client that waits for it waits
  // in vain.
  rmSync(path, { force: true });
  const opened = openUnix(path);
  if (!opened.ok) throw new Error(`The socket for the ${kind} cannot be opened at ${path}: ${opened.code}`);
  return { listener: { kind, id: kind }, socket: opened.socket };
}

/** By default on IPv4 and IPv6 loopback, of which some machines and containers have only the first. */
function openPublic({ listen, listenByDefault, port }: Settings): OwnSockets {
  const opened = openOnOnePort(listen, port);
  if (opened.ok || !listenByDefault || opened.code !== 'EADDRNOTAVAIL') return opened;
  return openOnOnePort(listen.slice(0, 1), port);
}

function openOnOnePort(listen: readonly string[], port: number): OwnSockets {
  const tries = port === 0 ? freePortTries : 1;
  let answer = openAll(publicOnes(listen, port));
  for (let tried = 1; tried < tries && !answer.ok && answer.code === 'EADDRINUSE'; tried += 1) {
    answer = openAll(publicOnes(listen, port));
  }
  return answer;
}

/** With port 0 the first address gets a free port, and the others must use the same one. */
function publicOnes(listen: readonly string[], port: number): readonly Wanted[] {
  let agreed = port;
  return listen.map((address) => ({
    where: describe(address, port),
    port,
    setting: '--port (or --listen)',
    addressSetting: '--listen',
    open: () => {
      const opened = openTcp(address, agreed);
      if (opened.ok) agreed = opened.port;
      return opened;
    },
    listener: (taken) => ({ kind: 'public', ...placeOf(address, taken) }),
  }));
}

function configured({ gateways, loadBalancers, health }: Settings, worker: User | undefined): readonly Wanted[] {
  const tls = gateways?.tls === undefined ? [] : [gateways.tls.listen];
  return [
    ...tls.map((listen): Wanted => ({
      where: describe(listen.address, listen.port),
      port: listen.port,
      setting: 'gateways.tls.listen',
      open: () => openTcp(listen.address, listen.port),
      listener: (port) => ({ kind: 'tlsGateway', ...placeOf(listen.address, port) }),
    })),
    ...(gateways?.unix ?? []).map(({ path, vnet }): Wanted => ({
      where: path,
      setting: 'gateways.unix.path',
      open: () => openUnix(path, worker),
      listener: () => ({ kind: 'unixGateway', id: path, path, vnet }),
    })),
    ...loadBalancers.map(({ listen, from, version }): Wanted => ({
      where: describe(listen.address, listen.port),
      port: listen.port,
      setting: 'loadBalancers.listen',
      open: () => openTcp(listen.address, listen.port),
      listener: (port) => ({ kind: 'loadBalancer', ...placeOf(listen.address, port), from, version }),
    })),
    ...(health === undefined ? [] : [health.listen]).map((listen): Wanted => ({
      where: describe(listen.address, listen.port),
      port: listen.port,
      setting: '--health (or health.listen)',
      open: () => openTcp(listen.address, listen.port),
      listener: (port) => ({ kind: 'health', ...placeOf(listen.address, port) }),
    })),
  ];
}

/** Where programs on this machine reach the listener for probes; `undefined` if there is none. */
export function healthUrl(listeners: readonly OpenedListener[]): string | undefined {
  for (const { listener } of listeners) {
    if (listener.kind === 'health') return `http://${describe(localAddress([listener.address]), listener.port)}`;
  }
  return undefined;
}

function openAll(wanted: readonly Wanted[]): OwnSockets {
  const listeners: OpenedListener[] = [];
  let first: number | undefined;
  for (const one of wanted) {
    const { where, open, listener } = one;
    const opened = open();
    if (!opened.ok) {
      closeAll(listeners);
      const reason = reasons[opened.code]?.(one) ?? opened.code;
      return { ok: false, code: opened.code, message: `Cannot listen on ${where}: ${reason}.` };
    }
    first ??= opened.port;
    listeners.push({ listener: listener(opened.port), socket: opened.socket });
  }
  return { ok: true, port: first ?? 0, listeners };
}

function closeAll(listeners: readonly OpenedListener[]): void {
  for (const { socket } of listeners) socket.close();
}

function placeOf(address: string, port: number) {
  return { id: describe(address, port), address, port };
}

function describe(address: string, port: number): string {
  const host = address.includes(':') ? `[${address}]` : address;
  return port === 0 ? `${host} (any port)` : `${host}:${port}`;
}
