import { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** The facts about a request that are counted, as the edge that answers it knows them. */
export interface Subject {
  readonly edge: string;
  /** The name of a card, never a part of the request; `undefined` if no card answers it. */
  readonly operation: string | undefined;
  /** The firewall's verdict, if one was made. */
  readonly verdict?: { readonly allowed: boolean; readonly because: string } | undefined;
}

/** A response that knows when its request came. A map beside it would keep every response alive for longer (`Drain`). */
export class MeasuredResponse extends ServerResponse {
  readonly receivedMs = performance.now();
  subject: Subject | undefined = undefined;
}

/** Says what a request was for. Call it before the answer is sent. */
export function noteSubject(response: ServerResponse, subject: Subject): void {
  if (response instanceof MeasuredResponse) response.subject = subject;
}

/** A request that is over. */
export interface Measured extends Subject {
  readonly operation: string;
  /** `undefined`: the client went away before its answer. */
  readonly status: number | undefined;
  readonly seconds: number;
}

const unknown: Subject = { edge: 'none', operation: undefined };

/** Measures the requests that `countRequests` reports to it. */
export class RequestMeter {
  readonly #ended: (measured: Measured) => void;
  inFlight = 0;

  /** @param ended called with each request that is over */
  constructor(ended: (measured: Measured) => void) {
    this.#ended = ended;
  }

  begin(): void {
    this.inFlight += 1;
  }

  end(_socket: Socket, response: ServerResponse): void {
    this.inFlight -= 1;
    if (!(response instanceof MeasuredResponse)) return;
    const { edge, operation = 'other', verdict } = response.subject ?? unknown;
    const status = response.headersSent ? response.statusCode : undefined;
    const seconds = (performance.now() - response.receivedMs) / 1000;
    this.#ended({ edge, operation, verdict, status, seconds });
  }
}
