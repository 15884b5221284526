import type { Answer } from '../http/answer.ts';
import type { Connection, EdgeRequest } from './edge.ts';
import type { Asking } from './machine.ts';
import type { Turns } from './turns.ts';

/** Nothing is read from it. */
class OwnConnection implements Connection {
  isPaused(): boolean {
    return false;
  }
  pause(): void {}
  resume(): void {}
}

/** What the server asks of itself shares its part of a turn as the requests of one connection do. */
export const ownConnection: Connection = new OwnConnection();

/**
 * Answers a request that the server makes itself, through an edge's steps.
 * @throws what the request failed with, where `isThrown` says that it is no answer; it has no record then
 */
export function answerOwn<Request extends EdgeRequest, Services, Facts extends object>(
  turns: Pick<Turns, 'answer'>,
  { edge, ...asking }: Omit<Asking<Request, Services, Facts>, 'respond'>,
  isThrown: (error: unknown) => boolean = () => false,
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  let thrown: { readonly error: unknown } | undefined;
  const failed: typeof edge.failed = (error, known, services) => {
    thrown = isThrown(error) ? { error } : undefined;
    const said = edge.failed(error, known, services);
    return thrown === undefined ? said : { ...said, records: [] };
  };
  const respond = (answer: Answer | undefined) => {
    if (thrown !== undefined) reject(thrown.error);
    else if (answer === undefined) reject(new Error('a request of the server itself could not be answered'));
    else resolve(answer);
  };
  turns.answer({ ...asking, edge: { ...edge, failed }, respond });
  return promise;
}
