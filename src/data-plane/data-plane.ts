import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { InOrder } from '../edge/in-order.ts';
import { Router } from '../edge/router.ts';
import type { Route } from '../edge/router.ts';
import { send } from '../edge/send.ts';
import type { Turns } from '../edge/turns.ts';
import type { Answer } from '../http/answer.ts';
import { preflightHeaders } from '../http/cors.ts';
import type { HostListener, VaultHost } from '../http/host.ts';
import type { Source } from '../types/source.ts';
import { vaultEdge } from './edge.ts';
import type { VaultParts } from './edge.ts';
import { answerHeaders } from './headers.ts';
import { asMeant } from './method.ts';
import type { OperationCard } from './operation.ts';
import { operations } from './operations.ts';
import type { Exchange } from './pipeline.ts';
import { vaultRequest } from './request.ts';

export interface DataPlaneParts extends Omit<VaultParts, 'changes'> {
  readonly turns: Turns;
  readonly sourceOf: (socket: Socket) => Source;
  readonly corsOrigins: readonly string[];
}

const none: readonly string[] = [];

/** What is at a path: an operation, or what anybody is answered, from any network. */
type Destination = { readonly card: OperationCard } | { readonly open: (request: IncomingMessage) => Answer };

/** The edge at `<vault>.vault.<domain>`. The order of a request is the table in `pipeline.ts`. */
export function createDataPlane(parts: DataPlaneParts): HostListener<VaultHost> {
  const { corsOrigins, turns, now, sourceOf } = parts;
  const router = new Router(routesOf(corsOrigins));
  const world = { ...parts, changes: new InOrder() };
  return (sent, response, host) => {
    const raw = asMeant(sent);
    const { method = '', url = '' } = raw;
    const found = router.find(method, url);
    const request = vaultRequest(raw, host, {
      card: found !== undefined && 'card' in found.to ? found.to.card : undefined,
      params: found?.params,
      query: found?.query,
      otherMethods: found === undefined ? router.methodsAt(url) : none,
      source: sourceOf(raw.socket),
      nowMs: now(),
    });
    const respond = (answer: Answer | undefined, exchange: Exchange) => {
      if (answer === undefined) response.destroy();
      else send(response, answer, answerHeaders(exchange, corsOrigins));
    };
    if (found !== undefined && 'open' in found.to) respond(found.to.open(raw), { request });
    else turns.answer({ edge: vaultEdge, world, request, respond });
  };
}

function routesOf(corsOrigins: readonly string[]): readonly Route<Destination>[] {
  const preflight = ({ headers }: IncomingMessage) => ({
    status: 204,
    headers: preflightHeaders(headers.origin, corsOrigins),
  });
  return [
    { method: 'OPTIONS', path: '*', to: { open: preflight } },
    // Documented to answer from any network, with no token: the way to see the address that the vault sees (private-link-diagnostics).
    { method: 'GET', path: '/healthstatus', to: { open: () => ({ status: 200, body: true }) } },
    ...operations.flatMap((card) =>
      [card.path, card.alsoAt].flatMap((path) =>
        path === undefined ? [] : [{ method: card.method, path, to: { card } }],
      ),
    ),
  ];
}
