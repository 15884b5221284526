import { createHash, randomBytes, randomUUID } from 'node:crypto';
import type { ControlServices } from './control-answers.ts';
import type { ControlRequest } from './control-request.ts';
import type { HeldListeners } from './held-listeners.ts';
import { openTcp } from './raw-socket.ts';

/** Only programs on this machine reach it. */
const address = '127.0.0.1';
/** More than can be guessed. */
const tokenBytes = 32;

/**
 * Makes the credential of a place that a program declares. Only its digest is kept, until the connection of the request
 * closes: it ends with the command that asked for it, however that ends. The answer is the proxy that such a program uses,
 * and whether the server counts it for virtual network rules.
 */
export async function declare(
  { kind: _, ...place }: Extract<ControlRequest, { readonly kind: 'declare' }>,
  { listeners, bindings, acceptDeclared, closed }: ControlServices,
): Promise<object> {
  const [id, token] = [randomUUID(), randomBytes(tokenBytes).toString('base64url')];
  const tokenDigest = createHash('sha256').update(token).digest('hex');
  const bound = await bindings.bind({ id, ...place, tokenDigest });
  if (!bound.ok) return bound;
  void closed.then(() => bindings.unbind(id));
  const opened = await openDeclared(listeners);
  if (!opened.ok) {
    await bindings.unbind(id);
    return opened;
  }
  return { ok: true, id, proxy: `http://${id}:${token}@${address}:${opened.port}`, accepted: acceptDeclared };
}

type OpenedDeclared = { readonly ok: true; readonly port: number } | { readonly ok: false; readonly message: string };

/** There is one listener for all declared places, from the first request on. */
async function openDeclared(listeners: HeldListeners): Promise<OpenedDeclared> {
  const open = listeners.requested.find(({ kind }) => kind === 'declared');
  if (open?.kind === 'declared') {
    const bound = await listeners.answerAbout(open.id);
    return bound?.ok === false ? bound : { ok: true, port: open.port };
  }
  const socket = openTcp(address, 0);
  if (!socket.ok) return { ok: false, message: `no port of ${address} can be opened: ${socket.code}` };
  const { port } = socket;
  const listener = { kind: 'declared', id: randomUUID(), address, port } as const;
  const bound = await listeners.add(listener, socket.socket, 'request');
  return bound.ok ? { ok: true, port } : bound;
}
