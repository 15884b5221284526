import { defaultLimits } from '../ingress/options.ts';
import type { IngressLimits } from '../ingress/options.ts';
import type { Settings } from '../settings/settings.ts';

/** How many processes accept connections: the worker and its readers. */
export function processesOf({ readers }: Pick<Settings, 'readers'>): number {
  return readers + 1;
}

/** The share of one process in the connections that the server may have, so that their sum is the same with any number of processes. */
export function limitsOfEach(settings: Pick<Settings, 'readers'>): Partial<IngressLimits> {
  const processes = processesOf(settings);
  const { connectionsPerListener, connectionsPerSource } = defaultLimits;
  return {
    connectionsPerListener: Math.ceil(connectionsPerListener / processes),
    connectionsPerSource: Math.ceil(connectionsPerSource / processes),
  };
}
