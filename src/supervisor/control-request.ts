import type { Namespace } from './namespace-socket.ts';

export type ControlRequest =
  | { readonly kind: 'open'; readonly namespace: Namespace; readonly port: number; readonly subnet: string }
  | { readonly kind: 'close'; readonly id: string }
  | { readonly kind: 'list' };

export type ReadRequest =
  { readonly ok: true; readonly request: ControlRequest } | { readonly ok: false; readonly message: string };

/** A name that `ip netns` accepts, and that is neither an option nor a path. */
const namespaceName = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/;

const usage =
  'a request is {"open":"listener","namespace":"NAME"|{"pid":N,"name"?:"NAME"},"port":N,"subnet":"ARM ID"}, ' +
  '{"close":"listener","id":"ID"} or {"list":"listeners"}';

/** Reads one line of the control socket. */
export function readRequest(line: string): ReadRequest {
  const members = parseObject(line);
  if (members === undefined) return { ok: false, message: usage };
  if (members['list'] === 'listeners') return { ok: true, request: { kind: 'list' } };
  if (members['close'] === 'listener' && typeof members['id'] === 'string') {
    return { ok: true, request: { kind: 'close', id: members['id'] } };
  }
  return members['open'] === 'listener' ? readOpen(members) : { ok: false, message: usage };
}

function readOpen({ namespace, port, subnet }: Readonly<Record<string, unknown>>): ReadRequest {
  const entered = readNamespace(namespace);
  if (entered === undefined)
    return {
      ok: false,
      message: 'namespace must be a name known to ip netns or a process id: give --namespace NAME or --pid N',
    };
  if (!isWhole(port, 65_535)) return { ok: false, message: 'port must be a whole number from 1 to 65535' };
  if (typeof subnet !== 'string' || !subnet.startsWith('/'))
    return {
      ok: false,
      message: 'subnet must be the ARM id of a subnet: /subscriptions/…/virtualNetworks/…/subnets/…',
    };
  return { ok: true, request: { kind: 'open', namespace: entered, port, subnet } };
}

function readNamespace(value: unknown): Namespace | undefined {
  if (isName(value)) return value;
  if (typeof value !== 'object' || value === null) return undefined;
  const { pid, name }: { readonly pid?: unknown; readonly name?: unknown } = value;
  if (!isWhole(pid, 2 ** 31 - 1)) return undefined;
  if (name === undefined) return { pid };
  return isName(name) ? { pid, name } : undefined;
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && namespaceName.test(value);
}

function isWhole(value: unknown, most: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most;
}

function parseObject(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
