import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { ChangeQueues } from '../edge/change-queues.ts';
import { Router } from '../edge/router.ts';
import { send } from '../http/answer.ts';
import type { Turns } from '../edge/turns.ts';
import type { HomeListener } from '../http/host.ts';
import { noteSubject } from '../http/measured.ts';
import { pathOf } from '../http/request.ts';
import type { Source } from '../types/source.ts';
import { graphEdge } from './edge.ts';
import type { EdgeServices } from './edge.ts';
import { operations } from './operations.ts';
import { userInfo } from './users.ts';

export interface GraphServices extends Omit<EdgeServices, 'changes'> {
  readonly turns: Turns;
  /** The source of a connection, as proved by the ingress. */
  readonly sourceOf: (socket: Socket) => Source;
}

const mediaType = 'application/json;odata.metadata=minimal;charset=utf-8';

/** Creates Graph's request listener, under `/v1.0`, and OpenID Connect's userinfo. The order of a request is the table in `pipeline.ts`. */
export function createGraph(given: GraphServices): HomeListener {
  const { turns, sourceOf, now } = given;
  const services = { ...given, changes: new ChangeQueues() };
  const router = new Router([
    ...operations.map((card) => ({ method: card.method, path: `/v1.0${card.path}`, to: card })),
    { method: userInfo.method, path: userInfo.path, to: userInfo },
  ]);
  return (raw, response, { names }) => {
    const { method = '', url = '', headers } = raw;
    const found = router.find(method, url);
    if (found === undefined && !isBelowVersion(url)) return false;
    const request = {
      requestId: randomUUID(),
      connection: raw.socket,
      atMs: now(),
      raw,
      url,
      headers,
      params: found?.params ?? {},
      query: found?.query,
      names,
      source: sourceOf(raw.socket),
      card: found?.to,
    };
    const operation = found && `${found.to.method} ${found.to.path}`;
    turns.answer({
      edge: graphEdge,
      services,
      request,
      respond(answer) {
        noteSubject(response, { edge: 'graph', operation });
        if (answer === undefined) response.destroy();
        else send(response, answer, ['cache-control', 'no-cache', 'x-content-type-options', 'nosniff'], mediaType);
      },
    });
    return true;
  };
}

/** Every path below `/v1.0` belongs to Graph, also if no such operation exists. */
function isBelowVersion(url: string): boolean {
  const [version = '', ...below] = pathOf(url)
    .split('/')
    .filter((segment) => segment !== '');
  return version.toLowerCase() === 'v1.0' && below.length > 0;
}
