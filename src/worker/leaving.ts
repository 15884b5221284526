import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { DrainTimes } from '../http/http-server.ts';
import type { Settings } from '../settings/settings.ts';
import { drainTimesOfNode, noticedMs } from './ending.ts';
import { emptyFolder } from './folder.ts';
import type { OpenFolder } from './folder.ts';
import type { Server } from './server.ts';

interface Beginning {
  readonly folder: Pick<OpenFolder, 'node' | 'store'>;
  readonly log: Logger;
  /** Asks for the end of the server. */
  readonly leave: () => void;
}

/** Serves as a node of its store from now on, if the store has several. */
export function beginAsNode({ folder: { node, store }, log, leave }: Beginning): void {
  node?.begin(store, (by) => {
    log.warn(`An operator at the node ${by} asked this one to leave.`);
    leave();
  });
}

interface Ends {
  readonly server: Pick<Server, 'announce' | 'drain' | 'close'>;
  readonly folder: Pick<OpenFolder, 'node'>;
  readonly settings: Pick<Settings, 'dataFolder' | 'health'>;
  readonly log: Logger;
}

/** Ends a server. `leaves`: no other worker follows; the clients of a node go to the others then. */
export function endingOf({ server, folder: { node }, settings, log }: Ends) {
  return async (given: DrainTimes, leaves: boolean): Promise<void> => {
    const isLeaving = leaves && node !== undefined;
    if (isLeaving) {
      server.announce();
      await node.say({ state: 'leaving' }).catch(() => undefined);
      // A balancer sends connections here until it has asked again.
      if (settings.health !== undefined) await sleep(noticedMs);
    }
    const cut = await server.drain(isLeaving ? drainTimesOfNode : given);
    if (cut > 0) log.warn({ connections: cut }, 'closing connections whose requests took too long');
    await server.close();
    if (settings.dataFolder === undefined) emptyFolder();
  };
}
