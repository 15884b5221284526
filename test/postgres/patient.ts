import { setTimeout as sleep } from 'node:timers/promises';
import type { Answered, Client } from '../world/client.ts';

/** A database that is loaded may take longer than a node waits for it. */
const mostMs = 60_000;

/** The same client, for requests that are no part of a test: what is refused for a time, or has no answer, is sent again. */
export function patient(client: Client): Client {
  return {
    ...client,
    token: (...asked) => insist(() => client.token(...asked)),
    vault: (...asked) => insist(() => answered(client.vault(...asked))),
    arm: (...asked) => insist(() => answered(client.arm(...asked))),
  };
}

async function answered(asked: Promise<Answered>): Promise<Answered> {
  const answer = await asked;
  if (answer.status === 503) throw new Error(`503 ${JSON.stringify(answer.body)}`);
  return answer;
}

async function insist<Result>(ask: () => Promise<Result>): Promise<Result> {
  const until = performance.now() + mostMs;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (performance.now() > until) throw error;
      await sleep(200);
    }
  }
}
