/** The server in a process of its own, for `child.ts`: answers its parent's calls, and ends with it. */
import type { Backend } from './backend.ts';
import type { Answered, Asked, Returned } from './child-messages.ts';
import { openServerHere } from './server.ts';

let backend: Backend | undefined;

process.on('message', (asked: Asked) => void answer(asked));
process.once('disconnect', () => void end());
// A terminal sends it to the parent too, which decides when this ends.
process.on('SIGINT', () => undefined);

async function answer(asked: Asked): Promise<void> {
  const { id, call } = asked;
  const answered = await carryOut(asked).then(
    (returned): Answered => ({ id, ok: true, returned }),
    (error: unknown): Answered => {
      const { name, message } = error instanceof Error ? error : new Error(String(error));
      return { id, ok: false, name, message };
    },
  );
  if (!process.connected) return;
  process.send?.(answered);
  if (call === 'stop') process.disconnect?.();
}

async function carryOut(asked: Asked): Promise<Returned> {
  if (asked.call === 'start') {
    const opened = await openServerHere(asked.options);
    // The parent may have ended meanwhile: then no `disconnect` comes, and no call.
    if (!process.connected) await opened.stop();
    else backend = opened;
    return { facts: opened.facts };
  }
  const running = backend;
  if (running === undefined) throw new Error('the server has not started, or was stopped');
  switch (asked.call) {
    case 'find':
      return { place: await running.find(asked.place) };
    case 'environment':
      return { environment: await running.environment(asked.inherited) };
    case 'advance':
      await running.advance(asked.ms);
      return {};
    case 'recorded':
      await running.recorded();
      return {};
    case 'reset':
      await running.reset();
      return { facts: running.facts };
    case 'stop':
      break;
  }
  await end();
  return {};
}

async function end(): Promise<void> {
  const running = backend;
  backend = undefined;
  await running?.stop();
}
