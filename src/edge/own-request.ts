import type { Answer } from '../http/answer.ts';
import type { Connection, EdgeRequest } from './edge.ts';
import type { Exchange } from './exchange.ts';
import type { Turns } from './turns.ts';

/** A connection from which nothing is read, so there is nothing to pause. */
class OwnConnection implements Connection {
  isPaused(): boolean {
    return false;
  }
  pause(): void {}
  resume(): void {}
}

/** The server's requests to itself share their part of a turn, as the requests of one connection do. */
export const ownConnection: Connection = new OwnConnection();

/**
 * Answers a request that the server makes to itself, through an edge's steps.
 * @throws the error of a failed request, if `isThrown` returns true for it; the request then has no audit record
 */
export function answerOwn<Request extends EdgeRequest, Services, Facts extends object>(
  turns: Pick<Turns, 'answer'>,
  { edge, ...exchange }: Omit<Exchange<Request, Services, Facts>, 'respond'>,
  isThrown: (error: unknown) => boolean = () => false,
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  let thrown: { readonly error: unknown } | undefined;
  const failed: typeof edge.failed = (error, known, services) => {
    thrown = isThrown(error) ? { error } : undefined;
    const answered = edge.failed(error, known, services);
    return thrown === undefined ? answered : { ...answered, records: [] };
  };
  const respond = (answer: Answer | undefined) => {
    if (thrown !== undefined) reject(thrown.error);
    else if (answer === undefined) reject(new Error('a request of the server itself could not be answered'));
    else resolve(answer);
  };
  turns.answer({ ...exchange, edge: { ...edge, failed }, respond });
  return promise;
}
